"""Where the conformance cases and the corpus are: outside the repository (see docs/profile.md)."""

import json
import os
from pathlib import Path

from tests.missing import missing

ROOT = Path(__file__).resolve().parents[2]


def shared(name):
    """Return the directory `name` of the shared material; without it skip, or fail where CI runs."""
    place = _place(name)
    if not place.is_dir():
        missing(f"{place} is not there: set CBUILD_SHARED to the directory that holds conformance/ and corpus/")
    return place


def listed(name, pattern):
    """Return the sorted files below the directory `name` that match pattern; none if it isn't there."""
    place = _place(name)
    return sorted(place.glob(pattern)) if place.is_dir() else []


def _place(name):
    return Path(os.environ.get("CBUILD_SHARED") or ROOT.parent / "shared") / name


LOOKS = {"annotate", "query", "--version"}
NEED_DISTRIBUTIONS = {"VER", "XTN"}


def command_line_cases():
    """Return (folder, case, expected) for every case of kind `cli`."""
    found = []
    for path in listed("conformance", "cases/*/case.json"):
        case = json.loads(path.read_text())
        if case["kind"] == "cli":
            found.append((path.parent, case, json.loads((path.parent / "expected.json").read_text())))
    return found


def engine_free(case, expected):
    """Tell whether a `cli` case asks for nothing to be built: each step only looks, or is refused before that.

    test_command_line_cases.py has these; test_cli_cases.py, which builds, has all others.
    """
    if {rule.partition("-")[0] for rule in case["rules"]} & NEED_DISTRIBUTIONS:
        return False
    return all(LOOKS & set(step["argv"]) or (step["exit"] and not step["events"]) for step in expected["steps"])
