"""A profile, planned, for the commands that look without building."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cbuild.cli import common
from cbuild.errors import UsageError
from cbuild.events import Report
from cbuild.state.home import Home

if TYPE_CHECKING:
    from cbuild.build.prepare import Prepared


def prepared(
    words: Sequence[str] | None,
    config: str | None,
    home: Home,
    engine: str | None,
    report: Report,
    *,
    user_defaults: bool,
) -> Prepared:
    """Return the plan of the profile that the words name; an engine is asked only for recipes of its own.

    UsageError for a word that is neither the profile nor an assignment.
    """
    ready, rest = planned(words, config, home, engine, report, user_defaults=user_defaults)
    if rest:
        raise UsageError(
            f"{rest[0]!r} is neither a profile nor an assignment.",
            resolution="A profile's name ends in .cfg; an assignment is SECTION:OPTION=VALUE.",
        )
    return ready


def planned(
    words: Sequence[str] | None,
    config: str | None,
    home: Home,
    engine: str | None,
    report: Report,
    *,
    user_defaults: bool,
) -> tuple[Prepared, tuple[str, ...]]:
    """Return the same, and the words that are left."""
    from cbuild.build.prepare import prepare  # noqa: PLC0415 - not needed for --help
    from cbuild.engine.select import connect  # noqa: PLC0415

    # Looking writes nothing beside the profile: it may be somebody else's, or on a read-only file system.
    profile, rest = common.open_profile(words or (), config, user_defaults=user_defaults, report=report)
    connected = functools.cache(lambda: connect(engine, home, report))
    return prepare(profile, home, connected, report, pin=False), rest
