"""Where the conformance cases and the corpus are: outside the repository (see docs/profile.md)."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def shared(name):
    """Return the directory `name` of the shared material; without it skip, or fail where CI runs."""
    place = Path(os.environ.get("CBUILD_SHARED") or ROOT.parent / "shared") / name
    if place.is_dir():
        return place
    message = f"{place} is not there: set CBUILD_SHARED to the directory that holds conformance/ and corpus/"
    if os.environ.get("CI") == "true":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)
    return None


def listed(name, pattern):
    """Return the sorted files below the directory `name` that match pattern; none if it isn't there."""
    place = Path(os.environ.get("CBUILD_SHARED") or ROOT.parent / "shared") / name
    return sorted(place.glob(pattern)) if place.is_dir() else []
