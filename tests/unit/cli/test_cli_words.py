"""Profiles, assignments and `install` among the words of a command line, in any order that buildout allows."""

from __future__ import annotations

from pathlib import Path

import pytest

from cbuild.cli import common
from cbuild.cli.software import image_name
from cbuild.errors import UsageError


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "software.cfg").touch()


@pytest.mark.parametrize(
    ("words", "profile", "assignments", "rest"),
    [
        ("", "software.cfg", "", ""),
        ("a.cfg", "a.cfg", "", ""),
        ("a:b=c", "software.cfg", "a:b=c", ""),
        ("a:b=c x.cfg d:e+=f", "x.cfg", "a:b=c d:e+=f", ""),
        ("x.cfg install a b", "x.cfg", "", "install a b"),
        ("install a b a:b-=c", "software.cfg", "a:b-=c", "install a b"),
        ("install a.cfg", "software.cfg", "", "install a.cfg"),
        ("x.cfg y.cfg", "x.cfg", "", "y.cfg"),
        ("a:b=", "software.cfg", "a:b=", ""),
        ("a:b=c.cfg", "software.cfg", "a:b=c.cfg", ""),
        ("a:b=c=d", "software.cfg", "a:b=c=d", ""),
    ],
)
def test_words(words, profile, assignments, rest):
    line = common.split(words.split(), None)
    assert (line.profile, line.assignments, line.rest) == (
        Path(profile), tuple(assignments.split()), tuple(rest.split())
    )  # fmt: skip


def test_the_profile_of_an_option_leaves_the_words_alone():
    line = common.split(["x.cfg"], "named.cfg")
    assert (line.profile, line.rest) == (Path("named.cfg"), ("x.cfg",))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ""),
        ({"offline": True}, "offline=true"),
        ({"offline": False, "newest": True}, "offline=false newest=true"),
        ({"newest": False, "timeout": 5.0}, "newest=false socket-timeout=5"),
        ({"verbosity": -20, "dry_run": True}, "verbosity=-20 dry-run=true"),
        ({"verbosity": 0, "dry_run": False, "check_signature": None}, ""),
    ],
)
def test_options_are_assignments(options, expected):
    assert common.switches(**options) == [f"buildout:{word}" for word in expected.split()]


def test_which_profile_is_meant(tmp_path):
    assert common.default_profile() == Path("software.cfg")
    (tmp_path / "buildout.cfg").touch()
    assert common.default_profile() == Path("buildout.cfg")
    (tmp_path / "buildout.cfg").unlink()
    (tmp_path / "software.cfg").unlink()
    with pytest.raises(UsageError) as caught:
        common.default_profile()
    assert caught.value.reason == "no-profile"


@pytest.mark.parametrize(
    ("profile", "name"),
    [
        ("/a/hello/software.cfg", "hello"),
        ("/a/hello/buildout.cfg", "hello"),
        ("/a/hello/other.cfg", "other"),
        ("/a/My Project/software.cfg", "my-project"),
        ("/a/.hidden/software.cfg", "hidden"),
        ("/a/---/software.cfg", "software"),
        # What engines and registries take for a name.
        ("/a/größe/software.cfg", "gr-e"),
        ("/a/a..b/software.cfg", "a-b"),
        ("/a/a (1).x_y/software.cfg", "a-1-x_y"),
    ],
)
def test_the_images_name(profile, name):
    assert image_name(Path(profile)) == name
