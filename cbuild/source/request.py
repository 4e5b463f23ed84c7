"""What a profile asks for: a URL, the checksums that it gives, and where in the profile it says so."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import unquote

from cbuild.errors import SourceError
from cbuild.source.url import redact, split

Kind = Literal["local", "remote", "debian", "pypi", "git"]

REMOTE = ("http", "https", "ftp")
_HEX = {"md5": re.compile(r"[0-9a-f]{32}"), "sha256": re.compile(r"[0-9a-f]{64}")}
# setuptools and slapos.recipe.cmmi's ``patches`` write the checksum behind the URL.
_FRAGMENT = re.compile(r"#(?:md5=|sha256=)?([0-9a-fA-F]{64}|[0-9a-fA-F]{32})$")
_DEBIAN = re.compile(r"debian:([a-z0-9][a-z0-9.+-]*)/([^/\s]+)")
_PYPI = re.compile(r"pypi:([A-Za-z0-9][A-Za-z0-9._-]*)(?:==([A-Za-z0-9][A-Za-z0-9._+!-]*)|/([^/\s]+))")
_GIT = re.compile(
    r"git\+(?P<url>(?:https?|ssh|git)://[^/\s#]+/[^\s#@]+|file:///[^\s#@]+)(?:@(?P<ref>[A-Za-z0-9_][^@\s#:]*))?(?P<plain>#no-submodules)?"
)
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


@dataclass(frozen=True)
class Git:
    """What ``git+URL@REF`` names: the repository, and a commit, branch or tag of it; with submodules or without."""

    url: str = ""
    ref: str = ""
    submodules: bool = True

    @property
    def pinned(self) -> bool:
        """Return whether ref is a commit, which never changes."""
        return bool(_COMMIT.fullmatch(self.ref))

    def at(self, commit: str) -> str:
        """Return the URL of another commit."""
        return f"git+{self.url}@{commit}{'' if self.submodules else '#no-submodules'}"


@dataclass(frozen=True)
class Request:
    """One source.

    url: ``http://``, ``https://``, ``ftp://``, ``file://``, an absolute path, ``debian:SOURCE/FILE``,
    ``pypi:NAME==VERSION``, ``pypi:NAME/FILE`` or ``git+URL@REF``. A checksum behind ``#`` is taken off and becomes md5
    or sha256.
    alternate: another http, https or ftp URL of the same file, or nothing.
    md5, sha256: hex digits (``sha256:`` in front is fine), or None.
    file, line, section, option: where the profile says so; they enter errors and nothing else.
    SourceError ``checksum-invalid`` or ``url-unsupported`` if it can't be meant.
    """

    url: str
    md5: str | None = None
    sha256: str | None = None
    file: str | None = None
    line: int | None = None
    section: str | None = None
    option: str | None = None
    alternate: str = ""

    def __post_init__(self) -> None:
        """Bring URL and checksums into one form."""
        url = self.url.strip()
        given = {"md5": self.md5, "sha256": self.sha256}
        if match := _FRAGMENT.search(url):
            url = url[: match.start()]
            name = "md5" if len(match[1]) == len("d41d8cd98f00b204e9800998ecf8427e") else "sha256"
            given[name] = given[name] or match[1]
        object.__setattr__(self, "url", url)
        for name, value in given.items():
            object.__setattr__(self, name, self._checksum(name, value))
        if self.kind is None:
            raise self.error(
                f"{redact(url) or 'an empty URL'} is not a source that cbuild can fetch",
                reason="url-unsupported",
                resolution="Use http(s)://, ftp://, file://, an absolute path, debian:SOURCE/FILE, pypi:NAME==VERSION,"
                " git+URL@COMMIT.",
            )

    def _checksum(self, name: str, value: str | None) -> str | None:
        """Return the hex digits in lower case, None if there are none."""
        digits = (value or "").strip().lower().removeprefix(f"{name}:")
        if not digits:
            return None
        if not _HEX[name].fullmatch(digits):
            raise self.error(
                f"{digits!r} is not an {name} checksum",
                reason="checksum-invalid",
                resolution=f"An {name} has {32 if name == 'md5' else 64} hexadecimal digits.",
            )
        return digits

    @property
    def kind(self) -> Kind | None:
        """Return how it is fetched; None if it can't be."""
        if self.url.startswith(("/", "file:///", "file://localhost/")):
            return "local"
        if _DEBIAN.fullmatch(self.url):
            return "debian"
        if _PYPI.fullmatch(self.url):
            return "pypi"
        if match := _GIT.fullmatch(self.url):
            return "git" if split(match["url"]).scheme else None
        parts = split(self.url)
        return "remote" if parts.scheme in REMOTE and parts.hostname else None

    @property
    def path(self) -> Path:
        """Return the path of a local source."""
        if self.url.startswith("/"):
            return Path(self.url)
        return Path(unquote(split(self.url).path))

    @property
    def checked(self) -> bool:
        """Return whether the request itself says what the right bytes are."""
        return bool(self.md5 or self.sha256)

    @property
    def filename(self) -> str:
        """Return the last component of the URL, unquoted: the name that a mirror or a download cache knows it by."""
        if self.kind == "pypi" and self.pypi[1]:
            return ""
        if self.kind == "git":
            name = unquote(split(self.git.url).path).rstrip("/").rpartition("/")[2].removesuffix(".git")
            return f"{name or 'repository'}.tar"
        path = self.url if self.kind in {"debian", "pypi"} else split(self.url).path
        # Unquoted first: %2F must not bring a directory in.
        name = unquote(path).rstrip("/").rpartition("/")[2]
        return "" if name in (".", "..") else name

    @property
    def debian(self) -> tuple[str, str]:
        """Return the source package and the file that ``debian:SOURCE/FILE`` names."""
        match = _DEBIAN.fullmatch(self.url)
        return (match[1], match[2]) if match else ("", "")

    @property
    def pypi(self) -> tuple[str, str]:
        """Return the name and the version that ``pypi:NAME==VERSION`` names; ``pypi:NAME/FILE`` names no version."""
        match = _PYPI.fullmatch(self.url)
        return (match[1], match[2] or "") if match else ("", "")

    @property
    def git(self) -> Git:
        """Return what ``git+URL@REF`` names; without a ref it is the repository's HEAD."""
        match = _GIT.fullmatch(self.url)
        return Git(match["url"], match["ref"] or "HEAD", not match["plain"]) if match else Git()

    @property
    def shown(self) -> str:
        """Return the URL for people and for files that are kept: without a password."""
        return redact(self.url)

    def error(self, brief: str, *, reason: str, details: str = "", resolution: str = "") -> SourceError:
        """Return an error that says where in the profile this request comes from."""
        return SourceError(
            brief,
            reason=reason,
            details=details,
            resolution=resolution,
            file=self.file,
            line=self.line,
            section=self.section,
            option=self.option,
        )
