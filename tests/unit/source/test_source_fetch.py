"""What comes over a connection is whole, or it hasn't come."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cbuild.source.fetch import Downloader
from cbuild.source.unavailable import Unavailable

PAGE = b"<a href='a-1.0.tar.gz'>a</a>"


@pytest.fixture
def cut():
    """The URL of two pages that end in the middle: `/length` announced more, and so did the chunk of `/chunked`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.send_response(200)
            if self.path == "/length":
                self.send_header("Content-Length", str(len(PAGE) + 10))
            else:
                self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(PAGE if self.path == "/length" else b"40\r\n" + PAGE)
            self.close_connection = True

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.mark.parametrize("how", ["length", "chunked"])
def test_half_a_page_is_not_believed(cut, how):
    with pytest.raises(Unavailable, match="the connection"):
        Downloader().text(f"{cut}/{how}", "text/html", 1 << 20)


@pytest.mark.parametrize("how", ["length", "chunked"])
def test_half_a_file_is_not_believed(cut, how):
    with pytest.raises(Unavailable, match="the connection"):
        list(Downloader().stream(f"{cut}/{how}"))
