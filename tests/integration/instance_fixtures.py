"""A CBUILD_HOME with base images and the hand-made software, for each engine; what ran in it is removed at the end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from base_store import base_store as made_base_store
from instance_software import PROFILE, server, software

from cbuild.engine.api import ContainerState, Engine
from cbuild.instance import labels, manage
from cbuild.instance.manage import Change
from cbuild.instance.measure import InstanceStatus
from cbuild.instance.store import Store
from cbuild.state.home import Home

ROOT = Path(__file__).parents[2]
RUN_CLI = "from cbuild.cli.main import main; main()"


@pytest.fixture(scope="session")
def base_store() -> Home:
    """The test run's store with both base images."""
    return made_base_store()


@pytest.fixture(scope="session")
def server_program() -> bytes:
    """The test service, compiled."""
    return server()


@dataclass
class Site:
    """A home of its own, and an engine."""

    home: Home
    engine: Engine
    name: str
    url: str
    projects: Path
    program: bytes
    events: list[str] = field(default_factory=list)

    def software(self, project: str, profile: str = PROFILE, version: str = "1") -> Path:
        """Build (so to say) the software of a project; return its directory."""
        directory = self.projects / project
        directory.mkdir(parents=True, exist_ok=True)
        software(self.home, directory, profile, version, {"bin/server": self.program})
        return directory

    def change(self, directory: Path, name: str | None = None, wait: float = 30, **changes) -> InstanceStatus:
        """Make or change an instance."""
        self.events.clear()
        asked = Change(directory, name, **changes)
        return manage.change(
            self.home, asked, self.connect, wait=wait, report=lambda event: self.events.append(event.message)
        )

    def connect(self, choice: str) -> Engine:
        """Return the engine, whichever is asked for."""
        del choice
        return self.engine

    def container(self, name: str) -> ContainerState:
        """Return the one container of an instance."""
        (found,) = self.engine.containers(labels.of_instance(self.home, name))
        return found

    def run(self, name: str, script: str) -> str:
        """Run a shell script in an instance's partition; return what it wrote."""
        done = self.engine.execute(self.container(name).id, ("sh", "-c", script))
        return (done.stdout + done.stderr).decode()

    def cli(self, directory: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the cbuild command in a directory."""
        running = self.start_cli(directory, *arguments, **environment)
        output, errors = running.communicate()
        return subprocess.CompletedProcess(running.args, running.returncode, output, errors)

    def start_cli(self, directory: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start the cbuild command in a directory."""
        hosts = {"docker": "DOCKER_HOST", "podman": "CONTAINER_HOST"}
        kept = {key: value for key, value in os.environ.items() if key not in hosts.values()}
        own = {"PYTHONPATH": str(ROOT), "CBUILD_HOME": str(self.home.root), hosts[self.name]: self.url}
        return subprocess.Popen(
            [sys.executable, "-c", RUN_CLI, *arguments],
            cwd=directory,
            env={**kept, **own, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def document(self, directory: Path, *arguments: str, **environment: str) -> dict:
        """Run the cbuild command with --json; return its document, with the exit code as ``exit``."""
        done = self.cli(directory, *arguments, "--json", **environment)
        return {**json.loads(done.stdout), "exit": done.returncode}

    def data(self, name: str) -> Path:
        """Return the data of an instance's partition on the host."""
        return Store(self.home).partition(name, f"{name}-0").data


@pytest.fixture
def site(running_engine, engine, base_store, server_program, tmp_path) -> Iterator[Site]:
    """Each engine in turn with an empty set of instances."""
    home = Home(tmp_path / "home")
    home.root.mkdir()
    for shared in ("oci", "bases"):
        (home.root / shared).symlink_to(base_store.root / shared)
    made = Site(home, engine, running_engine.name, running_engine.url, tmp_path / "projects", server_program)
    yield made
    for name in Store(home).names():
        manage.destroy(home, name, made.connect)


def fetch(url: str, path: str = "", timeout: float = 10) -> str:
    """Fetch from the host; whoever has just been started may need a moment."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            with urllib.request.urlopen(url + path, timeout=timeout) as answer:
                return answer.read().decode()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def until(condition: Callable[[], bool], seconds: float = 15) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.1)
