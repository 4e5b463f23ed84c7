"""What an engine says, as a reason."""

from __future__ import annotations

import http.client

import docker.errors
import podman.errors
import pytest
import requests
import urllib3

from cbuild.engine.failures import is_missing, refusal, timed_out, translated
from cbuild.errors import EngineError

#: Messages of real engines (Docker 20.10.24, Podman 4.3.1) and what they mean.
MESSAGES = {
    'Conflict. The container name "/x" is already in use by container "0ceaeed4". You have to remove it': "name-in-use",
    'creating container storage: the container name "x" is already in use by d4ac. You have to': "name-in-use",
    "Address already in use": "address-in-use",
    "IPAM error: requested ip address fd77::5 is already allocated to container ID 0cf2": "address-in-use",
    "No such container: x": "container-missing",
    'no container with name or ID "x" found: no such container': "container-missing",
    "network x not found": "network-missing",
    "unable to find network with name or ID x: network not found": "network-missing",
    "error while removing network: network x id 7dd has active endpoints": "network-in-use",
    '"x" has associated containers with it. Use -f to forcibly delete: network is being used': "network-in-use",
    "conflict: unable to remove repository reference (must force) - container 1 is using it": "image-in-use",
    "Image used by 0b3c: image is in use by a container": "image-in-use",
    "No such image: localhost/x:1": "image-missing",
    "failed to find image x: x: image not known": "image-missing",
    "runc create failed: error setting rlimit type 7: operation not permitted": "limit-refused",
    "Pool overlaps with other one on this address space": "engine-refused",
}


@pytest.mark.parametrize(("text", "reason"), MESSAGES.items())
def test_reasons(text, reason):
    error = refusal("docker", "do it", 500, text)
    assert error.reason == reason
    assert text in error.details
    assert error.resolution
    assert error.exit_code == 5


def test_what_is_missing():
    assert is_missing(refusal("docker", "x", 404, "No such container: x"))
    assert not is_missing(refusal("docker", "x", 500, "something else"))


@pytest.mark.parametrize(
    "raised",
    [
        docker.errors.DockerException("x"),
        requests.ConnectionError("x"),
        requests.Timeout("x"),
        urllib3.exceptions.ProtocolError("x"),
        http.client.BadStatusLine("x"),
        BrokenPipeError("x"),
        ValueError("no JSON"),
    ],
)
@pytest.mark.parametrize(("answers", "reason"), [(True, "engine-refused"), (False, "engine-gone")])
def test_nothing_of_an_sdk_gets_out(raised, answers, reason):
    with (
        pytest.raises(EngineError) as caught,
        translated("docker", "unix:///x", "do it", lambda: answers, docker.errors.DockerException),
    ):
        raise raised
    assert caught.value.reason == reason
    assert caught.value.__cause__ is raised


def test_an_engines_answer_is_no_lost_connection():
    response = requests.Response()
    response.status_code = 404
    error = podman.errors.APIError("x", response=response, explanation="no such container")
    with (
        pytest.raises(EngineError) as caught,
        translated("podman", "unix:///x", "do it", lambda: False, podman.errors.PodmanError),
    ):
        raise error
    assert caught.value.reason == "container-missing"
    assert "404" in caught.value.details


def test_bugs_and_interrupts_pass():
    for raised in (KeyError("x"), KeyboardInterrupt()):
        with (
            pytest.raises(type(raised)),
            translated("podman", "unix:///x", "do it", lambda: True, podman.errors.PodmanError),
        ):
            raise raised


def test_timed_out_finds_the_cause_through_every_wrapping():
    inner = TimeoutError("timed out")
    protocol = urllib3.exceptions.ReadTimeoutError(None, "/", "Read timed out.")
    protocol.__cause__ = inner
    assert timed_out(requests.ConnectionError(inner))
    outer = podman.errors.APIError("wrapped")
    outer.__cause__ = requests.ReadTimeout()
    outer.__cause__.__context__ = protocol
    assert timed_out(outer)
    assert not timed_out(requests.ConnectionError(ConnectionResetError()))
    assert not timed_out(None)
