"""Options that several commands share, and the words that buildout mixes freely: profile, assignments, install."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cbuild import __version__
from cbuild.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cbuild.events import Report
    from cbuild.profile import Profile
    from cbuild.source.profiles import ProfileFiles


def _version(wanted: bool) -> None:
    if wanted:
        print(f"cbuild {__version__}")  # noqa: T201 - the command line prints
        raise typer.Exit


def _engine(choice: str | None) -> str | None:
    """Refuse a slip of the finger also where no engine will be needed."""
    if choice is not None:
        from cbuild.engine.select import known  # noqa: PLC0415 - not needed for --help

        known(choice)
    return choice


Words = Annotated[list[str] | None, typer.Argument(metavar="[PROFILE] [SECTION:OPTION=VALUE]...", show_default=False)]
Config = Annotated[str | None, typer.Option("-c", "--config", metavar="FILE", help="The profile.")]
Verbose = Annotated[int, typer.Option("-v", count=True, show_default=False, help="Say more; repeatable.")]
Quiet = Annotated[int, typer.Option("-q", count=True, show_default=False, help="Say less; repeatable.")]
Offline = Annotated[
    bool | None, typer.Option("-o/-O", help="Offline: open nothing. / Online, whatever the profile says.")
]
Newest = Annotated[bool | None, typer.Option("-n/-N", help="Ask for what is newest. / What is here is good enough.")]
Timeout = Annotated[
    float | None, typer.Option("-t", metavar="SECONDS", help="How long a dead connection is waited for.")
]
Version = Annotated[bool, typer.Option("--version", is_eager=True, callback=_version, help="Print cbuild's version.")]
NoDefaults = Annotated[bool, typer.Option("-U", help="Without ~/.buildout/default.cfg.")]
EngineChoice = Annotated[
    str | None, typer.Option("--engine", metavar="auto|docker|podman", callback=_engine, help="Which engine.")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, everything else on stderr.")]

_ASSIGNMENT = re.compile(r"[^=]+?[+-]?=")
_IS_URL = re.compile(r"[a-zA-Z+]+://").match
LOCK = "cbuild.lock"


@dataclass(frozen=True)
class Line:
    """What the words of a command line say.

    profile: the file, or its URL; assignments: as typed; rest: the words that are neither.
    """

    profile: Path | str
    assignments: tuple[str, ...] = ()
    rest: tuple[str, ...] = field(default=())


def split(words: Sequence[str] | None, config: str | None) -> Line:
    """Sort the words: a first ``*.cfg`` or URL is the profile, ``NAME=VALUE`` an assignment, anything else the rest.

    UsageError (``no-profile``) when no profile is named and neither buildout.cfg nor software.cfg is here.
    """
    profile, assignments, rest = _sorted(words, config)
    found = profile if profile and _IS_URL(profile) else Path(profile) if profile else default_profile()
    return Line(found, tuple(assignments), tuple(rest))


def take_name(words: Sequence[str] | None, config: str | None, what: str) -> tuple[str, list[str]]:
    """Return the word that names what is asked about, and the others: profile and assignments, in any order.

    what: it may name, for the error. UsageError without one, and for a word too many.
    """
    others = list(words or ())
    profile, _, rest = _sorted(others, config)
    if profile in others and not _IS_URL(profile) and _is_name(profile, rest):
        rest = [profile]
    if not rest:
        raise UsageError(f"Name a {what}.", resolution="It stands beside the profile, if one is named.")
    others.remove(rest[0])
    # What is left may name the profile behind it: `why web other.cfg`.
    left = _sorted(others, config)[2]
    if left:
        raise UsageError(
            f"{left[0]!r} is neither a profile nor an assignment.",
            details=f"asked for is {rest[0]!r}, and one at a time",
            resolution="A profile's name ends in .cfg; an assignment is SECTION:OPTION=VALUE.",
        )
    return rest[0], others


def _is_name(word: str, rest: Sequence[str]) -> bool:
    """Return whether a word that looks like a profile is a part's name, such as instance.cfg: nothing else can be."""
    return not rest or (rest[0].endswith(".cfg") and not Path(word).is_file())


