"""The files that a profile is made of: each one read and parsed once (LANGUAGE.md, EXT)."""

from __future__ import annotations

import os
import posixpath
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from cbuild.errors import CbuildError, ProfileError, SourceError, together
from cbuild.profile import reading
from cbuild.profile.oldest import SEED, asks_for_seed, parse_seed
from cbuild.profile.problems import did_you_mean, excerpt, shorten
from cbuild.profile.seed import interpolate
from cbuild.profile.syntax import BASE_LOCATION, MAX_REPORTED, Parsed, decode, parse

if TYPE_CHECKING:
    from cbuild.profile.facts import Facts

Read = Callable[[str, Mapping[str, str]], bytes]
"""Returns the bytes at a URL; raises a CbuildError when it can't.

The second argument has the options of [buildout] that count while files are read (EXT-8): the user's defaults, the root
file's and the command line's, not those of the files that are extended.
"""

MAX_DEPTH = 5_000
MAX_FILES = 50_000
MAX_SIZE = 1 << 26
MAX_NAME = 4096
"""Characters of a URL, as of a path: a server that answers whatever it is asked could make relative names grow."""
NAMED = "Name the profile's file: -c FILE.cfg, or as the first word."
EXTENDED = "Names in extends are relative to the file that they are in."
BASE_REFERENCE = f"${{:{BASE_LOCATION}}}"

_E = TypeVar("_E", bound=CbuildError)
_IS_URL = re.compile(r"[a-zA-Z+]+://").match
_USER = re.compile(r"://[^/?#]*@")


@dataclass(eq=False)
class File:
    """A file of the profile. before: what it extends, in order; after: its ``extended-by``."""

    name: str
    directory: str
    parsed: Parsed
    before: list[File] = field(default_factory=list)
    after: list[File] = field(default_factory=list)


@dataclass(frozen=True)
class _Mention:
    """A file's name in an ``extends`` of another."""

    name: str
    option: str
    line: int | None


class Loader:
    """Reads files, each one once, however often and from wherever it is reached.

    read: returns what is at a URL. settings: options of [buildout] that the command line sets. below: the user's
    defaults, once they are read. files: what has been read, each after all that it extends.
    """

    def __init__(self, facts: Facts, read: Read | None = None, settings: Mapping[str, str] | None = None) -> None:
        self._facts = facts
        self._read = read
        self._settings = settings or {}
        self._known: dict[str, File] = {}
        self._problems: list[CbuildError] = []
        self.below: File | None = None
        self.files: list[File] = []

    @property
    def read_order(self) -> list[File]:
        """Return the files in the order in which they were read."""
        return list(self._known.values())

    def load(self, name: str) -> File:
        """Return the file called name (absolute, or a URL) with all that it extends.

        Raises ProfileError: ``missing-file``, ``cycle``, ``too-deep``, and what parsing raises; what reading a URL
        raises. What is wrong with further files is in the error's ``others``.
        """
        chain: list[File] = []
        pending: list[Iterator[_Mention]] = []
        entering: set[int] = set()

        def enter(name: str, mention: _Mention | None) -> File:
            file = self._open(name, chain, mention)
            chain.append(file)
            entering.add(id(file))
            pending.append(iter(_mentions(file)))
            if len(chain) > MAX_DEPTH or len(self._known) > MAX_FILES:
                raise ProfileError(
                    f"More than {MAX_DEPTH} files extend one another.",
                    reason="too-deep",
                    file=file.name,
                    chain=shorten(item.name for item in chain),
                    resolution="Extend fewer files.",
                )
            return file

        root = self._known.get(_identity(name)) or enter(name, None)
        while chain:
            file = chain[-1]
            mention = next(pending[-1], None)
            if mention is None:
                pending.pop()
                entering.discard(id(chain.pop()))
                self.files.append(file)
                continue
            target = self._target(file, mention)
            if target is None:
                continue
            found = self._known.get(_identity(target))
            if found is None:
                found = enter(target, mention)
            elif id(found) in entering:
                raise _cycle(mention, found, chain)
            (file.after if mention.option == "extended-by" else file.before).append(found)
        if self._problems:
            raise together(self._problems)
        return root

    def _target(self, file: File, mention: _Mention) -> str | None:
        """Return the absolute name of what is mentioned; None for an optional file that isn't there."""
        name, base = mention.name, file.directory
        if _IS_URL(name) or name.startswith("/"):
            return name
        while name.startswith("../"):
            # The fork takes leading `../` off and shortens the base, so that no location has any (SLP-1).
            name, base = name[3:], _parent(base)
        target = f"{base.rstrip('/')}/{name}"
        if mention.option == "optional-extends" and (_IS_URL(target) or _is_absent(target)):
            return None
        return target

    def _open(self, name: str, chain: list[File], mention: _Mention | None) -> File:
        try:
            data = self._fetch(name, chain, mention) if _IS_URL(name) else _read_local(name, chain, mention)
            text = decode(data, name)
            oldest = self._settings.get("dialect") == SEED or asks_for_seed(text)
            parsed = parse_seed(text, name) if oldest else parse(text, name, self._facts)
            interpolate(parsed, name, always=oldest)
        except CbuildError as error:
            for each in (error, *error.others):
                each.chain = each.chain or shorten(item.name for item in chain)
            self._problems.append(error)
            if len(self._problems) >= MAX_REPORTED:
                raise together(self._problems) from None
            parsed = Parsed()
        file = File(name, name.rpartition("/")[0] or "/", parsed)
        _set_base_location(file)
        self._known[_identity(name)] = file
        return file

    def _fetch(self, url: str, chain: list[File], mention: _Mention | None) -> bytes:
        if len(url) > MAX_NAME:
            endless = ProfileError(
                f"The URL {url[:200]}… has more than {MAX_NAME} characters.",
                reason="unreadable-file",
                resolution="Files that extend one another by ever longer names have no end.",
            )
            raise _placed(endless, chain, mention)
        parts = split_url(url)
        if parts is None:
            broken = SourceError(
                f"{_USER.sub('://', url)} is no URL that can be asked.",
                reason="url-unsupported",
                resolution="An IPv6 address stands in brackets: http://[::1]:8080/x.cfg.",
            )
            raise _placed(broken, chain, mention)
        if url.startswith("file://"):
            return _read_local(unquote(parts.path), chain, mention)
        if self._read is not None:
            try:
                return self._read(url, reading.settings(chain[0] if chain else None, self.below, self._settings))
            except CbuildError as error:
                if error.file is None:
                    _placed(error, chain, mention)
                raise
        unreadable = ProfileError(
            f"{url} is not a local file.",
            reason="remote-file",
            resolution="Download it, and name the local file in extends.",
        )
        raise _placed(unreadable, chain, mention)


