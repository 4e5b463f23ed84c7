"""Downloads with the standard library: short to give up, streaming, and a dead host is asked once a run."""

from __future__ import annotations

import http.client
import queue
import socket
import threading
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from cbuild.canonical import CHUNK
from cbuild.source.unavailable import Absent, Unavailable
from cbuild.source.url import redact, same_server, signed_in, split

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import IO

    from cbuild.source.store import Expected, Store, Stored

CONNECT = 5.0
"""Seconds for resolving a host's name and connecting to any of its addresses, all together."""
READ = 30.0
"""Seconds without a byte after which a connection is dead. Some forges make an archive only when asked for it."""
SAFE = "%/:=&?~#+!$,;'@()*[]"
AGENT = "cbuild"


class Downloader:
    """Fetches URLs. Shared by the threads of one run; remembers the hosts that didn't answer."""

    def __init__(self, *, connect: float = CONNECT, read: float = READ) -> None:
        self._dead: dict[str, str] = {}
        self._opener = urllib.request.build_opener(_Http(connect, read), _Https(connect, read), _Redirect())
        self._opener.addheaders = [("User-Agent", AGENT)]
        self._connect = connect
        self._read = read

    def get(self, url: str, store: Store, expected: Expected) -> Stored:
        """Return what the URL gives, in the store; Unavailable, or WrongChecksum."""
        return store.add(self.stream(url), expected, redact(url))

    def text(self, url: str, accept: str, limit: int) -> tuple[bytes, str, str]:
        """Return a small document: its bytes, content type, and the URL that it came from in the end."""
        with self._open(url, {"Accept": accept}) as response:
            try:
                data = response.read(limit + 1)
            except (OSError, http.client.HTTPException) as problem:
                raise Unavailable(f"the connection broke: {problem}") from None
            if len(data) > limit:
                raise Unavailable(f"more than {limit} bytes of index")
            _check_length(response, len(data))
            return data, response.headers.get_content_type(), response.url

    def stream(self, url: str) -> Iterator[bytes]:
        """Give the bytes of what the URL names; Unavailable at any point, also when they end too early."""
        with self._open(url, {}) as response:
            received = 0
            try:
                while chunk := response.read(CHUNK):
                    received += len(chunk)
                    yield chunk
            except (OSError, http.client.HTTPException) as problem:
                raise Unavailable(f"the connection broke after {received} bytes: {problem}") from None
        _check_length(response, received)

    def _open(self, url: str, headers: dict[str, str]) -> Any:  # noqa: ANN401 - urllib's responses have no common type
        host = split(redact(url)).netloc
        if not host:
            raise Unavailable("it is no URL that can be asked")
        if problem := self._dead.get(host):
            raise Unavailable(f"{problem} (not asked again in this run)")
        bare, authorization = signed_in(url)
        request = urllib.request.Request(quote(bare, safe=SAFE), headers=headers)  # noqa: S310 - the schemes are checked by Request
        _authorize(request, authorization)
        try:
            # ftp has this one limit for everything; http's connections have their own (below).
            return self._opener.open(request, timeout=self._connect if url.startswith("ftp:") else self._read)
        except urllib.error.HTTPError as error:
            with error:
                unavailable = Absent if error.code == http.client.NOT_FOUND else Unavailable
                raise unavailable(f"HTTP {error.code} {error.reason}") from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = str(getattr(error, "reason", "") or error) or type(error).__name__
            if isinstance(error, OSError):
                self._dead[host] = reason
            raise Unavailable(reason) from None


def _check_length(response: Any, received: int) -> None:  # noqa: ANN401 - as _open's
    """Unavailable if fewer bytes came than the server announced: a connection that was cut may look like an end."""
    announced = response.headers.get("Content-Length")
    if announced is not None and announced.isdigit() and int(announced) != received:
        raise Unavailable(f"the connection ended after {received} of {announced} bytes")


def connect_within(seconds: float, address: tuple[str, int]) -> socket.socket:
    """Return a connection to a host and port, or OSError after that many seconds at most.

    The resolver has no time limit of its own (a dead name server costs it half a minute), so it is asked in a thread.
    """
    end = time.monotonic() + seconds
    problem: OSError | None = None
    for family, kind, protocol, _, target in _resolve(address, seconds):
        left = end - time.monotonic()
        if left <= 0:
            break
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(left)
            connection.connect(target)
        except OSError as error:
            connection.close()
            problem = error
        else:
            return connection
    raise problem or TimeoutError(f"no connection within {seconds:g} s")


def _resolve(address: tuple[str, int], seconds: float) -> list[Any]:
    answers: queue.SimpleQueue[list[Any] | OSError | UnicodeError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(list(socket.getaddrinfo(*address, type=socket.SOCK_STREAM)))
        except (OSError, UnicodeError) as error:  # UnicodeError: a label is empty, or longer than 63 bytes
            answers.put(error)

    threading.Thread(target=ask, daemon=True, name="cbuild-resolve").start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"the name {address[0]} did not resolve within {seconds:g} s") from None
    if not isinstance(answer, list):
        raise answer
    return answer


def _connector(connect: float, read: float) -> Callable[..., socket.socket]:
    def create(address: tuple[str, int], timeout: object = None, source: object = None) -> socket.socket:
        del timeout, source
        connection = connect_within(connect, address)
        connection.settimeout(read)
        return connection

    return create


def _authorize(request: urllib.request.Request, authorization: str) -> None:
    if authorization:
        # urllib sends all other headers to whatever host it is redirected to.
        request.add_unredirected_header("Authorization", authorization)


class _Redirect(urllib.request.HTTPRedirectHandler):
    """Redirects that keep user name and password on their server, and take those that a new URL has."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        bare, authorization = signed_in(newurl)
        request = super().redirect_request(req, fp, code, msg, headers, bare)
        if request is not None:
            known = req.get_header("Authorization", "") if same_server(req.full_url, bare) else ""
            _authorize(request, authorization or known)
        return request


class _Http(urllib.request.HTTPHandler):
    """HTTP with a time limit for the connection that is not the one for reading."""

    def __init__(self, connect: float, read: float) -> None:
        super().__init__()
        self._connector = _connector(connect, read)

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        def connection(host: str, **options: Any) -> http.client.HTTPConnection:  # noqa: ANN401 - passed on as they are
            made = http.client.HTTPConnection(host, **options)
            made._create_connection = self._connector  # type: ignore[attr-defined]  # noqa: SLF001 - the one hook that HTTPConnection has for it
            return made

        return self.do_open(connection, req)


class _Https(urllib.request.HTTPSHandler):
    """The same for HTTPS; certificates are checked as ssl's default context does (SSL_CERT_FILE and the like)."""

    def __init__(self, connect: float, read: float) -> None:
        super().__init__()
        self._connector = _connector(connect, read)

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        def connection(host: str, **options: Any) -> http.client.HTTPSConnection:  # noqa: ANN401 - passed on as they are
            made = http.client.HTTPSConnection(host, **options)
            made._create_connection = self._connector  # type: ignore[attr-defined]  # noqa: SLF001 - the one hook that HTTPConnection has for it
            return made

        return self.do_open(connection, req)
