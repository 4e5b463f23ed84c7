"""Which argv `cbuild shell` runs: a terminal only where standard input is one."""

from __future__ import annotations

import os

import pytest

from cbuild.engine.terminal import arguments
from cbuild.errors import EngineError


@pytest.fixture
def client(tmp_path, monkeypatch):
    """The path of an engine's client, the only program on PATH."""
    path = tmp_path / "docker"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    return str(path)


def test_no_terminal_no_tty_option(client, monkeypatch):
    reading, writing = os.pipe()
    os.close(writing)
    with os.fdopen(reading) as pipe:
        monkeypatch.setattr("sys.stdin", pipe)
        argv = arguments("docker", ("--host", "unix:///x"), "box", ["id", "-u"], "1:1")
    assert argv == [client, "--host", "unix:///x", "exec", "--interactive", "--user", "1:1", "box", "id", "-u"]


def test_closed_standard_input_is_no_terminal(client, monkeypatch):
    monkeypatch.setattr("sys.stdin", None)
    assert arguments("docker", (), "box", ["sh"]) == [client, "exec", "--interactive", "box", "sh"]


def test_a_terminal_is_passed_on(client, monkeypatch):
    master, slave = os.openpty()
    with os.fdopen(slave) as terminal, os.fdopen(master):
        monkeypatch.setattr("sys.stdin", terminal)
        assert "--tty" in arguments("docker", (), "box", ["sh"])
    assert client


def test_without_the_client_the_package_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineError) as caught:
        arguments("podman", (), "box", ["sh"])
    assert caught.value.reason == "client-absent"
    assert "podman" in caught.value.resolution
