"""`cbuild software` as users call it: a process, on a real engine, with a store of the test run's own."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest
from base_store import link_bases
from engine_recorder import Recorder

from cbuild.build.runs import label
from cbuild.canonical import hex_of
from cbuild.engine.api import ContainerState
from cbuild.events import silent
from cbuild.image.layout import Layout
from cbuild.state.home import Home

if TYPE_CHECKING:
    from conftest import Running

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
VARIABLES = {"docker": "DOCKER_HOST", "podman": "CONTAINER_HOST"}
# A shell that runs the tests in the background lets its children ignore Ctrl-C: not so.
CLI = """import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from cbuild.cli.main import main
main()
"""

#: The same, and whatever in it makes a socket or starts a program ends in an error.
CLI_ALONE = f"""
import sys
def forbid(event, arguments):
    if event.startswith(("socket.", "subprocess.", "os.posix_spawn", "os.fork", "os.exec")):
        raise RuntimeError(f"{{event}}: {{arguments}}")
sys.addaudithook(forbid)
{CLI}"""

#: Of the caller's environment, what a run gets: nothing that could make two runs equal or different by accident.
KEPT = ("PATH", "HOME", "TMPDIR", "XDG_RUNTIME_DIR", "LANG", "SSL_CERT_FILE", "PIP_CONFIG_FILE", "PIP_INDEX_URL")
PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")

Document = dict


@dataclass(frozen=True)
class Store:
    """A CBUILD_HOME and the engine that is used with it.

    url: where the engine (or a Recorder before it) is. program: the Python program that cbuild is started by.
    """

    engine: Running
    home: Home
    url: str
    program: str = CLI

    def start(
        self,
        directory: Path,
        *arguments: str,
        prefix: tuple[str, ...] = (),
        stderr: int = subprocess.PIPE,
        more: Mapping[str, str] = MappingProxyType({}),
    ) -> subprocess.Popen[str]:
        """Start cbuild in directory; prefix is a program that runs it (faketime), more its further environment."""
        environment = {name: os.environ[name] for name in (*KEPT, *PROXIES) if name in os.environ}
        environment |= {"PYTHONPATH": str(ROOT), "CBUILD_HOME": str(self.home.root)}
        environment |= {VARIABLES[self.engine.name]: self.url, **more}
        return subprocess.Popen(
            [*prefix, sys.executable, "-P", "-c", self.program, *arguments],
            cwd=directory,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            process_group=0,
        )

    def run(self, directory: Path, *arguments: str, prefix: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        """Run cbuild in directory to its end."""
        process = self.start(directory, *arguments, prefix=prefix)
        output, errors = process.communicate(timeout=600)
        return subprocess.CompletedProcess(process.args, process.returncode, output, errors)

    def build(self, directory: Path, *arguments: str, prefix: tuple[str, ...] = ()) -> Document:
        """Run `cbuild software --json`, which must succeed, and return its document."""
        return self.finish(self.start(directory, "software", "--json", *arguments, prefix=prefix))

    @staticmethod
    def finish(process: subprocess.Popen[str]) -> Document:
        """Wait for a `cbuild software --json`, which must succeed, and return its document."""
        output, errors = process.communicate(timeout=600)
        assert process.returncode == 0, f"exit code {process.returncode}\n{output}\n{errors}"
        return json.loads(output)

    def fail(self, directory: Path, *arguments: str, code: int) -> Document:
        """Run `cbuild software --json`, which must fail with this exit code, and return the error."""
        done = self.run(directory, "software", "--json", *arguments)
        assert done.returncode == code, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        document = json.loads(done.stdout)
        assert set(document) == {"error", "errors"}
        error = document["error"]
        assert document["errors"][0] == error
        assert {"reason", "brief", "details", "resolution", "file", "line", "section", "option"} <= set(error)
        return error

    def files(self, document: Document, part: str) -> dict[str, bytes]:
        """Return what a part's layer has below /opt/cbuild: files by path."""
        with tarfile.open(Layout(self.home.oci).blob(layer(document, part)), "r:") as tar:
            found = {member.name: tar.extractfile(member) for member in tar if member.isfile()}
            return {name.removeprefix("opt/cbuild/"): stream.read() for name, stream in found.items()}

    def wait_for(self, part: str) -> ContainerState:
        """Return the container of a part as soon as it runs."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            for container in self.containers():
                if container.running and container.labels.get("cbuild.part") == part:
                    return container
            time.sleep(0.05)
        raise AssertionError(f"no container for {part}")

    def containers(self) -> list[ContainerState]:
        """Return the containers of this store that the engine has."""
        return list(self.engine.connect(silent).containers(label(self.home)))

    @contextmanager
    def recorded(self) -> Iterator[tuple[Store, Recorder]]:
        """Give the same store, with a Recorder before its engine."""
        with tempfile.TemporaryDirectory(prefix="cbr-") as directory:
            recorder = Recorder(Path(directory, "socket"), self.engine.url)
            try:
                yield replace(self, url=recorder.url), recorder
            finally:
                recorder.cut()


def part(document: Document, name: str) -> Document:
    """Return what the document says of a part."""
    (found,) = [entry for entry in document["parts"] if entry["name"] == name]
    return found


def layer(document: Document, name: str) -> str:
    """Return the diff_id of a part."""
    return str(part(document, name)["layer"])


def statuses(document: Document) -> dict[str, str]:
    """Return part to status."""
    return {entry["name"]: entry["status"] for entry in document["parts"]}


def inside(document: Document) -> set[str]:
    """Return the parts that are in the image."""
    return {entry["name"] for entry in document["parts"] if entry["in_image"]}


def project(directory: Path, profile: str, **files: str) -> Path:
    """Write a profile (and files beside it: NAME_cfg is NAME.cfg) into directory and return it."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "software.cfg").write_text(profile)
    for name, text in files.items():
        (directory / name.replace("_", ".")).write_text(text)
    return directory