def _is_absent(name: str) -> bool:
    """Return whether there is no such file; of one that can't be looked at, reading it will say why, and where."""
    try:
        return not Path(name).exists()
    except OSError:
        return False


def _read_local(name: str, chain: list[File], mention: _Mention | None) -> bytes:
    path = Path(name)
    try:
        _refuse_special(path.stat())
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = "missing-file" if isinstance(error, FileNotFoundError | NotADirectoryError) else "unreadable-file"
        near = did_you_mean(path.name, _beside(path)) if reason == "missing-file" else ""
        where = "" if mention is None else f", which {chain[-1].name} extends"
        what = "There is no file" if reason == "missing-file" else "Can't read"
        problem = ProfileError(
            f"{what} {name}{where}.",
            reason=reason,
            details="" if reason == "missing-file" else str(error),
            resolution=near or (EXTENDED if mention else NAMED),
        )
        raise _placed(problem, chain, mention, name) from None


def _beside(path: Path) -> list[str]:
    """Return the names in a file's directory, none if it can't be listed."""
    try:
        return os.listdir(path.parent)  # noqa: PTH208 - names are all that is needed
    except OSError:
        return []


def _refuse_special(found: os.stat_result) -> None:
    """Raise OSError for what can't be read to its end: a pipe, a device, a directory, an enormous file."""
    if not stat.S_ISREG(found.st_mode):
        raise OSError("not a regular file")
    if found.st_size > MAX_SIZE:
        raise OSError(f"larger than {MAX_SIZE} bytes")


def _placed(error: _E, chain: list[File], mention: _Mention | None, name: str | None = None) -> _E:
    """Say in an error where a file was asked for, and return it; name: the file, if nobody else asked for it."""
    error.chain = shorten(item.name for item in chain)
    if mention is None or not chain:
        error.file = name
        return error
    error.file, error.line, error.section, error.option = chain[-1].name, mention.line, "buildout", mention.option
    text = chain[-1].parsed.text
    for number in range(mention.line or 1, min(len(text), (mention.line or 1) + 1000) + 1):
        at = text[number - 1].find(mention.name)
        if at >= 0:
            error.line, error.column = number, at + 1
            error.details = f"{excerpt(text[number - 1], at + 1)}\n{error.details}".rstrip()
            break
    return error


def _mentions(file: File) -> list[_Mention]:
    """Take the names of other files out of [buildout] (EXT-6) and return them in the order of merging."""
    options = file.parsed.sections.get("buildout", {})
    lines = file.parsed.lines.get("buildout", {})
    return [
        _Mention(name, option, lines.get(option))
        for option in ("extends", "optional-extends", "extended-by")
        for name in options.pop(option, "").split()
    ]


def _set_base_location(file: File) -> None:
    """Give the sections that use it the file's directory (SLP-1)."""
    if not any(BASE_REFERENCE in line for line in file.parsed.text):
        return
    for section, options in file.parsed.sections.items():
        increments = file.parsed.increments.get(section, {})
        values = {**options, **{name: f"{item.add} {item.remove}" for name, item in increments.items()}}
        user = next((name for name, value in values.items() if BASE_REFERENCE in value), None)
        if user is not None:
            options[BASE_LOCATION] = file.directory
            lines = file.parsed.lines.setdefault(section, {})
            lines[BASE_LOCATION] = lines.get(user) or lines.get(f"{user} +") or 1


def _cycle(mention: _Mention, found: File, chain: list[File]) -> ProfileError:
    names = [item.name for item in chain]
    loop = [*names[chain.index(found) :], found.name]
    error = ProfileError(
        f"{found.name} extends itself.",
        reason="cycle",
        details=" -> ".join(shorten(loop)),
        resolution=f"Take {mention.name} out of this {mention.option}.",
    )
    return _placed(error, chain, mention)


def _parent(base: str) -> str:
    return base.rstrip("/").rpartition("/")[0] or ("" if _IS_URL(base) else "/")


def _identity(name: str) -> str:
    if not _IS_URL(name):
        return os.path.normpath(name)
    parts = split_url(name)
    return name if parts is None else urlunsplit(parts._replace(path=posixpath.normpath(parts.path or "/")))


def split_url(url: str) -> SplitResult | None:
    """Return a URL's parts; None if it has none: a bracket is missing, or the like."""
    try:
        return urlsplit(url)
    except ValueError:
        return None
