"""`cbuild why` and `cbuild logs`: one name among profile, assignments and options."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from cbuild.build.explain import Why
from cbuild.cli import common, main
from cbuild.errors import UsageError


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    (tmp_path / "software.cfg").write_text("[buildout]\nparts = a\n[a]\nrecipe = command\n")
    (tmp_path / "other.cfg").write_text("[buildout]\nparts = a\n[a]\nrecipe = command\n")
    (tmp_path / "log").write_text("what was said\n")
    (tmp_path / "default.cfg").write_text("[user]\nu = 1\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BUILDOUT_HOME", str(tmp_path))
    monkeypatch.setenv("CBUILD_HOME", str(tmp_path / "store"))
    return tmp_path


@pytest.fixture
def no_engine(monkeypatch):
    monkeypatch.setattr("cbuild.engine.select.connect", lambda *_: pytest.fail("an engine was asked"))


@pytest.fixture
def asked(monkeypatch, here):
    """Run a command line up to where planning begins; return the profile and the name."""
    profiles, names = [], []
    monkeypatch.setattr("cbuild.build.prepare.prepare", lambda profile, *_, pin: pin or profiles.append(profile))
    monkeypatch.setattr("cbuild.build.explain.why", lambda _ready, _home, name: names.append(name) or Why(name, "new"))
    monkeypatch.setattr("cbuild.build.explain.log", lambda _ready, _home, name: names.append(name) or here / "log")

    def asked(line):
        assert main.run(line.split()) == 0
        return profiles.pop(), names.pop()

    return asked


@pytest.mark.parametrize("command", ["why", "logs"])
@pytest.mark.parametrize(
    ("line", "profile", "value"),
    [
        ("a", "software.cfg", None),
        ("other.cfg a", "other.cfg", None),
        ("a other.cfg", "other.cfg", None),
        ("-c other.cfg a", "other.cfg", None),
        ("b:x=1 a", "software.cfg", "1"),
        ("b:x=1 other.cfg a b:x+=2", "other.cfg", "1\n2"),
        ("a b:x=1", "software.cfg", "1"),
        ("other.cfg", "software.cfg", None),
        ("instance.cfg", "software.cfg", None),
        ("instance.cfg other.cfg", "other.cfg", None),
        ("other.cfg instance.cfg", "other.cfg", None),
    ],
)
def test_a_name_stands_anywhere(asked, command, line, profile, value):
    found, name = asked(f"{command} {line}")
    expected = "instance.cfg" if "instance.cfg" in line else line if line == "other.cfg" else "a"
    assert (Path(found.name).name, name) == (profile, expected)
    assert found.sections.get("b", {}).get("x") == value


@pytest.mark.parametrize("command", ["why", "logs"])
def test_options_that_every_command_has(asked, command):
    profile, _ = asked(f"{command} -oqv a")
    assert profile.sections["buildout"]["offline"] == "true"
    assert "user" in profile.sections
    assert "user" not in asked(f"{command} -U a")[0].sections


def test_a_log_that_is_at_hand_needs_no_plan(here, monkeypatch, capsys):
    monkeypatch.setattr("cbuild.build.explain.log_at_hand", lambda *_: here / "log")
    monkeypatch.setattr("cbuild.build.prepare.prepare", pytest.fail)
    assert main.run(["logs", "a"]) == 0
    assert capsys.readouterr().out == "what was said\n"


@pytest.mark.parametrize("command", ["why", "logs"])
@pytest.mark.parametrize(("line", "said"), [("", "Name a part"), ("a b", "'b' is neither"), ("b:x=1", "Name")])
def test_no_name_or_two(capsys, command, line, said):
    assert main.run([command, *line.split()]) == 2
    assert said in capsys.readouterr().err


def test_a_partitions_log_needs_no_profile(here):
    (here / "software.cfg").unlink()
    assert common.take_name(["web-0"], None, "part") == ("web-0", [])
    with pytest.raises(UsageError):
        common.split([], None)


@pytest.mark.parametrize("line", ["gc -v -q --dry-run", "shell -vq -h"])
def test_how_much_is_said(line):
    assert main.run(line.split()) == 0


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ("-c software.cfg", "cbuild software -c software.cfg"),
        ("-c software.cfg install a", "cbuild software -c software.cfg install a"),
        ("-v why a", "cbuild why -v a"),
        ("why --nonsense a", "cbuild why --help"),
    ],
)
def test_options_before_the_command(capsys, line, instead):
    assert main.run([*line.split(), "--json"]) == 2
    resolution = json.loads(capsys.readouterr().out)["error"]["resolution"]
    assert instead in resolution


@pytest.mark.usefixtures("no_engine")
@pytest.mark.parametrize("line", ["graph", "software --dry-run", "status", "why a", "verify", "logs a", "shell a"])
def test_an_engine_that_there_is_not(capsys, line):
    assert main.run([*line.split(), "--engine", "dcoker"]) == 2
    assert "there is no engine 'dcoker'" in capsys.readouterr().err


@pytest.mark.usefixtures("no_engine")
@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("shell nosuch", "No failed builder of nosuch"),
        ("instance nosuch --stop", "nosuch"),
        ("instance nosuch", "No software was built"),
        ("instance nosuch --image x", "x"),
    ],
)
@pytest.mark.skipif(os.geteuid() != 0, reason="others are told first that building and partitions need root")
def test_what_there_is_not_is_said_without_an_engine(capsys, line, said):
    assert main.run(line.split()) == 2
    assert said in capsys.readouterr().err
