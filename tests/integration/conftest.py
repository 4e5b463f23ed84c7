"""Both engines, for every integration test: real ones, private to the run unless the environment names others."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from private_engines import dockerd, podman_home
from small_image import busybox_layer, image
from software_fixtures import new_store, run_image, shared_store, store  # noqa: F401 - fixtures, here so that there is one of each

from cbuild.engine.api import ContainerSpec, Engine, LayerFile
from cbuild.engine.select import connect
from cbuild.events import Event, silent
from cbuild.state.home import Home

ENGINES = ("docker", "podman")

#: What this run makes has this in its names, so that runs on one engine at the same time don't meet.
RUN = f"cbt{secrets.token_hex(3)}"


@dataclass
class Events:
    """A Report that keeps what it is told."""

    seen: list[Event] = field(default_factory=list)

    def __call__(self, event: Event) -> None:
        self.seen.append(event)

    def last(self, kind: str) -> Event:
        """Return the last event of a kind."""
        return [event for event in self.seen if event.kind == kind][-1]


@dataclass(frozen=True)
class Running:
    """A running engine: its name, its URL, and the home with which ``connect`` finds it."""

    name: str
    url: str
    home: Home

    @property
    def tells_oom(self) -> bool:
        """Whether the engine knows of out-of-memory kills: Podman before 5.0 doesn't, unless cbuild set it up."""
        foreign = self.name == "podman" and "CBUILD_TEST_PODMAN" in os.environ
        return not foreign or int(self.connect(silent).version().partition(".")[0]) >= 5

    def connect(self, report: Callable[[Event], None]) -> Engine:
        """Return a new connection."""
        variable = {"docker": "DOCKER_HOST", "podman": "CONTAINER_HOST"}[self.name]
        return connect(self.name, self.home, report, {variable: self.url})


@pytest.fixture(scope="session")
def engine_pool(tmp_path_factory) -> Iterator[Callable[[str], Running]]:
    """A function from an engine's name to it, running; started at the first call, stopped at the end of the session."""
    started: dict[str, Running] = {}
    with ExitStack() as stack:

        def running(name: str) -> Running:
            if name not in started:
                named = os.environ.get(f"CBUILD_TEST_{name.upper()}")
                if named:
                    started[name] = Running(name, named, Home(tmp_path_factory.mktemp("home")))
                elif name == "docker":
                    started[name] = Running(
                        name, stack.enter_context(dockerd()).url, Home(tmp_path_factory.mktemp("home"))
                    )
                else:
                    home = stack.enter_context(podman_home())
                    engine = connect("podman", home, environment={})
                    started[name] = Running(name, engine.url, home)  # type: ignore[attr-defined]  # the adapter's own
            return started[name]

        yield running
        for found in started.values():
            engine = found.connect(silent)
            clean(engine)
            engine.remove_image(f"localhost/{RUN}:base")


def clean(engine: Engine) -> None:
    """Remove every container that this run has left on the engine."""
    for container in engine.containers({"cbuild.test": RUN}):
        engine.remove(container.id)


@pytest.fixture(params=ENGINES)
def running_engine(request, engine_pool) -> Running:
    """Each engine in turn, running."""
    return engine_pool(request.param)


@pytest.fixture
def events() -> Events:
    """What the engine reported."""
    return Events()


@pytest.fixture
def engine(running_engine, events) -> Iterator[Engine]:
    """Each engine in turn, connected; containers that the test made with ``make`` are removed after it."""
    found = running_engine.connect(events)
    yield found
    clean(found)


@pytest.fixture(scope="session")
def layer_directory(tmp_path_factory) -> Path:
    """Where the tests' layers lie."""
    return tmp_path_factory.mktemp("layers")


@pytest.fixture(scope="session")
def base_layer(layer_directory) -> LayerFile:
    """A layer with a static busybox."""
    return busybox_layer(layer_directory)


@pytest.fixture
def small_image(engine, base_layer) -> str:
    """The ID of an image of one busybox, loaded."""
    return engine.load(image(f"localhost/{RUN}:base", base_layer))


@pytest.fixture
def spec(small_image) -> Callable[..., ContainerSpec]:
    """A function that returns a ContainerSpec for a shell script, or for other fields of a spec."""

    def make(script: str = "sleep 60", **fields) -> ContainerSpec:
        labels = {"cbuild.test": RUN, **fields.pop("labels", {})}
        fields.setdefault("command", ("/bin/sh", "-c", script))
        return ContainerSpec(f"{RUN}-{secrets.token_hex(4)}", small_image, labels=labels, **fields)

    return make


@pytest.fixture
def start(engine, spec) -> Callable[..., str]:
    """A function that creates and starts a container (arguments as for ``spec``) and returns its ID."""

    def run(script: str = "sleep 60", **fields) -> str:
        container = engine.create(spec(script, **fields))
        engine.start(container)
        return container

    return run


@pytest.fixture
def output(engine, start) -> Callable[..., str]:
    """A function that runs a script in a container to its end and returns what it wrote."""

    def run(script: str, **fields) -> str:
        container = start(script, **fields)
        engine.wait(container, 30)
        return engine.logs(container).decode()

    return run


@pytest.fixture
def subnet() -> str:
    """An IPv6 /64 (RFC 4193) that nobody else uses."""
    bits = secrets.token_hex(7)
    return f"fd{bits[:2]}:{bits[2:6]}:{bits[6:10]}:{bits[10:14]}::/64"


@pytest.fixture
def network(engine, subnet) -> Iterator[str]:
    """A network with ``subnet`` on the engine."""
    name = f"{RUN}-{secrets.token_hex(2)}"
    engine.ensure_network(name, subnet)
    yield name
    clean(engine)
    engine.remove_network(name)
