"""Engines that go away, or never were there; and the private Podman service."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from engine_recorder import Recorder
from private_engines import podman_home
from small_image import image

from cbuild.engine import service
from cbuild.engine.api import ContainerSpec
from cbuild.engine.select import connect
from cbuild.errors import EngineError
from cbuild.state.home import Home

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def relay(running_engine):
    path = Path(f"/tmp/cbt-relay-{os.getpid()}-{running_engine.name}.sock")
    path.unlink(missing_ok=True)
    relay = Recorder(path, running_engine.url)
    yield relay
    relay.cut()
    path.unlink()


@pytest.fixture
def relayed(running_engine, relay, events):
    return type(running_engine)(running_engine.name, relay.url, running_engine.home).connect(events)


def test_an_engine_that_went_away(relayed, relay):
    assert relayed.version()
    relay.cut()
    for call in (
        relayed.version,
        lambda: relayed.state("x"),
        lambda: relayed.containers({}),
        lambda: relayed.remove("x"),
    ):
        with pytest.raises(EngineError) as caught:
            call()
        assert caught.value.reason == "engine-gone"
        assert caught.value.exit_code == 5


def test_an_engine_that_goes_away_while_waiting(relayed, relay, start):
    container = start("sleep 60")
    threading.Timer(0.5, relay.cut).start()
    with pytest.raises(EngineError) as caught:
        relayed.wait(container, 30)
    assert caught.value.reason == "engine-gone"


def test_an_engine_that_goes_away_while_executing(relayed, relay, start):
    container = start("sleep 60")
    threading.Timer(0.5, relay.cut).start()
    with pytest.raises(EngineError) as caught:
        relayed.execute(container, ["sleep", "30"])
    assert caught.value.reason == "engine-gone"


@pytest.mark.parametrize(("name", "variable"), [("docker", "DOCKER_HOST"), ("podman", "CONTAINER_HOST")])
def test_an_engine_that_is_not_there(name, variable, tmp_path):
    environment = {variable: "unix:///nonexistent/engine.sock"}
    for choice in (name, "auto"):
        with pytest.raises(EngineError) as caught:
            connect(choice, Home(tmp_path), environment=environment)
        assert caught.value.reason == "engine-absent"
        assert "/nonexistent/engine.sock" in caught.value.details


def test_a_socket_that_nobody_listens_on(tmp_path):
    with socket.socket(socket.AF_UNIX) as unused:
        unused.bind(str(tmp_path / "s"))
    with pytest.raises(EngineError) as caught:
        connect("docker", Home(tmp_path), environment={"DOCKER_HOST": f"unix://{tmp_path}/s"})
    assert caught.value.reason == "engine-absent"


def test_a_docker_context_changes_nothing(engine_pool, tmp_path, monkeypatch):
    """docker-py 7.2 looks at contexts unless it is told where to connect."""
    monkeypatch.setenv("DOCKER_CONTEXT", "elsewhere")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    engine = connect("docker", Home(tmp_path), environment={"DOCKER_HOST": engine_pool("docker").url})
    assert engine.version()


def test_podman_behind_docker_host_is_recognised(engine_pool, tmp_path):
    engine = connect("auto", Home(tmp_path), environment={"DOCKER_HOST": engine_pool("podman").url})
    assert engine.name == "podman"


@pytest.fixture
def home():
    """A home without a service yet."""
    with podman_home() as found:
        yield found


def test_a_private_service_is_started_shared_and_outlives_the_run(home, base_layer):
    """Three cbuilds at once on a fresh home, then a fourth: one service."""
    script = (
        "from pathlib import Path; from cbuild.engine.select import connect; from cbuild.state.home import Home;"
        f"print(connect('podman', Home(Path({str(home.root)!r})), environment={{}}).version())"
    )
    first = [subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=REPOSITORY) for _ in range(3)]
    versions = {process.communicate(timeout=60)[0] for process in first}
    assert len(versions) == 1
    assert versions.pop().strip()
    found = service.Service.of(home)
    process = int(found.pid.read_text())
    assert service.ensure(home) == found
    assert int(found.pid.read_text()) == process
    # The lock memory that all stores of a user share by default is not touched.
    assert "libpod_lock" not in Path(f"/proc/{process}/maps").read_text()

    engine = connect("podman", home, environment={})
    identity = engine.load(image("localhost/private:1", base_layer))
    container = engine.create(ContainerSpec("box", identity, ("/bin/sleep", "60")))
    engine.start(container)
    service.stop(home)
    with pytest.raises(EngineError) as caught:
        engine.state(container)
    assert caught.value.reason == "engine-gone"
    # The container has outlived the service, and the next service finds it.
    again = connect("podman", home, environment={})
    assert again.state("box").running
    again.remove("box")


def test_a_store_that_was_cleared_away_under_its_service(base_layer):
    """Its socket is elsewhere when the path is long, so it still answers: a new one takes its place."""
    with podman_home("a-path-that-is-too-long-for-the-sockets-of-podman") as home:
        connect("podman", home, environment={}).load(image("localhost/private:1", base_layer))
        found = service.Service.of(home)
        process = found.pid.read_text()
        assert not found.run.is_relative_to(home.root)
        try:
            subprocess.run(["umount", "--lazy", home.podman / "storage" / "overlay"], check=False)
            shutil.rmtree(home.root)
            assert connect("podman", home, environment={}).containers({}) == []
            assert found.pid.read_text() != process
            assert os.waitpid(int(process), os.WNOHANG)[0], "the old one has ended"
        finally:
            service.stop(home)
            shutil.rmtree(found.run)


def test_a_service_that_does_not_start(home):
    (home.podman / "storage").parent.mkdir(parents=True)
    (home.podman / "storage").write_text("not a directory")
    with pytest.raises(EngineError) as caught:
        connect("podman", home, environment={})
    assert caught.value.reason == "engine-absent"
    assert "private podman service" in caught.value.details
    assert "not a directory" in caught.value.details
