"""Parts that failed, as one error: each with its place in the profile."""

from __future__ import annotations

import re
from pathlib import Path

from cbuild.build.outcome import Failures
from cbuild.errors import PartError
from cbuild.plan.virtual import PROFILE
from cbuild.profile import Profile

_VIRTUAL = re.compile(rf"{PROFILE}/[^\s:'\"]+")


def failed(failures: Failures, profile: Profile) -> PartError:
    """Return the first failure; the others, and what they stopped, stand in its details."""
    first, *others = (_placed(error, profile) for error in failures.errors.values())
    for error in others:
        first.details += f"\n\n{error.brief}\n{_at(error)}{error.details}\n{error.resolution}"
    if failures.skipped:
        first.details += f"\n\nNot tried, because they need it: {', '.join(failures.skipped)}"
    first.details = first.details.strip("\n")
    return first


def _placed(error: PartError, profile: Profile) -> PartError:
    """Fill in where the part's section is; files of the profile's own get back the names that they have here."""
    header = profile.origins.header(error.section) if error.section else None
    if error.file is None and header is not None:
        error.file, error.line = header
    error.brief = _VIRTUAL.sub(lambda match: _real(match[0], profile), error.brief)
    return error


def _real(path: str, profile: Profile) -> str:
    found = [Path(base, path.removeprefix(f"{PROFILE}/")) for base in (str(profile.directory), *profile.bases)]
    return next((str(here) for here in found if here.exists()), path)


def _at(error: PartError) -> str:
    return f"at {error.file}:{error.line}\n" if error.file else ""
