"""`cbuild why`: what a person sees."""

from __future__ import annotations

from cbuild.build.explain import Cause, Change, Why
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


def test_what_another_part_brought_is_shown_where_it_began():
    changes = (Change("requires/m4", "sha256:1", "not built yet"), Change("requires/xz", "sha256:2", "not built yet"))
    cause = Cause("m4", ("web", "xz", "m4"), (Change("options/x", "1", "2"),))
    assert why._text(Why("web", "changed", changes, (cause,))).splitlines() == [
        "web will be built again, unless what it refers to comes out the same:",
        "  m4 changed (web -> xz -> m4):",
        "    options/x",
        "      - 1",
        "      + 2",
    ]
    assert why._text(Why("web", "changed", changes[:1])).splitlines()[1:] == [
        "  requires/m4", "    - sha256:1", "    + not built yet",
    ]  # fmt: skip


def test_what_is_built_already_leaves_no_hope():
    answer = Why("web", "changed", (Change("requires/m4", "sha256:1", "sha256:2"),))
    assert why._text(answer).splitlines()[0] == "web will be built again:"


def test_of_long_values_only_what_differs_is_shown():
    old, new = "a\nb\nc\nd\ne", "a\nb\nx\nd\ne\nf"
    assert why._text(Why("part", "changed", (Change("options/x", old, new),))).splitlines()[1:] == [
        "  options/x", "    - c", "    + x", "    + f",
    ]  # fmt: skip


def test_verdicts():
    shown = {
        (status, in_store): why._text(Why("part", status, in_store=in_store))
        for status in ("new", "cached", "changed")
        for in_store in (True, False)
    }
    assert shown["cached", True] == "part is up to date."
    assert shown["new", False] == "part has not been built from this profile."
    assert "nothing is compiled" in shown["new", True]
    assert "nothing is compiled" in shown["changed", True]
    assert "lost" in shown["cached", False]
    failed = why._text(Why("part", "new", failure="The part part failed: exit code 1 of: make"))
    assert failed.splitlines()[1:] == [
        "The last try failed: The part part failed: exit code 1 of: make", "Its log: cbuild logs part",
    ]  # fmt: skip
