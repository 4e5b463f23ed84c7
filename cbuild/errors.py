"""The one error root; every error says what, where, why and what to do next."""

from __future__ import annotations

import errno
from collections.abc import Iterable
from itertools import islice
from typing import ClassVar, TypeVar, cast

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
"""What the system says of a disk without room, or of a quota that is used up: never a fault of what was being read."""


class CbuildError(Exception):
    """An error that a user can act on.

    brief: one sentence, what is wrong. details: evidence (several lines are fine). resolution: what to do next.
    reason: machine-readable, kebab-case, stable (docs/ and CLI.md list them).
    file, line, column, section, option: where in the profile it comes from.
    chain: the files (through ``extends``) or options (through references) that led there, outermost first.
    others: what else is wrong, independent of this.
    """

    exit_code: ClassVar[int] = 70
    default_reason: ClassVar[str] = "internal"

    def __init__(
        self,
        brief: str,
        *,
        reason: str | None = None,
        details: str = "",
        resolution: str = "",
        file: str | None = None,
        line: int | None = None,
        column: int | None = None,
        section: str | None = None,
        option: str | None = None,
        chain: tuple[str, ...] = (),
    ) -> None:
        super().__init__(brief)
        self.brief = brief
        self.reason = reason or self.default_reason
        self.details = details
        self.resolution = resolution
        self.file = file
        self.line = line
        self.column = column
        self.section = section
        self.option = option
        self.chain = chain
        self.others: tuple[CbuildError, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """Return the JSON shape of the command line's contract: ``{"error": {...}}``'s inner object."""
        return {
            "reason": self.reason,
            "brief": self.brief,
            "details": self.details,
            "resolution": self.resolution,
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "section": self.section,
            "option": self.option,
            "chain": list(self.chain),
        }


class PartError(CbuildError):
    """A part failed to install, or a promise does not hold."""

    exit_code = 1
    default_reason = "part-failed"


class UsageError(CbuildError):
    """The command line, or a state file from another cbuild, can't be used as given."""

    exit_code = 2
    default_reason = "usage"


class ProfileError(CbuildError):
    """The profile does not parse or does not resolve."""

    exit_code = 3
    default_reason = "profile"


class SourceError(CbuildError):
    """A source can't be had, or has another checksum than it should."""

    exit_code = 4
    default_reason = "source-missing"


class EngineError(CbuildError):
    """No engine, or the engine refuses what was asked."""

    exit_code = 5
    default_reason = "engine"


class HostError(CbuildError):
    """The machine that cbuild runs on refuses: a full disk, a read-only file system, a missing permission."""

    exit_code = 5
    default_reason = "host"


class DifferenceError(CbuildError):
    """A rebuild came out different."""

    exit_code = 6
    default_reason = "not-reproducible"


def _what(error: CbuildError) -> tuple[object, ...]:
    return error.reason, error.brief, error.file, error.line, error.column


_E = TypeVar("_E", bound=CbuildError)


def together(errors: Iterable[_E]) -> _E:
    """Return the first of errors (there is one), with the others in its ``others``; what says the same is left out."""
    told: dict[object, _E] = {}
    for error in errors:
        for each in cast("tuple[_E, ...]", (error, *error.others)):
            told.setdefault(_what(each), each)
    first, *others = told.values()
    first.others = tuple(others)
    return first


def near(name: str, known: Iterable[str]) -> str:
    """Return "Did you mean …?" for the known name that is nearest, or nothing."""
    import difflib  # noqa: PLC0415 - 5 ms that a run without errors need not pay

    # 4 µs each: among more names than this nobody would look for a guess that long.
    found = difflib.get_close_matches(name, list(islice(known, 5000)), 1)
    return f"Did you mean {found[0]!r}?" if found else ""
