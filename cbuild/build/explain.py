"""Why would a part be installed again, and where is its log."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cbuild.build.prepare import Prepared
from cbuild.errors import UsageError, near
from cbuild.plan.key import key_of
from cbuild.plan.part import Part
from cbuild.plan.why import Change, changes
from cbuild.state.home import Home
from cbuild.state.results import Results


@dataclass(frozen=True)
class Why:
    """What changed in a part's key since the build that the state file records."""

    part: str
    status: Literal["cached", "changed", "new"]
    changes: tuple[Change, ...]


def why(ready: Prepared, home: Home, name: str) -> Why:
    """Compare the part's key document now with the one of its recorded build. UsageError for an unknown part."""
    now = ready.parts.document(_part(ready, name))
    recorded = ready.state.part(name)
    if recorded is None:
        return Why(name, "new", ())
    found = tuple(changes(Results(home).document(recorded.key) or {}, now))
    return Why(name, "changed" if found else "cached", found)


def log(ready: Prepared, home: Home, name: str) -> Path:
    """Return the log of the part's last build: of the one that runs now, else of the key that it has now.

    UsageError (``no-log``) if it was never built here.
    """
    part = _part(ready, name)
    recorded = ready.state.part(name)
    keys = [key_of(ready.parts.document(part)), *([recorded.key] if recorded else [])]
    # What a failed run has kept has no lock any more; the builder's user may have put a link there.
    found = sorted(home.work.glob(f"*/{name}/log/log"))
    running = [path for path in found if (path.parents[2] / "lock").exists() and not path.is_symlink()]
    for path in [*running, *(Results(home).log(key) for key in keys)]:
        if path.exists():
            return path
    raise UsageError(f"There is no log of {name}.", reason="no-log", resolution="Build it: cbuild software")


def _part(ready: Prepared, name: str) -> Part:
    try:
        return ready.plan.parts[name]
    except KeyError:
        raise UsageError(
            f"{name!r} is no part of {ready.profile.path.name}.",
            reason="unknown-part",
            details=near(name, ready.plan.parts),
            resolution="cbuild annotate lists the parts.",
        ) from None
