"""Indices of Python distributions, as pip is configured with them: which files a project has (PEP 503, PEP 691).

pip itself can't be used to look or to download: it runs a source distribution's code to read its metadata, and nothing
that a profile names runs on the host. So indices are read here, and only asked where pip would ask.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import threading
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urljoin, urlsplit
from urllib.request import url2pathname

from cbuild.source.pypi import SOURCES
from cbuild.source.unavailable import Absent, Unavailable
from cbuild.source.url import redact, split, with_user

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cbuild.source.fetch import Downloader

ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"
LARGEST_INDEX = 64 << 20
FILES = (".whl", *SOURCES)
"""What a link ends with that is no page, but a distribution itself, as setuptools and pip take it."""
_OPTION = re.compile(r"(?::env:|global|install|download)\.([a-z-]+)=(.*)")
_DEFAULT = re.compile(r"--index-url\s+<url>.*?\(default\s+(\S+?)\)", re.DOTALL)


@dataclass(frozen=True)
class Settings:
    """Where to look: URLs of indices; and links: directories, pages, or files themselves."""

    indices: tuple[str, ...]
    links: tuple[str, ...] = ()


@dataclass(frozen=True)
class Link:
    """One file of a project. sha256, python: its hash and the Pythons that it is for, if the index says so.

    yanked: its author has taken it back; only who names the very version gets it (PEP 592).
    """

    filename: str
    url: str
    sha256: str | None = None
    python: str = ""
    yanked: bool = False


@dataclass(frozen=True)
class Problem:
    """Why a page gave nothing. unasked: what it has nobody knows; otherwise it said that it has nothing."""

    text: str
    unasked: bool = False


@dataclass
class Index:
    """All that is configured, as one. links, index: a profile's ``find-links`` and ``index``, which go first.

    settings: instead of pip's own (read when first needed). A page is asked for once a run.
    """

    downloader: Downloader
    links: Sequence[str] = ()
    index: str = ""
    settings: Settings | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _known: dict[str, list[Link]] = field(default_factory=dict)

    def pages(self, project: str, problems: list[Problem]) -> Iterator[tuple[str, list[Link]]]:
        """Give every page that may have files of the project, with its links; each is asked only when it is wanted.

        problems: gets what those said that couldn't be read.
        """
        name = re.sub(r"[-_.]+", "-", project).lower()
        settings = self._settings()
        for page in [*self.links, *(f"{index.rstrip('/')}/{name}/" for index in settings.indices), *settings.links]:
            try:
                with self._lock:
                    if page not in self._known:
                        self._known[page] = self._read(page)
            except (Unavailable, OSError, ValueError, KeyError, TypeError) as problem:
                # A directory of an index is to files what a page is to a server.
                unasked = not isinstance(problem, Absent | FileNotFoundError | NotADirectoryError)
                problems.append(Problem(f"{redact(page)}: {problem}", unasked))
            else:
                yield page, self._known[page]

    def _settings(self) -> Settings:
        """Return where to look; an index of the profile's takes the place of pip's, as in buildout."""
        with self._lock:
            if self.settings is None:
                self.settings = Settings((self.index,)) if self.index else pip_settings()
            return self.settings

    def _read(self, page: str) -> list[Link]:
        parts = split(page)
        if parts.scheme == "file" or "://" not in page:
            return _local_links(Path(url2pathname(parts.path)))
        if parts.path.endswith(FILES):
            return [_link(page, {})]
        data, kind, url = self.downloader.text(page, ACCEPT, LARGEST_INDEX)
        links = _json_links(data, url) if kind.endswith("+json") else _html_links(data, url)
        # As pip does: whoever may see the page may have its files.
        return [replace(link, url=with_user(link.url, page)) for link in links]


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


def _json_links(data: bytes, url: str) -> list[Link]:
    return [
        Link(
            file["filename"],
            urljoin(url, file["url"]),
            file.get("hashes", {}).get("sha256"),
            file.get("requires-python") or "",
            bool(file.get("yanked")),
        )
        for file in json.loads(data)["files"]
    ]


def _html_links(data: bytes, url: str) -> list[Link]:
    parser = _Anchors()
    parser.feed(data.decode(errors="replace"))
    return [_link(urljoin(url, anchor["href"] or ""), anchor) for anchor in parser.found]


def _local_links(path: Path) -> list[Link]:
    if path.is_file() and path.name.endswith(FILES):
        return [_link(path.as_uri(), {})]
    index = path / "index.html" if path.is_dir() else path
    if index.is_file():
        return _html_links(index.read_bytes(), index.as_uri())
    return [_link(file.as_uri(), {}) for file in sorted(path.iterdir()) if file.is_file()]


def _link(href: str, anchor: dict[str, str | None]) -> Link:
    url, _, fragment = href.partition("#")
    sha256 = fragment.removeprefix("sha256=") if fragment.startswith("sha256=") else None
    python = anchor.get("data-requires-python") or ""
    return Link(unquote(urlsplit(url).path.rpartition("/")[2]), url, sha256, python, "data-yanked" in anchor)


class _Anchors(HTMLParser):
    """A page's links, each with its attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "a" and attributes.get("href"):
            self.found.append(attributes)
