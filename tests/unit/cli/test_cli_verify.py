"""`cbuild verify`: what a person sees."""

from __future__ import annotations

from cbuild.build.verify import Verified
from cbuild.cli import verify
from cbuild.layer.compare import Difference


def test_all_is_well():
    found = [Verified("a", reproducible=True, runs=2), Verified("longer", reproducible=True, runs=2)]
    assert verify._text(found).splitlines() == [
        "a       reproducible",
        "longer  reproducible",
        "All 2 parts are reproducible.",
    ]


def test_differences():
    differences = (
        Difference("/opt/cbuild/bin/x", "mode", "0755", "0644"),
        Difference("/opt/cbuild/t", "bytes", "", "", 3, ("-a", "+b")),
        Difference("/opt/cbuild/u", "bytes", "1 bytes; 61  |a|", "2 bytes; 62  |b|", 0),
        Difference("/opt/cbuild/v", "missing", "file of 3 bytes", "nothing"),
        Difference("/opt/cbuild/w", "new", "nothing", "symlink"),
    )
    found = [
        Verified("a", False, 14, differences, causes=("clock", "user")),
        Verified("b", False, 2, error="The part b failed: no\nthe log"),
        Verified("c", reproducible=True, runs=2),
    ]
    assert verify._text(found).splitlines() == [
        "a  different; what it depends on: clock, user",
        "  /opt/cbuild/bin/x: mode 0755, again 0644",
        "  /opt/cbuild/t: differs from byte 3 on",
        "    -a",
        "    +b",
        "  /opt/cbuild/u: differs from byte 0 on",
        "    - 1 bytes; 61  |a|",
        "    + 2 bytes; 62  |b|",
        "  /opt/cbuild/v: not there again (file of 3 bytes)",
        "  /opt/cbuild/w: was not there (symlink)",
        "b  failed",
        "  The part b failed: no",
        "  the log",
        "c  reproducible",
        "2 of 3 parts came out different.",
    ]


def test_many_differences_are_cut_and_a_report_stands_for_them():
    many = tuple(Difference(f"/{number}", "mode", "1", "2") for number in range(40))
    assert verify._text([Verified("a", False, 2, many)]).splitlines()[-2] == "  … 15 paths more"
    assert verify._text([Verified("a", False, 2, many, report=("├── x",))]).splitlines()[1:-1] == ["  ├── x"]
