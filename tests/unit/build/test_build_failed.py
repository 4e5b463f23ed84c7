"""What is said when parts failed: where each stands in the profile, and the profile's files by their own names."""

from __future__ import annotations

import pytest

from cbuild.build.failed import failed
from cbuild.build.outcome import Failures
from cbuild.errors import PartError
from cbuild.profile import load


@pytest.fixture
def profile(tmp_path):
    (tmp_path / "page.in").write_text("{{ x }}")
    (tmp_path / "base.cfg").write_text("[buildout]\nparts = a b\n[b]\nrecipe = y\n")
    (tmp_path / "p.cfg").write_text("[buildout]\nextends = base.cfg\n\n[a]\nrecipe = x\n")
    return load(tmp_path / "p.cfg", ())


def test_the_first_has_its_place_and_the_others_theirs_in_the_details(profile, tmp_path):
    errors = {name: PartError(f"{name} failed", details="log", resolution="see", section=name) for name in ("a", "b")}
    error = failed(Failures(errors, ("c", "d")), profile)
    assert (error.file, error.line, error.section) == (str(tmp_path / "p.cfg"), 4, "a")
    assert error.details == (
        f"log\n\nb failed\nat {tmp_path / 'base.cfg'}:3\nlog\nsee\n\nNot tried, because they need it: c, d"
    )


def test_a_file_of_the_profile_has_the_name_that_it_has_here(profile, tmp_path):
    brief = "[a] /profile/page.in:1: 'x' is undefined, and /profile/gone stays"
    error = failed(Failures({"a": PartError(brief, section="a")}, ()), profile)
    assert error.brief == f"[a] {tmp_path}/page.in:1: 'x' is undefined, and /profile/gone stays"
