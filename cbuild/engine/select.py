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

VARIABLES = {"docker": "DOCKER_HOST", "podman": "CONTAINER_HOST"}
"""What names an engine's URL."""

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
    wanted = known(choice, environment)
    tried = Tried()
    for attempt in _attempts(wanted, home, report, environment):
        engine = attempt(tried)
        if engine is not None:
            report(Event("debug", engine.name, f"Using {engine.name}."))
            return engine
    raise EngineError(
        "No container engine answers." if wanted == "auto" else f"{wanted.capitalize()} does not answer.",
        reason="engine-absent",
        details="\n".join(tried.lines),
        resolution=_advice(wanted, environment),
    )


def _advice(wanted: str, environment: Mapping[str, str]) -> str:
    variables = [VARIABLES[name] for name in VARIABLES if wanted in {"auto", name}]
    if named := [variable for variable in variables if environment.get(variable)]:
        return f"Start the engine that {' or '.join(named)} names, or unset the variable: then cbuild looks for one."
    if wanted == "docker":
        return "Start docker, see that you may use its socket, or set DOCKER_HOST; or use --engine podman."
    return "Install podman (cbuild starts it by itself), or start docker and see that you may use its socket."


def known(choice: str | None, environment: Mapping[str, str] = os.environ) -> str:
    """Return which engine is asked for, ``auto`` if none is; UsageError for one that there is not."""
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
    names = [name for name in openers if wanted in {"auto", name}]
    named = [name for name in names if environment.get(VARIABLES[name])]
    for name in named:
        yield _at(openers[name], environment[VARIABLES[name]], VARIABLES[name], report)
    if named:
        return
    for name in names:
        for path in _sockets(name, environment):
            yield _at(openers[name], f"unix://{path}", "", report)
    if "podman" in names:
        yield _private(home, report)


def _sockets(name: str, environment: Mapping[str, str]) -> list[str]:
    runtime = environment.get("XDG_RUNTIME_DIR")
    usual = {"docker": DOCKER_SOCKET, "podman": PODMAN_SOCKET}[name]
    own = {"docker": "docker.sock", "podman": "podman/podman.sock"}[name]
    return [usual, f"{runtime}/{own}"] if runtime else [usual]


def _at(opener: Callable[[str, Report], Engine], url: str, origin: str, report: Report) -> Attempt:
    """Return the attempt at url. origin: the variable that names it, empty for one of the usual sockets."""

    def attempt(tried: Tried) -> Engine | None:
        path = url.removeprefix("unix://")
        problem = _unusable(path) if url.startswith("unix:///") else ""
        if not problem:
            try:
                return opener(url, report)
            except EngineError as error:
                problem = (error.details or error.brief).removeprefix(f"{url}: ")
        tried.add(f"{origin}={url}" if origin else path, problem)
        return None

    return attempt


def _unusable(path: str) -> str:
    """Return why the socket at path can't be used, as far as that can be seen from outside; empty if it can."""
    if not os.path.exists(path):  # noqa: PTH110 - False, not PermissionError, below a directory of somebody else's
        return "there is no such socket"
    return "" if os.access(path, os.R_OK | os.W_OK) else "you may not use it"


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
