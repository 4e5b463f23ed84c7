"""What a place to look for a source is, and the plain ones: a download cache, the URL itself, mirrors."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote
from urllib.request import url2pathname

from cbuild.errors import UsageError
from cbuild.source.request import REMOTE, Request
from cbuild.source.store import Expected, Store, Stored, WrongChecksum, chunks_of, sums_of
from cbuild.source.unavailable import Unavailable
from cbuild.source.url import redact, split

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cbuild.source.fetch import Downloader


class Place(Protocol):
    """Somewhere to look."""

    def name(self, request: Request) -> str:
        """Return what errors call this place for this request."""
        ...

    def serves(self, request: Request) -> bool:
        """Return whether it is worth asking for this request at all."""
        ...

    def get(self, request: Request) -> Stored:
        """Return it, in the store, checked against the request; Unavailable or WrongChecksum otherwise."""
        ...


@dataclass(frozen=True)
class Directory:
    """A directory of files: buildout's ``download-cache``, or a mirror.

    A file is looked for by the last component of the URL, by the md5 of the URL (both are buildout's names,
    LANGUAGE.md DLD), and by its own checksums. It counts only with the right checksum.
    """

    path: Path
    store: Store
    what: str

    def name(self, request: Request) -> str:
        """Return what errors call it."""
        del request
        return f"{self.what} {self.path}"

    def serves(self, request: Request) -> bool:
        """Return whether the request has a checksum: without one a name proves nothing."""
        return request.checked

    def get(self, request: Request) -> Stored:
        """Return it; Unavailable with what is there instead."""
        wrong = ""
        expected = Expected(request.md5, request.sha256)
        for candidate in self._candidates(request):
            if not os.path.isfile(candidate):  # noqa: PTH113 - Path.is_file raises for a name that is too long
                continue
            if expected.admits(sums_of(candidate)):
                return self.store.add(chunks_of(candidate), expected, f"{self.what} {candidate}")
            wrong = wrong or f"{candidate.name} is there with another checksum"
        raise Unavailable(wrong or "not there")

    def _candidates(self, request: Request) -> Iterator[Path]:
        url = hashlib.md5(request.url.encode(), usedforsecurity=False).hexdigest()
        for name in (request.filename, url, request.md5, request.sha256):
            if name and name not in {".", ".."} and "/" not in name:
                yield self.path / name
                # zc.buildout keeps distributions in a directory of their own.
                yield self.path / "dist" / name


@dataclass(frozen=True)
class Itself:
    """The URL that the profile names."""

    store: Store
    downloader: Downloader

    def name(self, request: Request) -> str:
        """Return the URL."""
        return request.shown

    def serves(self, request: Request) -> bool:
        """Return whether it is a URL at all."""
        return request.kind == "remote"

    def get(self, request: Request) -> Stored:
        """Return what the URL gives."""
        return self.downloader.get(request.url, self.store, Expected(request.md5, request.sha256))


@dataclass(frozen=True)
class Alternate:
    """The other URL that the profile names (``alternate-url``)."""

    store: Store
    downloader: Downloader

    def name(self, request: Request) -> str:
        """Return the URL."""
        return redact(request.alternate)

    def serves(self, request: Request) -> bool:
        """Return whether there is one."""
        return split(request.alternate).scheme in REMOTE

    def get(self, request: Request) -> Stored:
        """Return what it gives; another answer than the right one is as good as none."""
        try:
            return self.downloader.get(request.alternate, self.store, Expected(request.md5, request.sha256))
        except WrongChecksum as problem:
            raise Unavailable(f"another file: {problem}") from None


@dataclass(frozen=True)
class Template:
    """A mirror over HTTP, ``https://mirror/{sha256}``; ``{md5}`` and ``{name}`` (the file's) stand in it as well."""

    template: str
    store: Store
    downloader: Downloader

    def name(self, request: Request) -> str:
        """Return the URL that is asked."""
        return redact(self._url(request))

    def serves(self, request: Request) -> bool:
        """Return whether the request has a checksum and all that the template asks for."""
        values = {"{sha256}": request.sha256, "{md5}": request.md5, "{name}": request.filename}
        return request.checked and all(value for field, value in values.items() if field in self.template)

    def get(self, request: Request) -> Stored:
        """Return it; another answer than the right one is as good as none."""
        try:
            return self.downloader.get(self._url(request), self.store, Expected(request.md5, request.sha256))
        except WrongChecksum as problem:
            raise Unavailable(f"another file: {problem}") from None

    def _url(self, request: Request) -> str:
        url = self.template.replace("{sha256}", request.sha256 or "").replace("{md5}", request.md5 or "")
        return url.replace("{name}", quote(request.filename))


def mirror(spec: str, store: Store, downloader: Downloader) -> Place:
    """Return the mirror that a line of the configuration names; UsageError ``mirror`` if it can't be one."""
    check_mirror(spec)
    if spec.startswith("/"):
        return Directory(Path(spec), store, "mirror")
    parts = split(spec)
    if parts.scheme == "file":
        return Directory(Path(url2pathname(parts.path)), store, "mirror")
    return Template(spec, store, downloader)


def is_mirror(spec: str) -> bool:
    """Return whether it can be a mirror."""
    parts = split(spec)
    named = any(field in spec for field in ("{sha256}", "{md5}", "{name}"))
    return spec.startswith("/") or parts.scheme == "file" or bool(parts.scheme in REMOTE and parts.hostname and named)


def check_mirror(spec: str) -> None:
    """Raise UsageError ``mirror`` for what can't be one."""
    if not is_mirror(spec):
        raise UsageError(
            f"{redact(spec)!r} is not a mirror",
            reason="mirror",
            resolution="A mirror is an absolute directory, or a URL with {sha256}, {md5} or {name} in it.",
        )
