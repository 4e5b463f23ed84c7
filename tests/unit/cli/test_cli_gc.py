"""`cbuild gc`: sizes, and what a person sees."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cbuild.cli import gc, main
from cbuild.errors import UsageError
from cbuild.state.garbage import Item, Plan

PLAN = Plan(
    (
        Item("reference", "localhost/web:1", 0, None, ()),
        Item("result", "zlib", 500, 1.0, ()),
        Item("layer", "zlib", 2_000_000, 1.0, ()),
        Item("layer", "nginx", 4_000_000, 1.0, ()),
    ),
    3_000_000_000,
    ("/a/.installed.cfg", "instance web"),
    (Path("/b/.installed.cfg"),),
)


@pytest.mark.parametrize(
    ("text", "size"), [("10G", 10**10), ("1.5MB", 1_500_000), ("500 k", 500_000), ("7", 7), ("1GiB", 10**9)]
)
def test_sizes(text, size):
    assert gc.parse(text) == size


@pytest.mark.parametrize("text", ["", "G", "-1G", "ten"])
def test_what_is_no_size(text):
    with pytest.raises(UsageError) as caught:
        gc.parse(text)
    assert caught.value.reason == "bad-size"


def test_what_a_person_sees():
    assert gc._text(PLAN, 2 * 10**9, dry_run=True).splitlines() == [
        "1 reference, 0 kB",
        "  localhost/web:1",
        "1 result, 0 kB",
        "2 layers, 6.0 MB",
        "  nginx  4.0 MB",
        "  zlib  2.0 MB",
        "/b/.installed.cfg is gone: what it needed is not kept for it.",
        "Would free 6.0 MB; 3.0 GB stay, for 1 state file and 1 instance.",
        "That is more than 2.0 GB: all of it is needed.",
    ]


def test_the_document(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CBUILD_HOME", str(tmp_path))
    assert main.run(["gc", "--json", "--max-size", "1G"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document == {"dry_run": False, "removed": [], "size": 0, "kept": 0, "roots": [], "gone": []}
    assert main.run(["gc", "--max-size", "much", "--json"]) == 2
