"""Why would a part be installed again, and where is its log."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cbuild.build.prepare import Prepared
from cbuild.build.steering import steer
from cbuild.errors import UsageError, near
from cbuild.plan import chain
from cbuild.plan.key import Document, key_of
from cbuild.plan.part import Part
from cbuild.plan.why import REQUIRES, Change, changes
from cbuild.profile import Profile
from cbuild.state import failures, installed, inventory
from cbuild.state.home import Home
from cbuild.state.installed import Installed
from cbuild.state.results import Results

Status = Literal["cached", "changed", "new"]


@dataclass(frozen=True)
class Cause:
    """A part that changed by itself, and with it what refers to it.

    via: the way from the part that was asked about to this one, both included. changes: what of it changed, its own
    requirements left out.
    """

    part: str
    via: tuple[str, ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Why:
    """What changed in a part's key since the build that the state file records.

    causes: of the changes in ``requires/…``, the parts where they begin. in_store: nothing would be built, whatever
    changed. failure: how the last try with the key of now failed, empty if it did not.
    """

    part: str
    status: Status
    changes: tuple[Change, ...] = ()
    causes: tuple[Cause, ...] = ()
    in_store: bool = False
    failure: str = ""


def why(ready: Prepared, home: Home, name: str) -> Why:
    """Compare the part's key document now with the one of its recorded build. UsageError for an unknown part."""
    now = ready.parts.document(known(ready, name))
    recorded = ready.state.part(name)
    failure = failures.get(home, key_of(now))
    state = name in ready.parts.built, failure.message if failure else ""
    if recorded is None:
        return Why(name, "new", (), (), *state)
    found = tuple(changes(Results(home).document(recorded.key) or {}, now))
    if not found:
        return Why(name, "cached", (), (), *state)
    return Why(name, "changed", found, tuple(_causes(ready, home, name, found)), *state)


def _causes(ready: Prepared, home: Home, name: str, found: Iterable[Change]) -> Iterable[Cause]:
    """Yield the requirements that changed by themselves; what they changed in turn only shows where it came from."""
    changed = {
        change.what.removeprefix(REQUIRES): str(change.old)
        for change in found
        if change.what.startswith(REQUIRES) and change.old is not None and change.new is not None
    }
    edges = chain.direct({part.name: part.requires for part in ready.plan.parts.values()})
    for part, layer in changed.items():
        before = _document(ready, home, part, layer)
        if before is None:
            continue
        now = ready.parts.document(ready.plan.parts[part])
        own = tuple(change for change in changes(before, now) if not change.what.startswith(REQUIRES))
        if own:
            yield Cause(part, _way(name, part, edges, changed), own)


def _document(ready: Prepared, home: Home, part: str, layer: str) -> Document | None:
    """Return the key document that gave part this layer: the recorded one, else any that the store has."""
    recorded = ready.state.part(part)
    if recorded and recorded.layer == layer:
        return Results(home).document(recorded.key)
    found = (held for held in inventory.results(home) if held.part == part and held.layer == layer)
    last = max(found, key=lambda held: held.used, default=None)
    return Results(home).document(last.key) if last else None


def _way(start: str, end: str, edges: Mapping[str, tuple[str, ...]], through: Mapping[str, str]) -> tuple[str, ...]:
    """Return the shortest way from start to end by edges, through parts that changed."""
    ways: list[tuple[str, ...]] = [(start,)]
    seen = {start}
    for way in ways:
        if way[-1] == end:
            return way
        following = [name for name in edges.get(way[-1], ()) if name in through and name not in seen]
        seen.update(following)
        ways += [(*way, name) for name in following]
    return (start, end)


def log_at_hand(profile: Profile, home: Home, name: str) -> Path | None:
    """Return the log of the part's last build, as far as that is known without a plan; None if it takes one.

    Known is the build that runs now, else the recorded one if none failed after it: a failure is kept for the part's
    name, and may be another profile's. ProfileError, UsageError as steer and the state file have them.
    """
    if name not in profile.sections:
        return None
    for path in _running(home, name):
        return path
    recorded, failed = _earlier(installed.read(steer(profile).state), home, name)
    newer = recorded and failed and failed.stat().st_mtime > recorded.stat().st_mtime
    return None if newer else recorded


def log(ready: Prepared, home: Home, name: str) -> Path:
    """Return the log of the part's last build: of the one that runs now, else of the key that it has now.

    Else of the recorded build, or of the last one that failed, whichever was later. UsageError (``no-log``) if it was
    never built here.
    """
    part = known(ready, name)
    now = Results(home).log(key_of(ready.parts.document(part)))
    there = [path for path in _earlier(ready.state, home, name) if path]
    for path in [*_running(home, name), now, *sorted(there, key=lambda path: -path.stat().st_mtime)]:
        if path.exists():
            return path
    raise UsageError(f"There is no log of {name}.", reason="no-log", resolution="Build it: cbuild software")


def _running(home: Home, name: str) -> list[Path]:
    """Return the logs of builds of the part that run now."""
    # What a failed run has kept has no lock any more; the builder's user may have put a link there.
    pattern = (home.scratch("*", glob.escape(name)) / "log" / "log").relative_to(home.work)
    found = sorted(home.work.glob(str(pattern)))
    return [path for path in found if (path.parents[2] / "lock").exists() and not path.is_symlink()]


def _earlier(state: Installed, home: Home, name: str) -> tuple[Path | None, Path | None]:
    """Return the logs that are there of the recorded build and of the last one that failed, of any profile."""
    recorded, failed = state.part(name), failures.last(home, name)
    keys = recorded.key if recorded else "", failed[0] if failed else ""
    first, second = (path if key and (path := Results(home).log(key)).exists() else None for key in keys)
    return first, second


def known(ready: Prepared, name: str) -> Part:
    """Return the part of this name; UsageError (``unknown-part``) if there is none."""
    try:
        return ready.plan.parts[name]
    except KeyError:
        raise UsageError(
            f"{name!r} is no part of {ready.profile.path.name}.",
            reason="unknown-part",
            details=near(name, ready.plan.parts),
            resolution="`cbuild graph --json` lists the parts.",
        ) from None
