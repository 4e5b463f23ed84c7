"""What a distribution's file says about itself, read and never run.

A source distribution's dependencies are those that its author's build wrote into it, into ``PKG-INFO`` or setuptools'
``requires.txt``. Only running its ``setup.py`` could tell others.
"""

from __future__ import annotations

import re
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from pathlib import Path

from cbuild.distribution import declared

LARGEST = 4 << 20
"""Bytes of one file of metadata."""

SETUPTOOLS = ("setuptools", "wheel")
"""What builds a source distribution that doesn't say (PEP 517); setuptools before 70.1 needs wheel for it."""

_WANTED = re.compile(
    r"[^/]+\.dist-info/METADATA|[^/]+/(?:PKG-INFO|pyproject\.toml|setup\.py|setup\.cfg)"
    r"|(?:[^/]+/){1,3}[^/]+\.egg-info/requires\.txt"
)
_SECTION = re.compile(r"\[([^:\]]*)(?::(.*))?\]")


@dataclass(frozen=True)
class Metadata:
    """requires: requirements, with markers; python: ``Requires-Python``; build: what it takes to build it."""

    requires: tuple[str, ...] = ()
    python: str = ""
    build: tuple[str, ...] = ()


def read(path: Path, filename: str) -> Metadata:
    """Return the metadata of the wheel or source distribution at path; ValueError if it is none."""
    try:
        found = dict(_zipped(path) if filename.endswith((".whl", ".zip")) else _tarred(path))
        return _wheel(found) if filename.endswith(".whl") else _source(found)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, OSError, ValueError, TypeError, AttributeError) as problem:
        raise ValueError(f"{filename} is damaged: {problem}") from None


def _wheel(found: dict[str, bytes]) -> Metadata:
    data = next((data for name, data in found.items() if name.endswith(".dist-info/METADATA")), None)
    if data is None:
        raise ValueError("it has no METADATA")
    message = message_from_bytes(data)
    return Metadata(_all(message), message.get("Requires-Python", ""))


def _source(found: dict[str, bytes]) -> Metadata:
    message = message_from_bytes(_named(found, "/PKG-INFO"))
    project = tomllib.loads(_named(found, "/pyproject.toml").decode(errors="replace"))
    system = project.get("build-system", {})
    build = [*map(str, system.get("requires", SETUPTOOLS))]
    if str(system.get("build-backend", "setuptools")).startswith("setuptools"):
        # What its hook get_requires_for_build_wheel says besides; it can't fetch in a builder.
        build += [each for each in _setup_requires(found) if each not in build]
    requires = _all(message) or tuple(_setuptools(_named(found, "/requires.txt").decode(errors="replace")))
    return Metadata(requires, message.get("Requires-Python", ""), tuple(build))


def _setup_requires(found: dict[str, bytes]) -> tuple[str, ...]:
    texts = {name: _named(found, f"/{name}").decode(errors="replace") for name in ("setup.cfg", "setup.py")}
    return declared.setup_requires(texts)


def _named(found: dict[str, bytes], end: str) -> bytes:
    return next((data for name, data in found.items() if name.endswith(end)), b"")


def _all(message: Message) -> tuple[str, ...]:
    return tuple(" ".join(str(value).split()) for value in message.get_all("Requires-Dist", []))


def _setuptools(text: str) -> Iterator[str]:
    """Give the lines of a ``requires.txt`` as requirements: ``[extra:marker]`` stands before those that it is for."""
    markers: list[str] = []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        if header := _SECTION.fullmatch(line):
            markers = [f"extra == '{header[1]}'"] if header[1] else []
            markers += [f"({header[2]})"] if header[2] else []
        else:
            yield f"{line} ; {' and '.join(markers)}" if markers else line


def _zipped(path: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if _WANTED.fullmatch(member.filename) and member.file_size <= LARGEST:
                yield member.filename, archive.read(member)


def _tarred(path: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(path) as archive:
        for member in archive:
            name = member.name.removeprefix("./")
            if _WANTED.fullmatch(name) and member.isfile() and member.size <= LARGEST:
                stream = archive.extractfile(member)
                yield name, stream.read() if stream else b""
