"""Planning: what is said first, what is written beside the profile, and where its mistakes are."""

from __future__ import annotations

import json

import pytest
from build_helpers import BUILDER

from cbuild import base
from cbuild.build.prepare import prepare
from cbuild.errors import CbuildError, ProfileError
from cbuild.events import silent
from cbuild.profile import load
from cbuild.state.home import Home

LOCK = {"version": 1, "sources": {"https://h/a": {"md5": "0" * 32, "sha256": "0" * 64, "size": 1}}}


@pytest.fixture
def planned(tmp_path, monkeypatch):
    monkeypatch.setattr(base, "ensure", lambda *_: BUILDER)
    # As no cbuild writes it: saving it would change it.
    (tmp_path / "cbuild.lock").write_text(json.dumps(LOCK))

    def planned(text="", **options):
        (tmp_path / "p.cfg").write_text(f"[buildout]\nparts =\n{text}\n")
        return prepare(load(tmp_path / "p.cfg"), Home(tmp_path / "home"), pytest.fail, silent, **options)

    return planned


@pytest.mark.parametrize(
    ("text", "pin", "written"), [("", True, True), ("", False, False), ("dry-run=true", True, False)]
)
def test_looking_and_dry_runs_leave_the_lock_alone(planned, tmp_path, text, pin, written):
    planned(text, pin=pin)
    assert ((tmp_path / "cbuild.lock").read_text() != json.dumps(LOCK)) == written


@pytest.mark.parametrize(
    ("text", "reason"),
    [("[buildout]\nparts = a\n\n[a]\n__buildout_installed__ = /srv/a\n", "state-foreign"), ("\0", "state-damaged")],
)
def test_a_state_file_that_cannot_be_used_is_said_before_recipes_are_looked_for(tmp_path, text, reason):
    (tmp_path / "p.cfg").write_text("[buildout]\nparts = a\noffline = true\n[a]\nrecipe = nobody.has.it\n")
    (tmp_path / ".installed.cfg").write_text(text)
    with pytest.raises(CbuildError) as error:
        prepare(load(tmp_path / "p.cfg"), Home(tmp_path / "home"), pytest.fail, silent)
    assert error.value.reason == reason


@pytest.mark.parametrize(
    ("text", "option", "reason"),
    [
        ("builder = nope", "builder", "unknown-base"),
        ("builder = nope.yaml", "builder", "unknown-base"),
        ("builder = foo/bar:1", "builder", "base-without-digest"),
        (f"builder = /{'a' * 300}.yaml", "builder", "unknown-base"),
        ("runtime = foo.yaml", "runtime", "unknown-base"),
        ("runtime = ~/foo.yaml", "runtime", "unknown-base"),
        ("mirrors = foo", "mirrors", "mirror"),
        ("mirrors = /a http://h/nothing", "mirrors", "mirror"),
        ("mirrors = http://[x/{md5}", "mirrors", "mirror"),
    ],
)
def test_what_there_is_not_has_its_place(tmp_path, monkeypatch, text, option, reason):
    (tmp_path / "p.cfg").write_text(f"[buildout]\nparts =\n{text}\n")
    ensure, known = base.ensure, lambda name, *rest: BUILDER if name in ("builder", "runtime") else ensure(name, *rest)
    monkeypatch.setattr(base, "ensure", known)
    with pytest.raises(ProfileError) as caught:
        prepare(load(tmp_path / "p.cfg"), Home(tmp_path / "home"), pytest.fail, silent)
    error = caught.value
    assert (error.reason, error.file, error.line) == (reason, str(tmp_path / "p.cfg"), 3)
    assert (error.section, error.option) == ("buildout", option)