def command_part(name: str, command: str, **options: str) -> str:
    """Return a section that runs a command which has its own prefix in $location."""
    lines = [f"[{name}]", "recipe = command", "stop-on-error = true", "location = ${buildout:parts-directory}/" + name]
    lines += [f"{key} = {value}" for key, value in options.items()]
    lines += ["command =", "  mkdir -p ${:location}", *(f"  {line}" for line in command.strip().splitlines())]
    return "\n".join(lines) + "\n\n"


def check_whole(store: Store) -> None:
    """Check that every blob has the digest that its name says, and that no run has left anything."""
    for path in (store.home.oci / "blobs" / "sha256").iterdir():
        with path.open("rb") as stream:
            assert hashlib.file_digest(stream, "sha256").hexdigest() == hex_of(path.name)
    left = [str(path) for path in store.home.work.rglob("*") if "trees" not in path.parts]
    assert not left, left
    assert not store.containers()


Stores = Callable[[str], Store]


@pytest.fixture(scope="session")
def new_store(engine_pool, tmp_path_factory) -> Stores:
    """A function from an engine's name to a new store with nothing but the base images."""

    def make(name: str) -> Store:
        running = engine_pool(name)
        home = Home(tmp_path_factory.mktemp(f"store-{name}") / "home")
        return Store(running, link_bases(home), running.url)

    return make


@pytest.fixture(scope="session")
def shared_store(new_store) -> Stores:
    """A function from an engine's name to the store that all tests of that engine share: each part compiles once."""
    made: dict[str, Store] = {}

    def find(name: str) -> Store:
        if name not in made:
            made[name] = new_store(name)
        return made[name]

    return find


@pytest.fixture(params=("docker", "podman"))
def store(request, shared_store) -> Store:
    """The shared store of each engine in turn."""
    return shared_store(request.param)


one_engine = pytest.mark.parametrize("store", ["docker"], indirect=True)
"""For tests of `store` in which the engine does nothing that tests on both don't show: it runs builders."""


@pytest.fixture
def run_image(monkeypatch) -> Callable[..., tuple[str, str]]:
    """A function (engine, image, argv...) that runs a container with testcontainers; output and image ID."""
    from testcontainers.core.config import testcontainers_config
    from testcontainers.core.container import DockerContainer

    # Ryuk is an image on a registry; the containers are removed by the with-block.
    monkeypatch.setenv("TESTCONTAINERS_RYUK_DISABLED", "true")
    monkeypatch.setattr(testcontainers_config, "ryuk_disabled", True)

    def run(engine: Running, image: str, *command: str) -> tuple[str, str]:
        # Podman's service speaks Docker's API on the same socket.
        monkeypatch.setenv("DOCKER_HOST", engine.url)
        with DockerContainer(image, network_mode="none").with_command(list(command)) as container:
            wrapped = container.get_wrapped_container()
            code = wrapped.wait(timeout=30)["StatusCode"]
            output = wrapped.logs().decode()
            assert code == 0, output
            return output, wrapped.image.id

    return run
