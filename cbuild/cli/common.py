"""Options that several commands share, and the words that buildout mixes freely: profile, assignments, install."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cbuild.errors import UsageError

if TYPE_CHECKING:
    from cbuild.profile import Profile

Words = Annotated[list[str] | None, typer.Argument(metavar="[PROFILE] [SECTION:OPTION=VALUE]...", show_default=False)]
Config = Annotated[str | None, typer.Option("-c", "--config", metavar="FILE", help="The profile.")]
Verbose = Annotated[int, typer.Option("-v", count=True, help="Say more; repeatable.")]
Quiet = Annotated[int, typer.Option("-q", count=True, help="Say less; repeatable.")]
Offline = Annotated[bool, typer.Option("-o", help="Offline: open nothing.")]
Online = Annotated[bool, typer.Option("-O", help="Online, whatever the profile says.")]
NoDefaults = Annotated[bool, typer.Option("-U", help="Without ~/.buildout/default.cfg.")]
EngineChoice = Annotated[str | None, typer.Option("--engine", metavar="auto|docker|podman", help="Which engine.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, everything else on stderr.")]

_ASSIGNMENT = re.compile(r"[^=]+?[+-]?=")


@dataclass(frozen=True)
class Line:
    """What the words of a command line say.

    profile: the file; assignments: as typed; rest: the words that are neither.
    """

    profile: Path
    assignments: tuple[str, ...] = ()
    rest: tuple[str, ...] = field(default=())


def split(words: Sequence[str] | None, config: str | None, *, offline: bool = False, online: bool = False) -> Line:
    """Sort the words: a first ``*.cfg`` is the profile, ``NAME=VALUE`` an assignment, anything else the rest.

    UsageError (``no-profile``) when no profile is named and neither buildout.cfg nor software.cfg is here.
    """
    profile = config
    assignments: list[str] = []
    rest: list[str] = []
    for word in words or ():
        if _ASSIGNMENT.match(word):
            assignments.append(word)
        elif profile is None and not rest and word.endswith(".cfg"):
            profile = word
        else:
            rest.append(word)
    if offline:
        assignments.append("buildout:offline=true")
    if online:
        assignments.append("buildout:offline=false")
    return Line(Path(profile) if profile else default_profile(), tuple(assignments), tuple(rest))


def open_profile(
    words: Sequence[str],
    config: str | None,
    *,
    user_defaults: bool,
    offline: bool = False,
    online: bool = False,
) -> tuple[Profile, tuple[str, ...]]:
    """Return the profile that the words name, with its assignments, and the words that are left."""
    from cbuild.profile import load, parse_assignment  # noqa: PLC0415 - not needed for --help

    line = split(words, config, offline=offline, online=online)
    assignments = [parse_assignment(text) for text in line.assignments]
    return load(line.profile, assignments, user_defaults=defaults_file(wanted=user_defaults)), line.rest


def default_profile() -> Path:
    """Return buildout.cfg, else software.cfg, of the current directory."""
    for name in ("buildout.cfg", "software.cfg"):
        if Path(name).is_file():
            return Path(name)
    raise UsageError(
        "There is no buildout.cfg and no software.cfg here.",
        reason="no-profile",
        details=f"looked in {Path.cwd()}",
        resolution="Name the profile: cbuild software FILE.cfg",
    )


def defaults_file(*, wanted: bool) -> Path | None:
    """Return the file of user defaults, if it is wanted and there (LANGUAGE.md LAY-2)."""
    home = os.environ.get("BUILDOUT_HOME")
    path = Path(home, "default.cfg") if home else Path.home() / ".buildout" / "default.cfg"
    return path if wanted and path.is_file() else None
