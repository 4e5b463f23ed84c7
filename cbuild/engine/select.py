"""Which engine: what the user names, else what answers, else a Podman service of cbuild's own.

The only module that imports the adapters, and with them an SDK; each only when it is needed.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from cbuild.engine.api import Engine
from cbuild.errors import EngineError, UsageError
from cbuild.events import Event, Report, silent
from cbuild.state.home import Home

CHOICES = ("auto", "docker", "podman")

DOCKER_SOCKET = "/var/run/docker.sock"
PODMAN_SOCKET = "/run/podman/podman.sock"


@dataclass
class Tried:
    """What was asked in vain, for the error's details: one line each."""

    lines: list[str] = field(default_factory=list)

    def add(self, what: str, why: str) -> None:
        """Remember that what didn't do, and why."""
        self.lines.append(f"{what}: {why}")


def connect(
    choice: str | None, home: Home, report: Report = silent, environment: Mapping[str, str] = os.environ
) -> Engine:
    """Return an engine that answers.

    choice: ``auto``, ``docker`` or ``podman`` (``--engine``); None or ``auto`` leaves it to $CBUILD_ENGINE, then to
    $DOCKER_HOST and $CONTAINER_HOST, then to what answers on the usual sockets; at last a private Podman service below
    home is used. Raises UsageError for another choice, EngineError (engine-absent, with all that was tried) when there
    is none, or when the one that was named isn't there: a named engine is never replaced by another.
    """
    wanted = _wanted(choice, environment)
    tried = Tried()
    for attempt in _attempts(wanted, home, report, environment):
        engine = attempt(tried)
        if engine is not None:
            report(Event("debug", engine.name, f"Using {engine.name}."))
            return engine
    raise EngineError(
        "no container engine answers" if wanted == "auto" else f"{wanted} does not answer",
        reason="engine-absent",
        details="\n".join(tried.lines),
        resolution=(
            "Install podman (cbuild starts it by itself), or start docker and see that you may use its socket."
            if wanted != "docker"
            else "Start docker, see that you may use its socket, or set DOCKER_HOST; or use --engine podman."
        ),
    )


def _wanted(choice: str | None, environment: Mapping[str, str]) -> str:
    for value, origin in ((choice, "--engine"), (environment.get("CBUILD_ENGINE"), "CBUILD_ENGINE")):
        if value and value not in CHOICES:
            raise UsageError(
                f"{origin}: there is no engine {value!r}", resolution=f"Choose one of {', '.join(CHOICES)}."
            )
        if value and value != "auto":
            return value
    return "auto"


Attempt = Callable[[Tried], Engine | None]


def _attempts(wanted: str, home: Home, report: Report, environment: Mapping[str, str]) -> Iterator[Attempt]:
    """Yield the attempts in order; after a URL that the environment names there is no other for that engine."""
    openers = {"docker": _docker, "podman": _podman}
    variables = {"docker": "DOCKER_HOST", "podman": "CONTAINER_HOST"}
    names = [name for name in openers if wanted in {"auto", name}]
    named = [name for name in names if environment.get(variables[name])]
    for name in named:
        yield _at(openers[name], environment[variables[name]], variables[name], report)
    if named:
        return
    for name in names:
        for path in _sockets(name, environment):
            yield _at_socket(openers[name], path, report)
    if "podman" in names:
        yield _private(home, report)


def _sockets(name: str, environment: Mapping[str, str]) -> list[str]:
    runtime = environment.get("XDG_RUNTIME_DIR")
    usual = {"docker": DOCKER_SOCKET, "podman": PODMAN_SOCKET}[name]
    own = {"docker": "docker.sock", "podman": "podman/podman.sock"}[name]
    return [usual, f"{runtime}/{own}"] if runtime else [usual]


def _at(opener: Callable[[str, Report], Engine], url: str, origin: str, report: Report) -> Attempt:
    def attempt(tried: Tried) -> Engine | None:
        try:
            return opener(url, report)
        except EngineError as error:
            tried.add(f"{origin}={url}" if origin else url, error.details or error.brief)
            return None

    return attempt


def _at_socket(opener: Callable[[str, Report], Engine], path: str, report: Report) -> Attempt:
    def attempt(tried: Tried) -> Engine | None:
        if not os.path.exists(path):  # noqa: PTH110 - False, not PermissionError, below a directory of somebody else's
            tried.add(path, "there is no such socket")
            return None
        if not os.access(path, os.R_OK | os.W_OK):
            tried.add(path, "you may not use it")
            return None
        return _at(opener, f"unix://{path}", "", report)(tried)

    return attempt


def _private(home: Home, report: Report) -> Attempt:
    def attempt(tried: Tried) -> Engine | None:
        if shutil.which("podman") is None:
            tried.add("a private podman service", "podman is not installed")
            return None
        from cbuild.engine import service  # noqa: PLC0415 - only when nothing else answers

        try:
            return _podman(service.ensure(home, report).url, report)
        except EngineError as error:
            tried.add("a private podman service", error.details or error.brief)
            return None

    return attempt


def _docker(url: str, report: Report) -> Engine:
    from cbuild.engine.docker import DockerEngine  # noqa: PLC0415 - docker-py takes 0.2 s to import

    engine = DockerEngine(url, report)
    # DOCKER_HOST often names Podman's socket, which speaks Docker's API, too, but not as well as its own.
    return _podman(url, report) if engine.is_podman else engine


def _podman(url: str, report: Report) -> Engine:
    from cbuild.engine.podman import PodmanEngine  # noqa: PLC0415 - podman-py takes 0.2 s to import

    return PodmanEngine(url, report)
