"""What cbuild asks of a container engine: one small interface; nothing above it knows which engine runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class LayerFile:
    """One layer: its diff_id (``sha256:…``) and the uncompressed tar on disk."""

    diff_id: str
    path: Path


@dataclass(frozen=True)
class LoadableImage:
    """An image to hand to an engine: the config's bytes (their sha256 is the image ID), its layers, bottom first."""

    config: bytes
    layers: tuple[LayerFile, ...]
    reference: str


@dataclass(frozen=True)
class Mount:
    """A host directory or file (absolute path) bound into the container."""

    source: Path
    target: str
    read_only: bool = True


@dataclass(frozen=True)
class Address:
    """A static IPv6 address on one of cbuild's networks."""

    network: str
    ipv6: str


@dataclass(frozen=True)
class Limits:
    """Limits of a container: memory and disk in bytes, cpu in cores, pids and open_files as counts; None: no limit."""

    memory: int | None = None
    cpu: float | None = None
    pids: int | None = None
    disk: int | None = None
    open_files: int | None = None


@dataclass(frozen=True)
class ContainerSpec:
    """All that a container is made from.

    user: ``uid:gid``. command: argv, run as given (the image's entrypoint is not used when set).
    tmpfs: target to mount options. address None: no network at all (``--network none``).
    background: where processors are short, other containers go first; it is held to nothing.
    Every container is read-only, without capabilities and with no-new-privileges; there is no way to ask otherwise.
    """

    name: str
    image: str
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str = "0:0"
    workdir: str = "/"
    hostname: str = "cbuild"
    mounts: tuple[Mount, ...] = ()
    tmpfs: Mapping[str, str] = field(default_factory=dict)
    address: Address | None = None
    limits: Limits = Limits()
    labels: Mapping[str, str] = field(default_factory=dict)
    stop_timeout: int = 10
    restart: bool = False
    background: bool = False


@dataclass(frozen=True)
class ContainerState:
    """What an engine says about a container now.

    status: created, running, exited, … as the engine names it. limits: as the engine holds them, measured.
    """

    id: str
    name: str
    image: str
    running: bool
    status: str
    exit_code: int | None
    oom_killed: bool
    ipv6: str | None
    limits: Limits
    labels: Mapping[str, str]


@dataclass(frozen=True)
class ExecResult:
    """What a command inside a container gave: exit code, standard output, standard error."""

    exit_code: int
    stdout: bytes
    stderr: bytes


class Engine(Protocol):
    """A container engine. Every method raises EngineError (reason ``engine-…``) and nothing of an SDK's own."""

    name: str
    url: str

    def version(self) -> str:
        """Return the engine's version; the cheapest way to see that it answers."""

    def load(self, image: LoadableImage) -> str:
        """Make image available; send only the layers that the engine lacks; check the ID; return the image ID."""

    def has_image(self, image: str) -> bool:
        """Tell whether an image with this ID (``sha256:…``) or reference is there."""

    def remove_image(self, image: str) -> None:
        """Remove an image if it is there."""

    def create(self, spec: ContainerSpec) -> str:
        """Create (not start) a container; return its ID. Refuses what it can't enforce."""

    def start(self, container: str) -> None:
        """Start a created or stopped container."""

    def wait(self, container: str, timeout: float | None = None) -> int:
        """Wait until the container has ended; return its exit code. TimeoutError when timeout seconds have passed."""

    def stop(self, container: str, timeout: int = 10) -> None:
        """Stop a container (TERM, then KILL after timeout seconds); one that doesn't run is fine."""

    def remove(self, container: str) -> None:
        """Remove a container, killing it if it runs; one that isn't there is fine."""

    def state(self, container: str) -> ContainerState | None:
        """Return what the engine says about it, measured now; None if there is none."""

    def containers(self, labels: Mapping[str, str]) -> Sequence[ContainerState]:
        """Return all containers, running or not, that have all these labels."""

    def execute(
        self, container: str, command: Sequence[str], user: str = "", environment: Mapping[str, str] | None = None
    ) -> ExecResult:
        """Run a command in a running container and wait for it."""

    def logs(self, container: str) -> bytes:
        """Return the container's output so far, both streams, de-multiplexed."""

    def ensure_network(self, name: str, subnet: str) -> None:
        """Make sure that a bridge network with this IPv6 subnet exists; another subnet under the name is an error."""

    def remove_network(self, name: str) -> None:
        """Remove a network if it is there."""

    def interactive(self, container: str, command: Sequence[str], user: str = "") -> Sequence[str]:
        """Return the argv of the engine's own client that runs command in a container; a terminal stays one."""