def _sorted(words: Sequence[str] | None, config: str | None) -> tuple[str | None, list[str], list[str]]:
    """Return the profile (None: none is named), the assignments and the rest."""
    profile = config
    assignments: list[str] = []
    rest: list[str] = []
    for word in words or ():
        is_url = _IS_URL(word)
        if _ASSIGNMENT.match(word) and not is_url:
            assignments.append(word)
        elif profile is None and not rest and (is_url or word.endswith(".cfg")):
            profile = word
        else:
            rest.append(word)
    return profile, assignments, rest


def switches(
    *, offline: bool | None = None, newest: bool | None = None, timeout: float | None = None, **others: object
) -> list[str]:
    """Return the assignments that the options of a command line stand for (LANGUAGE.md CLI-1), as words.

    others: further options of [buildout]; what is None or false says nothing.
    """
    said: dict[str, object] = {"offline": offline, "newest": newest, "socket-timeout": timeout}
    said |= {name.replace("_", "-"): value or None for name, value in others.items()}
    return [f"buildout:{name}={_text(value)}" for name, value in said.items() if value is not None]


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)


def open_profile(
    words: Sequence[str],
    config: str | None,
    *,
    user_defaults: bool,
    pin: bool = False,
    report: Report | None = None,
    **lock: bool,
) -> tuple[Profile, tuple[str, ...]]:
    """Return the profile that the words name, with its assignments, and the words that are left.

    pin: write the checksums of the files that are URLs into cbuild.lock, unless it is a dry run. report: gets what is
    fetched. lock: ``locked`` and ``renew``, see ProfileFiles.
    """
    from cbuild.profile import home_of, load, parse_assignment  # noqa: PLC0415 - not needed for --help

    line = split(words, config)
    assignments = [parse_assignment(text) for text in line.assignments]
    remote = _Remote(home_of(line.profile, assignments) / LOCK, report, lock)
    profile = load(line.profile, assignments, user_defaults=defaults_file(wanted=user_defaults), read=remote)
    if pin and profile.sections.get("buildout", {}).get("dry-run") != "true":
        remote.save()
    return profile, line.rest


class _Remote:
    """Reads the files of a profile that are URLs; nothing of cbuild.source is imported for one that has none."""

    def __init__(self, lock: Path, report: Report | None, options: Mapping[str, bool]) -> None:
        self._lock = lock
        self._options: dict[str, Any] = {**options, **({"report": report} if report else {})}

    def __call__(self, url: str, settings: Mapping[str, str]) -> bytes:
        return self._files(url, settings)

    @functools.cached_property
    def _files(self) -> ProfileFiles:
        from cbuild.source.profiles import ProfileFiles  # noqa: PLC0415 - see above
        from cbuild.state.home import Home  # noqa: PLC0415

        return ProfileFiles(Home.default(), self._lock, **self._options)

    def save(self) -> None:
        """Pin what was read."""
        if "_files" in vars(self):
            self._files.save()


def default_profile() -> Path:
    """Return buildout.cfg, else software.cfg, of the current directory."""
    for name in ("buildout.cfg", "software.cfg"):
        if Path(name).is_file():
            return Path(name)
    raise UsageError(
        "There is no buildout.cfg and no software.cfg here.",
        reason="no-profile",
        details=f"looked in {Path.cwd()}",
        resolution="Name the profile: -c FILE.cfg, or as the first word.",
    )


def defaults_file(*, wanted: bool) -> Path | None:
    """Return the file of user defaults, if it is wanted and there (LANGUAGE.md LAY-2)."""
    home = os.environ.get("BUILDOUT_HOME")
    path = Path(home, "default.cfg") if home else Path.home() / ".buildout" / "default.cfg"
    return path if wanted and path.is_file() else None
