"""The choice of an engine, as far as it goes without one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cbuild.engine import select
from cbuild.engine.select import connect
from cbuild.errors import EngineError, UsageError
from cbuild.state.home import Home

BOTH = {"DOCKER_HOST": "tcp://d", "CONTAINER_HOST": "tcp://p"}


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A machine without sockets and without podman; engines at the given URLs answer. Returns what was asked."""
    asked: list[str] = []
    answering: set[str] = set()

    class Found:
        def __init__(self, name: str) -> None:
            self.name = name

    def opener(name):
        def opened(url, _report):
            asked.append(f"{name} {url}")
            if url not in answering:
                raise EngineError("no", reason="engine-gone", details=f"{url} does not answer")
            return Found(name)

        return opened

    monkeypatch.setattr(select, "_docker", opener("docker"))
    monkeypatch.setattr(select, "_podman", opener("podman"))
    monkeypatch.setattr(select, "DOCKER_SOCKET", str(tmp_path / "docker.sock"))
    monkeypatch.setattr(select, "PODMAN_SOCKET", str(tmp_path / "podman.sock"))
    monkeypatch.setattr(select.shutil, "which", lambda _name: None)
    return asked, answering


def test_no_sdk_is_imported_before_it_is_needed():
    script = "import sys, cbuild.engine.select; print(*sys.modules)"
    root = Path(select.__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=root)
    assert not {"docker", "podman", "requests", "urllib3"} & set(done.stdout.split())


@pytest.mark.parametrize(("choice", "variables"), [("dokcer", {}), (None, {"CBUILD_ENGINE": "dokcer"})])
def test_an_engine_that_nobody_knows(tmp_path, choice, variables):
    with pytest.raises(UsageError, match="dokcer"):
        connect(choice, Home(tmp_path), environment=variables)


@pytest.mark.parametrize(
    ("choice", "variables", "expected"),
    [
        (None, BOTH, "docker tcp://d"),
        ("podman", BOTH, "podman tcp://p"),
        (None, {"CBUILD_ENGINE": "podman", **BOTH}, "podman tcp://p"),
        ("auto", {"CBUILD_ENGINE": "podman", **BOTH}, "podman tcp://p"),
        ("docker", {"CBUILD_ENGINE": "podman", "DOCKER_HOST": "tcp://d"}, "docker tcp://d"),
        ("auto", {"CONTAINER_HOST": "tcp://p"}, "podman tcp://p"),
    ],
)
def test_the_order(machine, tmp_path, choice, variables, expected):
    asked, answering = machine
    answering |= {"tcp://d", "tcp://p"}
    assert connect(choice, Home(tmp_path), environment=variables).name == expected.split()[0]
    assert asked == [expected]


def test_sockets_that_answer(machine, tmp_path):
    asked, answering = machine
    for name in ("docker.sock", "podman.sock"):
        (tmp_path / name).touch()
    answering.add(f"unix://{tmp_path}/podman.sock")
    assert connect(None, Home(tmp_path), environment={}).name == "podman"
    assert asked == [f"docker unix://{tmp_path}/docker.sock", f"podman unix://{tmp_path}/podman.sock"]


def test_a_users_own_sockets(machine, tmp_path):
    asked, answering = machine
    (tmp_path / "run" / "podman").mkdir(parents=True)
    (tmp_path / "run" / "podman" / "podman.sock").touch()
    answering.add(f"unix://{tmp_path}/run/podman/podman.sock")
    assert connect("podman", Home(tmp_path), environment={"XDG_RUNTIME_DIR": f"{tmp_path}/run"}).name == "podman"
    assert len(asked) == 1


def test_a_named_engine_is_never_replaced(machine, tmp_path):
    asked, answering = machine
    answering.add(f"unix://{tmp_path}/podman.sock")
    (tmp_path / "podman.sock").touch()
    for choice, variables in (("docker", {}), ("auto", {"DOCKER_HOST": "tcp://d"})):
        with pytest.raises(EngineError) as caught:
            connect(choice, Home(tmp_path), environment=variables)
        assert caught.value.reason == "engine-absent"
    assert asked == ["docker tcp://d"]


@pytest.mark.usefixtures("machine")
def test_all_that_was_tried_is_told(tmp_path):
    (tmp_path / "docker.sock").touch()
    with pytest.raises(EngineError) as caught:
        connect(None, Home(tmp_path), environment={})
    details = caught.value.details
    assert f"{tmp_path}/docker.sock: unix://{tmp_path}/docker.sock does not answer" in details
    assert f"{tmp_path}/podman.sock: there is no such socket" in details
    assert "a private podman service: podman is not installed" in details
    assert "Install podman" in caught.value.resolution


@pytest.mark.usefixtures("machine")
def test_a_socket_that_a_variable_names_in_vain(tmp_path):
    variables = {"DOCKER_HOST": f"unix://{tmp_path}/none.sock"}
    with pytest.raises(EngineError) as caught:
        connect(None, Home(tmp_path), environment=variables)
    assert caught.value.details == f"DOCKER_HOST=unix://{tmp_path}/none.sock: there is no such socket"
    assert "unset the variable" in caught.value.resolution
