"""PyPI and its like through pip's configuration: ``pypi:NAME==VERSION``, and URLs in the layout of its file store.

pip itself can't be used to download: it runs a source distribution's code to read its metadata, and nothing that a
profile names runs on the host. So the index is read here (PEP 503, PEP 691), and only asked where pip would ask.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urljoin, urlsplit
from urllib.request import url2pathname

from cbuild.source.request import Request, redact
from cbuild.source.store import Expected, Store, Stored, chunks_of
from cbuild.source.unavailable import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cbuild.source.fetch import Downloader

ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"
LARGEST_INDEX = 64 << 20
# files/<hash of the file in three pieces>/NAME, and the older .../<python version or "source">/<letter>/<project>/NAME
_LAYOUT = re.compile(r"/packages/(?:[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{60}|[a-z0-9.]+/[A-Za-z0-9]/[^/]+)/[^/]+$")
_SOURCE = (".tar.gz", ".tar.bz2", ".tar.xz", ".zip")
_OPTION = re.compile(r"(?::env:|global|install|download)\.([a-z-]+)=(.*)")
_DEFAULT = re.compile(r"--index-url\s+<url>.*?\(default\s+(\S+?)\)", re.DOTALL)


@dataclass(frozen=True)
class Settings:
    """Where pip looks: URLs of indices, and directories or pages of links."""

    indices: tuple[str, ...]
    links: tuple[str, ...] = ()


@dataclass(frozen=True)
class Link:
    """One file of a project. sha256: what the index says, if it does."""

    filename: str
    url: str
    sha256: str | None


@dataclass
class PyPI:
    """The place. settings: instead of pip's own (read when first needed)."""

    store: Store
    downloader: Downloader
    settings: Settings | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def name(self, request: Request) -> str:
        """Return what errors call it."""
        return "pip's package index" if request.kind == "pypi" else f"pip's package index, {request.filename}"

    def serves(self, request: Request) -> bool:
        """Return whether the request names a distribution, or is a URL of PyPI's file store with a checksum."""
        if request.kind == "pypi":
            return True
        return request.checked and request.kind == "remote" and bool(_LAYOUT.search(urlsplit(request.url).path))

    def get(self, request: Request) -> Stored:
        """Return the distribution; the sha256 that the index gives is checked as well."""
        name, version = request.pypi if request.kind == "pypi" else (_project(request.filename), "")
        problems: list[str] = []
        for page, links in self._pages(name, problems):
            chosen = _choose(links, request, version)
            if chosen is None:
                problems.append(f"{redact(page)} has no {request.filename or version}")
            elif chosen.sha256 is None and not request.checked:
                problems.append(f"{redact(page)} gives no sha256 for {chosen.filename}, and the profile no checksum")
            else:
                return self._fetch(chosen, request)
        raise Unavailable("; ".join(problems) or "pip is configured with no index")

    def _fetch(self, link: Link, request: Request) -> Stored:
        expected = Expected(request.md5, request.sha256 or link.sha256)
        parts = urlsplit(link.url)
        if parts.scheme == "file":
            return self.store.add(chunks_of(Path(url2pathname(parts.path))), expected, f"pip's index, {link.filename}")
        return self.downloader.get(link.url, self.store, expected)

    def _pages(self, name: str, problems: list[str]) -> Iterator[tuple[str, list[Link]]]:
        """Give every page that has files of the project; each is asked only when those before it were no good."""
        with self._lock:
            self.settings = self.settings or pip_settings()
        project = re.sub(r"[-_.]+", "-", name).lower()
        pages = [f"{index.rstrip('/')}/{project}/" for index in self.settings.indices]
        for page in [*pages, *self.settings.links]:
            try:
                links = self._links(page)
            except (Unavailable, OSError, ValueError, KeyError, TypeError) as problem:
                problems.append(f"{redact(page)}: {problem}")
            else:
                yield page, links

    def _links(self, page: str) -> list[Link]:
        parts = urlsplit(page)
        if parts.scheme in {"", "file"}:
            return _local_links(Path(url2pathname(parts.path)))
        data, kind, url = self.downloader.text(page, ACCEPT, LARGEST_INDEX)
        return _json_links(data, url) if kind.endswith("+json") else _html_links(data, url)


