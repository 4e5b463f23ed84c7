import json

import pytest

from cbuild.cli.main import run

PROFILE = "[buildout]\nextends = b.cfg\nparts = x\n[s]\na += 2\nb = ${t:nope}\n[x]\nrecipe = r\n"


@pytest.fixture
def place(tmp_path, monkeypatch):
    (tmp_path / "software.cfg").write_text(PROFILE)
    (tmp_path / "b.cfg").write_text("[s]\na = 1\n[t]\nnop = ${buildout:directory}\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BUILDOUT_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "default.cfg").write_text("[user]\nu = 1\n")
    return tmp_path


@pytest.mark.usefixtures("place")
def test_annotate_as_json(capsys):
    assert run(["annotate", "--json", "s:c=3"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["sections"]["s"] == {"a": "1\n2", "c": "3"}
    assert found["sections"]["t"] == {"nop": "/opt/cbuild"}
    assert found["sections"]["user"] == {"u": "1"}
    assert found["parts"] == ["x"]
    assert found["files"][:2] == ["software.cfg", "b.cfg"]
    assert [item["line"] for item in found["origins"]["s"]["a"]] == [2, 5]
    assert found["unresolved"]["s"]["b"].startswith("missing-option: ")


@pytest.mark.usefixtures("place")
def test_annotate_for_people(capsys):
    assert run(["annotate", "-U", "software.cfg", "s"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "[s]",
        "a = 1",
        "    2",
        "    # =  b.cfg:2",
        "    # += software.cfg:5",
        "b ! missing-option: There is no option 'nope' in [t].",
        "    # =  software.cfg:6",
        "",
        "# parts, in order: x",
        "# 2 files",
    ]


@pytest.mark.usefixtures("place")
def test_query(capsys):
    assert run(["query", "-c", "software.cfg", "s:a"]) == 0
    assert capsys.readouterr().out == "1\n2\n"
    assert run(["query", "parts-directory"]) == 0
    assert capsys.readouterr().out == "/opt/cbuild/parts\n"
    assert run(["query", "--json", "s:a"]) == 0
    assert json.loads(capsys.readouterr().out)["origins"][1]["op"] == "+="


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        (["query", "s:aa"], 3, "missing-option"),
        (["query", "ss:a"], 3, "missing-section"),
        (["query"], 2, "bad-query"),
        (["query", "s:a", "s:b"], 2, "bad-query"),
        (["annotate", "nosuch"], 3, "missing-section"),
        (["annotate", "nosuch.cfg"], 3, "missing-file"),
        (["annotate", "a:b:c=1"], 2, "bad-assignment"),
    ],
)
def test_errors(capsys, words, code, reason):
    assert run([*words, "--json"]) == code
    assert json.loads(capsys.readouterr().out)["error"]["reason"] == reason


@pytest.mark.usefixtures("place")
def test_an_error_for_people(capsys):
    assert run(["query", "s:b"]) == 3
    assert capsys.readouterr().err.splitlines() == [
        "Error: There is no option 'nope' in [t].",
        "  at software.cfg:6:5  [s] b",
        "  b = ${t:nope}",
        "      ^",
        "  -> Did you mean 'nop'?",
    ]
