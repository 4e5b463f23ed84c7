"""The command line of buildout's manual behind `cbuild software`, up to where building begins (LANGUAGE.md CLI)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cbuild.build.outcome import ImageOutcome, Outcome
from cbuild.cli.main import run


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    (tmp_path / "buildout.cfg").write_text("[buildout]\nparts = a\n[a]\nrecipe = command\nx = 1\n  2\n")
    (tmp_path / "other.cfg").write_text("[buildout]\nparts =\nlog-level = WARNING\nverbosity = -10\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BUILDOUT_HOME", str(tmp_path))
    monkeypatch.setenv("CBUILD_HOME", str(tmp_path / "store"))
    return tmp_path


@pytest.fixture
def asked(monkeypatch):
    """Run a command line, and return what would have been built: profile, settings, report."""
    seen = []

    class Software:
        def __init__(self, profile, _name, _home, settings, report):
            seen.append((profile, settings, report))

        def run(self):
            return Outcome(ImageOutcome("r", "d", "c", 0), (), (), (), "p", None, "", 0.0, unchanged=True)

    monkeypatch.setattr("cbuild.build.software.Software", Software)

    def asked(line):
        assert run(["software", *line.split()]) == 0
        return seen.pop()

    return asked


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("-N", "newest=false"),
        ("-n", "newest=true"),
        ("-o", "offline=true"),
        ("-O", "offline=false"),
        ("-oN", "offline=true newest=false"),
        ("-vvN", "verbosity=20 newest=false"),
        ("-qv", ""),
        ("-qqo", "verbosity=-20 offline=true"),
        ("-t 5", "socket-timeout=5"),
        ("-Nt 0.5", "newest=false socket-timeout=0.5"),
        ("--dry-run", "dry-run=true"),
        ("--skip-signature-check", "check-signature=false"),
        ("x=1 a:y=2 -N install", "x=1 newest=false"),
        # Of two that contradict each other the later counts, as among assignments.
        ("-o -O", "offline=false"),
        ("-N -n", "newest=true"),
        ("-Oo", "offline=true"),
        ("-N newest=true", "newest=false"),
    ],
)
def test_options_are_assignments_to_buildout(asked, line, expected):
    profile, _, _ = asked(line)
    found = {f"{name}={value}" for name, value in profile.sections["buildout"].items()}
    assert found == {"parts=a", *expected.split()}


@pytest.mark.parametrize(
    ("line", "value"),
    [("a:x=3", "3"), ("a:x+=3", "1\n2\n3"), ("a:x-=2", "1"), ("a:x=3 a:x+=4 a:x-=3", "4"), ("a:new+=1 -v a:x=", "")],
)
def test_assignments_stand_anywhere(asked, line, value):
    assert asked(line)[0].sections["a"]["x"] == value


@pytest.mark.parametrize(
    "line",
    ["-c other.cfg", "-cother.cfg", "-vcother.cfg", "-qNc other.cfg", "a:x=1 -c other.cfg", "other.cfg"],
)
def test_the_profile(asked, line):
    assert Path(asked(line)[0].name).name == "other.cfg"


@pytest.mark.parametrize(
    ("line", "only"),
    [("", ()), ("install", ()), ("install a", ("a",)), ("-c other.cfg install a b -v", ("a", "b"))],
)
def test_which_parts(asked, line, only):
    assert asked(line)[1].only == only


@pytest.mark.parametrize(
    ("line", "level", "log_format"),
    [
        ("", 20, ""),
        ("-v", 10, ""),
        ("-qq", 40, ""),
        ("log-level=ERROR", 40, ""),
        ("log-level=ERROR -vv", 20, ""),
        ("log-level=5 verbosity=-3", 8, ""),
        ("-c other.cfg", 40, ""),
        ("-vc other.cfg", 20, ""),
        ("log-format=%(message)s", 20, "%(message)s"),
    ],
)
def test_what_is_printed(asked, line, level, log_format):
    report = asked(line)[2]
    assert (report.level, report.format) == (level, log_format)


def test_without_user_defaults(asked, here):
    (here / "default.cfg").write_text("[user]\nu = 1\n")
    assert "user" in asked("-v")[0].sections
    assert "user" not in asked("-UN")[0].sections


def test_a_debugger_is_a_shell_in_the_failed_builder(asked):
    assert asked("-D")[1].keep_failed


@pytest.mark.parametrize(
    ("line", "reason", "word"),
    [
        ("-z", "usage", "-z"),
        ("-Nz", "usage", "-z"),
        ("--nope", "usage", "--nope"),
        ("-c", "usage", "-c"),
        ("-t", "usage", "-t"),
        ("-t soon", "usage", "soon"),
        ("frobnicate", "unknown-command", "frobnicate"),
        ("instal a", "unknown-command", "'install'"),
        ("init", "unsupported-command", "tutorial"),
        ("bootstrap", "unsupported-command", "bootstrap"),
        ("setup setup.py", "unsupported-command", "develop"),
        ("runsetup setup.py", "unsupported-command", "develop"),
        ("a:b:c=1", "bad-assignment", "a:b:c=1"),
        (":b=1", "bad-assignment", ":b=1"),
        ("query", "bad-query", "SECTION:OPTION"),
        ("query a:x b:x", "bad-query", "SECTION:OPTION"),
        ("query a:b:c", "bad-query", "a:b:c"),
        ("query a:", "bad-query", "a:"),
    ],
)
def test_mistakes_of_usage(capsys, line, reason, word):
    assert run(["software", *line.split()]) == 2
    assert word in capsys.readouterr().err
    assert run(["software", "--json", *line.split()]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["reason"] == reason


@pytest.mark.parametrize("command", ["software", "annotate", "query"])
def test_version_and_help(capsys, command):
    assert run([command, "--version"]) == 0
    assert capsys.readouterr().out.startswith("cbuild ")
    assert run([command, "-h"]) == 0
    assert "-c, --config FILE" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "printed"),
    [
        ("-N query a:x", "1\n2\n"),
        ("-Nv query a:x", "${a:x}\n1\n2\n"),
        ("query parts", "a\n"),
        ("query buildout:bin-directory", "/opt/cbuild/bin\n"),
        ("query log-level", "INFO\n"),
        ("query a:y a:y=${b:c}", "${b:c}\n"),
        ("annotate a", "[a]\nrecipe = command\n    # =  buildout.cfg:4\nx = 1\n    2\n    # =  buildout.cfg:5\n"),
        ("annotate nosuch", ""),
    ],
)
def test_a_look_at_what_is_written(capsys, line, printed):
    assert run(["software", *line.split()]) == 0
    found, _, _ = capsys.readouterr().out.partition("\n# parts, in order: a")
    assert found == printed or not printed


@pytest.mark.parametrize(("line", "reason"), [("query b:x", "missing-section"), ("query a:y", "missing-option")])
def test_a_look_at_what_is_not_there(capsys, line, reason):
    assert run(["software", *line.split(), "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["error"]["reason"] == reason


def test_what_is_inherited_is_not_written(capsys, here):
    (here / "buildout.cfg").write_text("[a]\nx = 1\n[b]\n<= a\n")
    assert run(["query", "b:x"]) == 0
    assert run(["query", "--raw", "b:x"]) == 3
    assert "without --raw" in capsys.readouterr().err


def test_defaults_are_annotated_where_nothing_is_resolved(capsys):
    assert run(["software", "annotate", "buildout"]) == 0
    assert "newest = true\n    # =  default\n" in capsys.readouterr().out
