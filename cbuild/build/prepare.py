"""Everything about a profile that is known before a part is installed: plan, bases, sources, what the store has."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cbuild import base
from cbuild.build.construct import Constructors
from cbuild.build.late import Late
from cbuild.build.parts import Parts
from cbuild.build.steering import Steering, blaming, steer
from cbuild.distribution import Distributions
from cbuild.engine.api import Engine
from cbuild.events import Event, Report
from cbuild.plan.extend import Extender
from cbuild.plan.part import Plan
from cbuild.plan.resolve import Planner
from cbuild.profile import Profile
from cbuild.source import Fetched, Lock, Request, Sources
from cbuild.state import installed
from cbuild.state.answers import Answers
from cbuild.state.home import Home
from cbuild.state.installed import Installed


@dataclass(frozen=True)
class Prepared:
    """A profile, planned.

    state_path: None for no state file. missing: parts that the store lacks, in plan order. picked: Python distributions
    that were chosen without a pin, and their versions; parts that are being installed may add to it.
    """

    profile: Profile
    plan: Plan
    builder: base.Base
    runtime: base.Base
    state: Installed
    state_path: Path | None
    parts: Parts
    missing: tuple[str, ...]
    picked: Mapping[str, str] = field(default_factory=dict)

    def option(self, name: str) -> str:
        """Return an option of ``[buildout]``, empty if it isn't there."""
        return self.plan.buildout.get(name, "").strip()


def prepare(
    profile: Profile,
    home: Home,
    engine: Callable[[], Engine],
    report: Report,
    *,
    only: tuple[str, ...] = (),
    locked: bool = False,
    renew: bool = False,
    pin: bool = True,
) -> Prepared:
    """Plan the profile, fetch its sources, look its parts up in the store.

    engine: connects at its first call, which happens only when a recipe of the profile's own has to be asked.
    locked: refuse what cbuild.lock doesn't have. renew: choose Python distributions and branches anew. pin: write the
    lock, unless it is a dry run.
    ProfileError, SourceError, EngineError, UsageError as the cause is.
    """
    steering = steer(profile)
    for message in steering.warnings:
        report(Event("warning", "buildout", message))
    state = installed.read(steering.state)
    # Made when they are needed: a mistake in the profile is said before 20 s are spent on a first base.
    bases = functools.partial(_base, profile, home, report)
    builder = functools.cache(lambda: bases("builder", steering.builder))
    lock = Lock.load(profile.directory / "cbuild.lock")
    if renew:
        lock.commits.clear()
    _check_mirrors(profile, steering)
    sources = _sources(steering, home, lock, report, locked=locked)
    constructors = Constructors(home, builder, sources, engine, report)
    distributions = Distributions(
        sources, lock, locked=locked, renew=renew, memory=Answers(home), cached=steering.from_cache
    )
    with constructors.ended():
        if "extensions" in profile.sections.get("buildout", {}):
            profile = Extender(profile, sources, home, constructors, distributions, report).extended()
        planner = Planner(profile, sources, home, constructors, distributions)
        plan = planner.plan(only)
    late = Late(home, planner.facts, sources, lock)
    runtime = bases("runtime", steering.runtime)
    parts = Parts(plan, home, builder(), _fetch(plan, sources), late, constructors.sites, report)
    pin = pin and not steering.dry_run
    if pin:
        lock.save()
    missing = tuple(parts.look_up())
    if pin:
        lock.save()
    return Prepared(profile, plan, builder(), runtime, state, steering.state, parts, missing, distributions.picked)


def _base(profile: Profile, home: Home, report: Report, option: str, name: str) -> base.Base:
    """Return the base image that an option of [buildout] names; ProfileError if there is no such thing."""
    with blaming(profile, option):
        return base.ensure(name, home, report)


def _check_mirrors(profile: Profile, steering: Steering) -> None:
    """Raise ProfileError for what can't be a mirror, before anything is looked for there."""
    if steering.mirrors:
        from cbuild.source.places import check_mirror  # noqa: PLC0415 - what most profiles don't need

        with blaming(profile, "mirrors"):
            for spec in steering.mirrors:
                check_mirror(spec)


def _sources(steering: Steering, home: Home, lock: Lock, report: Report, *, locked: bool) -> Sources:
    return Sources(
        home,
        offline=steering.offline,
        download_cache=steering.download_cache,
        mirrors=steering.mirrors,
        links=steering.find_links,
        index=steering.index,
        require_checksum=steering.require_checksum,
        timeout=steering.timeout,
        lock=lock,
        locked=locked,
        report=report,
    )


def _fetch(plan: Plan, sources: Sources) -> dict[str, Fetched]:
    """Return every source of the plan: by URL as the options have it, develop directories by their request's URL."""
    wanted: dict[str, Request] = {}
    for part in plan.parts.values():
        for url, request in part.sources.items():
            wanted[url] = _agreed(wanted.get(url, request), request)
    develop = {request.url: request for part in plan.parts.values() for request in part.recipe.develop}
    requests = wanted | develop
    return dict(zip(requests, sources.fetch_all(list(requests.values())), strict=True))


def _agreed(one: Request, other: Request) -> Request:
    """Return the request that says more; SourceError (``checksum-conflict``) if two parts want other bytes of a URL."""
    if one.md5 and other.md5 and one.md5 != other.md5:
        raise other.error(
            f"[{one.section}] and [{other.section}] give {other.shown} two checksums.",
            reason="checksum-conflict",
            details=f"{one.md5} in [{one.section}], {other.md5} in [{other.section}]",
            resolution="One of them is out of date.",
        )
    return one if one.checked else other
