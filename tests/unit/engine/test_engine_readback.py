"""What inspect says, in cbuild's words; and what is missing from it."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest

from cbuild.engine.api import Address, ContainerSpec, Limits
from cbuild.engine.readback import check_enforced, limits_of, refuse_unsupported, state_of
from cbuild.errors import EngineError

LIMITS = Limits(memory=1 << 26, cpu=0.5, pids=20, open_files=128)
SPEC = ContainerSpec("x", "sha256:" + "1" * 64, limits=LIMITS)

DOCKER = {
    "Id": "c1",
    "Name": "/x",
    "Image": "sha256:" + "1" * 64,
    "State": {"Running": False, "Status": "exited", "ExitCode": 3, "OOMKilled": False},
    "Config": {"Labels": {"a": "b"}},
    "HostConfig": {
        "Memory": 1 << 26,
        "MemorySwap": 1 << 26,
        "CpuPeriod": 100_000,
        "CpuQuota": 50_000,
        "PidsLimit": 20,
        "Ulimits": [{"Name": "nofile", "Soft": 128, "Hard": 128}],
        "ReadonlyRootfs": True,
        "CapDrop": ["ALL"],
        "CapAdd": None,
        "SecurityOpt": ["no-new-privileges"],
        "NetworkMode": "none",
    },
    "NetworkSettings": {"Networks": {"none": {"GlobalIPv6Address": "", "IPAMConfig": None}}},
}

PODMAN = {
    **copy.deepcopy(DOCKER),
    "Image": "1" * 64,
    "EffectiveCaps": None,
    "Config": {"Labels": None},
    "HostConfig": {
        **DOCKER["HostConfig"],
        "CapDrop": ["CAP_CHOWN", "CAP_KILL"],
        "CapAdd": [],
        "Ulimits": [{"Name": "RLIMIT_NPROC", "Hard": 1}, {"Name": "RLIMIT_NOFILE", "Hard": 128}],
    },
    "NetworkSettings": {"Networks": {}},
}


@pytest.mark.parametrize("document", [DOCKER, PODMAN])
def test_the_same_from_both(document):
    state = state_of(document)
    assert (state.name, state.image, state.exit_code, state.limits) == ("x", SPEC.image, 3, LIMITS)
    check_enforced("engine", SPEC, document)


@pytest.mark.parametrize("status", ["created", "configured", "initialized"])
def test_no_exit_code_before_the_start(status):
    document = {**DOCKER, "State": {**DOCKER["State"], "Status": status, "ExitCode": 0}}
    assert state_of(document).exit_code is None


def test_an_address_is_canonical_and_the_asked_one_counts_while_it_is_stopped():
    network = {"GlobalIPv6Address": "", "IPAMConfig": {"IPv6Address": "FD00:0::5"}}
    document = {**DOCKER, "NetworkSettings": {"Networks": {"n": network}}}
    assert state_of(document).ipv6 == "fd00::5"
    network["GlobalIPv6Address"] = "fd00::6"
    assert state_of(document).ipv6 == "fd00::6"


def test_no_limits():
    host = {"Memory": 0, "CpuQuota": 0, "CpuPeriod": 0, "PidsLimit": -1, "Ulimits": None}
    assert limits_of({"HostConfig": host}) == Limits()
    assert limits_of({"HostConfig": {"CpuQuota": -1, "CpuPeriod": 100_000, "PidsLimit": None}}) == Limits()


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("Memory", 0, "memory: asked 67108864, held None"),
        ("MemorySwap", -1, "memory with swap"),
        ("CpuQuota", 0, "cpu: asked 50000/100000"),
        ("PidsLimit", None, "pids"),
        ("Ulimits", None, "open_files"),
        ("ReadonlyRootfs", False, "read-only"),
        ("CapAdd", ["CAP_CHOWN"], "capabilities"),
        ("CapDrop", [], "capabilities"),
        ("SecurityOpt", None, "no-new-privileges"),
        ("NetworkMode", "bridge", "network: asked none, held bridge"),
    ],
)
def test_what_is_not_held_is_refused(key, value, said):
    document = {**DOCKER, "HostConfig": {**DOCKER["HostConfig"], key: value}}
    with pytest.raises(EngineError) as caught:
        check_enforced("docker", SPEC, document)
    assert caught.value.reason == "limit-refused"
    assert said in caught.value.details
    assert caught.value.resolution


def test_the_network_is_checked():
    spec = replace(SPEC, address=Address("n", "fd00::5"))
    with pytest.raises(EngineError, match="doesn't enforce"):
        check_enforced("docker", spec, DOCKER)
    check_enforced("docker", spec, {**DOCKER, "NetworkSettings": {"Networks": {"n": {}}}})


def test_disk_is_refused():
    with pytest.raises(EngineError) as caught:
        refuse_unsupported("docker", replace(SPEC, limits=Limits(disk=1)))
    assert caught.value.reason == "limit-refused"
    refuse_unsupported("docker", SPEC)
