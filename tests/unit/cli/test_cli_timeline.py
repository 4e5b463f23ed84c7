"""Bars of a build."""

from __future__ import annotations

from cbuild.build.outcome import PartOutcome
from cbuild.cli.timeline import timeline


def part(name: str, started: float | None, seconds: float) -> PartOutcome:
    return PartOutcome(name, "built", "", "", 0, seconds, in_image=True, requires=(), started=started)


def test_a_bar_for_each_that_was_installed_now():
    parts = [part("late", 2.5, 2.0), part("cached", None, 99.0), part("early", 0.5, 4.0), part("blink", 0.5, 0.001)]
    assert timeline(parts, 41) == [
        "  early  ====================  0.0 -4.0 s",
        "  blink  =                     0.0 -0.0 s",
        "  late             ==========  2.0 -4.0 s",
    ]


def test_long_names_and_narrow_terminals():
    lines = timeline([part("x" * 60, 0.0, 100.0), part("b", 100.0, 100.0)], 20)
    assert lines[0] == f"  {'x' * 21}...  =====         0.0 -100.0 s"


def test_one_part_needs_no_bar():
    assert timeline([part("a", 1.0, 1.0), part("b", None, 1.0)], 80) == []


def test_no_time_at_all():
    assert len(timeline([part("a", 1.0, 0.0), part("b", 1.0, 0.0)], 80)) == 2