def pip_settings() -> Settings:
    """Return what pip is configured with: its files, its environment variables, and its own default index."""
    options: dict[str, str] = {}
    for line in _pip("config", "list").splitlines():
        if match := _OPTION.fullmatch(line.strip()):
            # pip lists its files first and the environment last, as they override each other.
            options[match[1]] = str(ast.literal_eval(match[2]))
    for option in ("index-url", "extra-index-url", "find-links", "no-index"):
        if value := os.environ.get(f"PIP_{option.upper().replace('-', '_')}"):
            options[option] = value
    links = tuple(options.get("find-links", "").split())
    if options.get("no-index", "").lower() in {"1", "true", "yes", "on"}:
        return Settings((), links)
    index = options.get("index-url") or _default_index()
    return Settings((*([index] if index else []), *options.get("extra-index-url", "").split()), links)


def _default_index() -> str:
    match = _DEFAULT.search(_pip("download", "--help"))
    return match[1] if match else ""


def _pip(*arguments: str) -> str:
    for command in ([sys.executable, "-m", "pip"], ["pip3"], ["pip"]):
        try:
            # pip wraps its help to the terminal's width, URLs included.
            environment = {**os.environ, "COLUMNS": "200", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
            answer = subprocess.run(
                [*command, *arguments], capture_output=True, text=True, check=True, timeout=60, env=environment
            )
        except (OSError, subprocess.SubprocessError):
            continue
        return answer.stdout
    return ""


def _project(filename: str) -> str:
    """Return the project of a distribution's file: up to the version."""
    if filename.endswith(".whl"):
        return filename.partition("-")[0]
    stem = next((filename.removesuffix(end) for end in _SOURCE if filename.endswith(end)), filename)
    return stem.rpartition("-")[0]


def _choose(links: list[Link], request: Request, version: str) -> Link | None:
    if request.kind != "pypi":
        return next((link for link in links if link.filename == request.filename), None)
    mine = [link for link in links if _is(link.filename, request.pypi[0], version)]
    if request.sha256 and (exact := [link for link in mine if link.sha256 == request.sha256]):
        return exact[0]
    return min(mine, key=_preference, default=None)


def _preference(link: Link) -> tuple[int, str]:
    """Return what sorts a source distribution first, then a wheel for every machine; others by name."""
    for rank, end in enumerate((*_SOURCE, "-none-any.whl")):
        if link.filename.endswith(end):
            return rank, link.filename
    return len(_SOURCE) + 1, link.filename


def _is(filename: str, name: str, version: str) -> bool:
    from packaging.utils import (  # noqa: PLC0415 - the package must be importable with the standard library alone
        InvalidSdistFilename,
        InvalidWheelFilename,
        canonicalize_name,
        parse_sdist_filename,
        parse_wheel_filename,
    )
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415 - as above

    try:
        if filename.endswith(".whl"):
            project, found = parse_wheel_filename(filename)[:2]
        else:
            # The same rules hold for the older kinds of source distributions; only gzip and zip are known there.
            end = next((end for end in _SOURCE if filename.endswith(end)), None)
            if end is None:
                return False
            project, found = parse_sdist_filename(filename.removesuffix(end) + ".tar.gz")
        return project == canonicalize_name(name) and found == Version(version)
    except (InvalidSdistFilename, InvalidWheelFilename, InvalidVersion):
        return False


def _json_links(data: bytes, url: str) -> list[Link]:
    files = json.loads(data)["files"]
    return [Link(file["filename"], urljoin(url, file["url"]), file.get("hashes", {}).get("sha256")) for file in files]


def _html_links(data: bytes, url: str) -> list[Link]:
    parser = _Anchors()
    parser.feed(data.decode(errors="replace"))
    return [_link(urljoin(url, href)) for href in parser.found]


def _local_links(path: Path) -> list[Link]:
    index = path / "index.html" if path.is_dir() else path
    if index.is_file():
        return _html_links(index.read_bytes(), index.as_uri())
    return [_link(file.as_uri()) for file in sorted(path.iterdir()) if file.is_file()]


def _link(href: str) -> Link:
    url, _, fragment = href.partition("#")
    sha256 = fragment.removeprefix("sha256=") if fragment.startswith("sha256=") else None
    return Link(unquote(urlsplit(url).path.rpartition("/")[2]), url, sha256)


class _Anchors(HTMLParser):
    """The targets of a page's links."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if tag == "a" and name == "href" and value]
