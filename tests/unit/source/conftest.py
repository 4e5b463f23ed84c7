"""A web server on loopback, and sources below a temporary directory."""

from __future__ import annotations

import threading
from base64 import b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cbuild.source.sources import Sources
from cbuild.state.home import Home


class Site:
    """files: path -> bytes, or a status to answer with. asked: the paths that were asked for, in order.

    user: "name:password" without which nothing is answered, if it is set. authorized: host and path of each request,
    and the Authorization header that it came with.
    """

    def __init__(self):
        self.files = {}
        self.redirects = {}
        self.types = {}
        self.short = set()
        self.hang = set()
        self.release = threading.Event()
        self.asked = []
        self.user = ""
        self.authorized = []
        self.agents = set()
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                site.asked.append(self.path)
                site.agents.add(self.headers["User-Agent"])
                authorization = self.headers["Authorization"]
                site.authorized.append((self.headers["Host"].partition(":")[0] + self.path, authorization))
                if site.user and authorization != "Basic " + b64encode(site.user.encode()).decode():
                    self.send_error(401)
                    return
                if self.path in site.redirects:
                    self.send_response(302)
                    self.send_header("Location", site.redirects[self.path])
                    self.end_headers()
                    return
                answer = site.files.get(self.path, 404)
                if isinstance(answer, int):
                    self.send_error(answer)
                    return
                self.send_response(200)
                self.send_header("Content-Type", site.types.get(self.path, "application/octet-stream"))
                self.send_header("Content-Length", str(len(answer) + (10 if self.path in site.short else 0)))
                self.end_headers()
                if self.path in site.hang:
                    self.wfile.write(answer[: 2 << 20])
                    self.wfile.flush()
                    site.release.wait(10)
                    return
                self.wfile.write(answer)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def site(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    made = Site()
    yield made
    made.release.set()
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


@pytest.fixture
def events():
    return []


@pytest.fixture
def make(home, events):
    """Return a function that makes Sources which never leave this machine."""

    def make(**options):
        return Sources(home, **{"debian": False, "report": events.append, **options})

    return make
