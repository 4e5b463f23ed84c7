"""What a run of `cbuild software` is asked for and what it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cbuild.errors import PartError

Status = Literal["built", "cached", "failed", "skipped"]
Action = Literal["uninstalling", "installing", "updating"]


@dataclass(frozen=True)
class Settings:
    """How to build.

    jobs: parts at a time. engine: auto, docker or podman. only: `install PART…`; empty for all. tag, output: a further
    name for the image, a directory that gets it as an OCI layout. load: hand it to the engine. keep_failed: leave a
    failed builder's files. locked: refuse sources that cbuild.lock doesn't have. renew: choose Python distributions and
    branches of git repositories anew.
    """

    jobs: int
    engine: str | None = None
    only: tuple[str, ...] = ()
    tag: str = ""
    output: Path | None = None
    load: bool = True
    keep_failed: bool = False
    locked: bool = False
    renew: bool = False


@dataclass(frozen=True)
class PartOutcome:
    """One part: size of its layer in bytes, seconds that it took (now, or when it was built).

    started: seconds from the start of this run until it was begun; None if it wasn't installed now.
    """

    name: str
    status: Status
    key: str
    layer: str
    size: int
    seconds: float
    in_image: bool
    requires: tuple[str, ...]
    started: float | None = None


@dataclass(frozen=True)
class ImageOutcome:
    """The image: name, manifest digest, config digest (the image ID in an engine), size of its layers in bytes."""

    reference: str
    digest: str
    config: str
    size: int


@dataclass(frozen=True)
class Outcome:
    """The whole run.

    events: what was decided about each part, in buildout's words and order. state: the state file, None for none.
    engine: empty when none was needed. unchanged: the image is the one of the run before.
    """

    image: ImageOutcome
    parts: tuple[PartOutcome, ...]
    removed: tuple[str, ...]
    events: tuple[tuple[Action, str], ...]
    profile: str
    state: Path | None
    engine: str
    seconds: float
    unchanged: bool
    dry_run: bool = False

    @property
    def nothing_done(self) -> bool:
        """Tell whether everything was there and recorded already."""
        return self.unchanged and all(action == "updating" for action, _ in self.events)


@dataclass(frozen=True)
class Failures:
    """What went wrong: part to error, and the parts that were left out because of it."""

    errors: Mapping[str, PartError]
    skipped: tuple[str, ...]
