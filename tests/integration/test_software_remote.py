"""A profile at a URL: fetched once, pinned, and built again when the server is gone."""

from __future__ import annotations

import functools
import http.server
import json
import threading

import pytest
from software_fixtures import Store, command_part, one_engine, project, statuses

BASE = command_part("one", "cp /dev/null ${:location}/empty")
PROFILE = "[buildout]\nextends = parts/base.cfg\nparts = one\n"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def web(tmp_path):
    """Serve tmp_path/web on loopback; the attributes root and url say where."""
    root = project(tmp_path / "web", PROFILE)
    project(root / "parts", "", base_cfg=BASE)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=root))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    server.root, server.url = root, f"http://127.0.0.1:{server.server_port}"
    yield server
    server.shutdown()
    server.server_close()


@one_engine
def test_a_profile_at_a_url(store: Store, web, tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    (directory := tmp_path / "here").mkdir()
    url = f"{web.url}/software.cfg"
    first = store.build(directory, url)
    assert statuses(first) == {"one": "built"}
    assert first["profile"] == url
    assert first["state"] == str(directory / ".installed.cfg")
    pinned = json.loads((directory / "cbuild.lock").read_text())["sources"]
    assert set(pinned) == {url, f"{web.url}/parts/base.cfg"}

    # Whoever publishes something else under the same name changes nothing here, until it is asked for.
    (web.root / "parts" / "base.cfg").write_text(BASE.replace("empty", "other"))
    assert statuses(store.build(directory, url)) == {"one": "cached"}
    changed = store.build(directory, url, "--update-lock")
    assert statuses(changed) == {"one": "built"}
    assert store.files(changed, "one") == {"parts/one/other": b""}

    web.shutdown()
    web.server_close()
    gone = store.build(directory, url, "--locked", "-o")
    assert gone["image"]["digest"] == changed["image"]["digest"]
    assert store.fail(directory, f"{web.url}/never.cfg", "-o", code=4)["reason"] == "offline"
