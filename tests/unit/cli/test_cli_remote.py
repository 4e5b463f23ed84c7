"""Profiles at URLs: the commands read them alike; the web server is a real one, on loopback."""

import functools
import http.server
import json
import threading

import pytest

from cbuild.cli import common
from cbuild.cli.main import run


@pytest.fixture
def web(tmp_path, monkeypatch):
    """Serve tmp_path/web; the current directory is tmp_path/here."""
    for name in ("web", "here"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("CBUILD_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BUILDOUT_HOME", str(tmp_path))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=tmp_path / "web"))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    server.root, server.url = tmp_path / "web", f"http://127.0.0.1:{server.server_port}"
    yield server
    server.shutdown()
    server.server_close()


def document(capsys):
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def software(web):
    (web.root / "base.cfg").write_text("[s]\na = ${:_profile_base_location_}/x\n")
    (web.root / "software.cfg").write_text("[buildout]\nextends = base.cfg\nparts =\n[s]\nb = 1\n")
    return f"{web.url}/software.cfg"


def test_annotate_and_query_of_a_url(web, software, capsys, tmp_path):
    assert run(["annotate", software, "--json"]) == 0
    found = document(capsys)
    assert found["files"] == [software, f"{web.url}/base.cfg"]
    assert found["sections"]["s"]["a"] == f"{web.url}/x"
    assert found["origins"]["s"]["a"][0]["file"] == f"{web.url}/base.cfg"
    assert run(["query", software, "s:b"]) == 0
    assert capsys.readouterr().out == "1\n"
    assert run(["query", "-o", "-c", software, "s:b"]) == 0
    assert list((tmp_path / "here").iterdir()) == []


def test_the_server_is_gone(web, software, capsys):
    assert run(["query", software, "s:b"]) == 0
    web.shutdown()
    web.server_close()
    capsys.readouterr()
    assert run(["query", software, "s:b", "--json"]) == 4
    assert document(capsys)["error"]["reason"] == "source-missing"
    assert run(["query", "-o", software, "s:b"]) == 0
    capsys.readouterr()
    assert run(["query", "-o", f"{web.url}/other.cfg", "s:b", "--json"]) == 4
    assert document(capsys)["error"]["reason"] == "offline"


def test_pins_lie_beside_the_profile(web, software, tmp_path):
    open_profile = functools.partial(common.open_profile, config=None, user_defaults=False, pin=True)
    profile, _ = open_profile([software])
    assert profile.directory == tmp_path / "here"
    assert profile.name == software
    assert profile.path.name == "software.cfg"
    assert set(json.loads((tmp_path / "here" / "cbuild.lock").read_text())["sources"]) == {
        software,
        f"{web.url}/base.cfg",
    }
    profile, _ = open_profile([software, "buildout:directory=../there"])
    assert profile.directory.resolve() == tmp_path / "there"
    assert (tmp_path / "there" / "cbuild.lock").exists()
    (tmp_path / "local").mkdir()
    (tmp_path / "local" / "x.cfg").write_text(f"[buildout]\nextends = {web.url}/base.cfg\n")
    open_profile([str(tmp_path / "local" / "x.cfg")])
    assert list(json.loads((tmp_path / "local" / "cbuild.lock").read_text())["sources"]) == [f"{web.url}/base.cfg"]


def test_a_dry_run_pins_nothing(software, tmp_path):
    common.open_profile([software, "buildout:dry-run=true"], None, user_defaults=False, pin=True)
    assert list((tmp_path / "here").iterdir()) == []


def test_words_that_are_urls():
    line = common.split(["http://h/x.cfg?a=b", "s:u=http://h/y", "install"], None)
    assert (line.profile, line.assignments, line.rest) == ("http://h/x.cfg?a=b", ("s:u=http://h/y",), ("install",))
    assert common.split(["s"], "https://h/x").profile == "https://h/x"
