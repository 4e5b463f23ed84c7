"""A dry run (LANGUAGE.md SLP-6): everything is planned and fetched, what would be done is said, and nothing is done."""

from __future__ import annotations

import time

from cbuild.build.outcome import ImageOutcome, Outcome, PartOutcome
from cbuild.build.prepare import Prepared
from cbuild.build.record import Record
from cbuild.events import Report
from cbuild.plan.part import Part


def rehearse(ready: Prepared, report: Report, started: float, *, partial: bool) -> Outcome:
    """Announce what a run would do; return it with the image that the state file has.

    A part that refers to one which would be built may in fact come out the same and be left alone.
    """
    record = Record(ready.plan, ready.parts, ready.state, None, report, partial=partial)
    record.begin()
    for name in ready.missing:
        record.starting(name)
    state = ready.state
    return Outcome(
        image=ImageOutcome(state.reference, state.image, "", 0),
        parts=tuple(_part(part, ready) for part in ready.plan.parts.values()),
        removed=record.removed,
        events=record.events,
        profile=ready.profile.name,
        state=ready.state_path,
        engine="",
        seconds=round(time.monotonic() - started, 3),
        unchanged=True,
        dry_run=True,
    )


def _part(part: Part, ready: Prepared) -> PartOutcome:
    found = ready.parts.built.get(part.name)
    if found is None:
        return PartOutcome(part.name, "skipped", "", "", 0, 0.0, in_image=False, requires=part.requires)
    layer = found.result.layer
    return PartOutcome(
        part.name, "cached", found.key, layer.diff_id, layer.size, found.result.seconds,
        in_image=False, requires=part.requires,
    )  # fmt: skip
