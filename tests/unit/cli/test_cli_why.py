"""`cbuild why`: what a person sees."""

from __future__ import annotations

from cbuild.build.explain import Change, Why
from cbuild.cli import why


def test_every_line_of_a_value_has_its_sign():
    changes = (Change("options/x", "one", "one\ntwo"), Change("options/y", None, ["a"]), Change("options/z", "", "b"))
    assert why._text(Why("part", "changed", changes)).splitlines() == [
        "part will be built again:",
        "  options/x",
        "    - one",
        "    + one",
        "    + two",
        "  options/y",
        "    - (absent)",
        '    + ["a"]',
        "  options/z",
        "    - ",
        "    + b",
    ]
