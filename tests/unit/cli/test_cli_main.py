import errno
import json
import signal

import pytest

from cbuild.cli import main
from cbuild.errors import EngineError


def test_an_unknown_command_and_what_may_have_been_meant(capsys):
    assert main.run(["sofware"]) == 2
    assert "Did you mean 'software'?" in capsys.readouterr().err


@pytest.mark.parametrize("directory", [".", "/"])
@pytest.mark.parametrize("json_too", [[], ["--json"]])
def test_no_password_is_shown(tmp_path, monkeypatch, capsys, json_too, directory):
    """Neither the address nor the profile's own line, with the caret where it was; nor from the root directory."""
    monkeypatch.chdir(directory)
    profile = tmp_path / "software.cfg"
    profile.write_text("[buildout]\nextends = http://me:s3cret@127.0.0.1:1/x.cfg\nparts =\n")
    assert main.run(["annotate", str(profile), *json_too]) == 4
    out, err = capsys.readouterr()
    assert "s3cret" not in out + err
    assert "extends = http://*********@127.0.0.1:1/x.cfg" in out + err


def test_an_unknown_option_is_a_usage_error_in_json_too(capsys):
    assert main.run(["software", "--nonsense", "--json"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["reason"] == "usage"
    assert "--nonsense" in error["brief"]


@pytest.mark.parametrize(
    ("raised", "code", "reason"),
    [
        (EngineError("gone", reason="engine-gone"), 5, "engine-gone"),
        (OSError(errno.ENOSPC, "No space left on device", "/x"), 5, "host"),
        (ZeroDivisionError("x"), 70, "internal"),
        (OSError(errno.ENOENT, "No such file", "/x"), 70, "internal"),
    ],
)
def test_what_a_command_raises_gives_the_contracts_exit_code(monkeypatch, capsys, raised, code, reason):
    def fail(_arguments):
        raise raised

    monkeypatch.setattr(main, "_dispatch", fail)
    assert main.run(["software", "--json"]) == code
    assert json.loads(capsys.readouterr().out)["error"]["reason"] == reason


def test_ctrl_c_is_130(monkeypatch):
    def interrupt(_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(main, "_dispatch", interrupt)
    assert main.run(["software"]) == 130


def test_ctrl_c_in_a_command_is_said(monkeypatch, capsys, tmp_path):
    (tmp_path / "buildout.cfg").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("cbuild.cli.query.show", lambda *_, **__: signal.raise_signal(signal.SIGINT))
    assert main.run(["query", "a:b"]) == 130
    assert "Interrupted" in capsys.readouterr().err


def test_a_store_that_cannot_be_made(monkeypatch, capsys, tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "software.cfg").write_text("[buildout]\nparts =\n")
    monkeypatch.setenv("CBUILD_HOME", str(tmp_path / "file" / "store"))
    assert main.run(["software", str(tmp_path / "software.cfg"), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["reason"] == "bad-home"


def test_several_errors(capsys, tmp_path):
    (tmp_path / "p.cfg").write_text("[a]\nb\nc = 1\nd e = 2\n")
    assert main.run(["annotate", str(tmp_path / "p.cfg"), "--json"]) == 3
    document = json.loads(capsys.readouterr().out)
    assert [error["line"] for error in document["errors"]] == [2, 4]
    assert document["error"] == document["errors"][0]
    assert main.run(["annotate", str(tmp_path / "p.cfg")]) == 3
    assert capsys.readouterr().err.count("Error: ") == 2


def test_an_errors_own_place_is_said_once_and_from_here(capsys, tmp_path, monkeypatch):
    (tmp_path / "p.cfg").write_text("[buildout]\nextends = b.cfg\n")
    (tmp_path / "b.cfg").write_text("[buildout]\nextends =\n  p.cfg\n")
    monkeypatch.chdir(tmp_path)
    assert main.run(["annotate", "p.cfg"]) == 3
    assert capsys.readouterr().err.splitlines() == [
        "Error: p.cfg extends itself.",
        "  at b.cfg:3:3  [buildout] extends",
        "  from p.cfg",
        "    p.cfg",
        "    ^",
        "  p.cfg -> b.cfg -> p.cfg",
        "  -> Take p.cfg out of this extends.",
    ]


def test_an_error_where_the_directory_is_gone(capsys, tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert main.run(["nosuch"]) == 2
    assert "nosuch" in capsys.readouterr().err
