"""The small pure parts: streams, environments, tmpfs options, networks, limits."""

from __future__ import annotations

import ipaddress
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cbuild.engine import rlimits
from cbuild.engine.docker import network_options
from cbuild.engine.environment import DEFAULT_PATH, as_list, container_environment
from cbuild.engine.network import bridge_name, gateway
from cbuild.engine.readback import cpu_quota
from cbuild.engine.stream import joined, separate
from cbuild.engine.tmpfs import tmpfs_options


def multiplexed(*frames: tuple[int, bytes]) -> bytes:
    return b"".join(struct.pack(">BxxxL", stream, len(data)) + data for stream, data in frames)


@given(st.lists(st.tuples(st.sampled_from([1, 2]), st.binary())))
def test_streams(frames):
    data = multiplexed(*frames)
    assert joined(data) == b"".join(payload for _, payload in frames)
    out, err = separate(data)
    assert out == b"".join(payload for stream, payload in frames if stream == 1)
    assert err == b"".join(payload for stream, payload in frames if stream == 2)


def test_a_stream_that_was_cut_off():
    data = multiplexed((1, b"whole"), (2, b"cut off"))
    assert separate(data[:-3]) == (b"whole", b"cut ")
    assert separate(data[:15]) == (b"whole", b"")


def test_environment():
    assert container_environment(None, {}) == {"PATH": DEFAULT_PATH}
    assert container_environment(["PATH=/bin", "A=1", "B=x=y", "C"], {"A": "2"}) == {
        "PATH": "/bin",
        "A": "2",
        "B": "x=y",
        "C": "",
    }
    assert as_list({"A": "1", "B": ""}) == ["A=1", "B="]
    assert as_list(None) == []


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("", "rw,nosuid,nodev,noexec"),
        ("size=1m,exec", "rw,nosuid,nodev,size=1m,exec"),
        ("ro,suid,dev,noexec", "ro,suid,dev,noexec"),
    ],
)
def test_tmpfs_options(asked, given):
    assert ",".join(tmpfs_options(asked)) == given


def test_gateway():
    assert gateway(ipaddress.IPv6Network("fd00:1:2:3::/64")) == "fd00:1:2:3::1"


def test_bridge_names_differ_by_store_and_network_and_fit_the_kernel():
    names = {bridge_name(store, network) for store in ("unix:///a", "unix:///b") for network in ("x", "y")}
    assert len(names) == 4
    assert {len(name) for name in names} == {14}
    assert bridge_name("unix:///a", "x") == bridge_name("unix:///a", "x")


def test_only_a_docker_that_knows_it_is_asked_for_routed_mode():
    routed = {"com.docker.network.bridge.gateway_mode_ipv6": "routed"}
    plain = {"com.docker.network.bridge.enable_ip_masquerade": "false"}
    assert network_options("1.41") == network_options("1.45") == plain
    assert network_options("1.46") == network_options("1.51") == plain | routed


def test_cpu_quota():
    assert (cpu_quota(1), cpu_quota(0.5), cpu_quota(2.25), cpu_quota(0.0001)) == (100_000, 50_000, 225_000, 1000)


def test_podman_is_told_modest_limits_only_where_it_may_not_raise_them(monkeypatch):
    monkeypatch.setattr(rlimits, "may_raise_limits", lambda: True)
    assert rlimits.default_limits() == {}
    monkeypatch.setattr(rlimits, "may_raise_limits", lambda: False)
    limits = rlimits.default_limits()
    assert set(limits) == {"nofile", "nproc"}
    assert all(0 < limit <= rlimits.MODEST for limit in limits.values())
