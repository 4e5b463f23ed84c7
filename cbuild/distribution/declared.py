"""What the source tree of a distribution says that it requires: read, and never run.

Unlike in a source distribution, nothing in a checkout has been written by a build. So this is what stands as plain text
or as literals in ``pyproject.toml``, ``setup.cfg`` or ``setup.py``, in this order; what a program computes isn't found.
"""

from __future__ import annotations

import ast
import configparser
import lzma
import tarfile
import tomllib
import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache, partial
from pathlib import Path, PurePosixPath

UNREADABLE = (
    tarfile.TarError, lzma.LZMAError, zlib.error, configparser.Error,  # no errors of Python's own, as others are
    OSError, EOFError, ValueError, TypeError, AttributeError, SyntaxError, RecursionError,
    MemoryError,  # what a text that is nested too deep is for the parser
)  # fmt: skip
"""What reading somebody's files may end in: then they say nothing."""

Files = dict[str, str]
Readers = dict[str, Callable[[str], Iterable[str]]]


@cache
def declared(archive: Path, directory: str = "") -> tuple[str, ...]:
    """Return the requirements of the tree in a tar, none if it is no tar; directory: where, from the tree's top.

    What is no requirement (``file: requirements.txt``, which setuptools would read) is left out.
    """
    try:
        files = _files(archive, PurePosixPath(directory))
    except UNREADABLE:
        return ()
    return _first(READERS, files)


def setup_requires(files: Files) -> tuple[str, ...]:
    """Return what setuptools wants besides to build a tree, as its files (by name) have it in plain words."""
    return _first(BUILD_READERS, files)


def _first(readers: Readers, files: Files) -> tuple[str, ...]:
    for name, read in readers.items():
        if name in files and (found := _requirements(read, files[name])):
            return found
    return ()


def _requirements(read: Callable[[str], Iterable[str]], text: str) -> tuple[str, ...]:
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415 - where it is needed only

    found = []
    try:
        for line in read(text):
            with suppress(InvalidRequirement):
                found.append(str(Requirement(line.partition(" #")[0].strip())))
    except UNREADABLE:
        return ()
    return tuple(found)


def _files(archive: Path, directory: PurePosixPath) -> Files:
    """Return the texts of the files that say it; of several, those at the top."""
    found: dict[str, tuple[int, str]] = {}
    with tarfile.open(archive) as tar:
        for member in tar:
            path = PurePosixPath(member.name)
            depth = len(path.parts)
            inside = path.parent.parts[-len(directory.parts) :] == directory.parts or not directory.parts
            if path.name in READERS and inside and member.isfile() and depth < found.get(path.name, (99, ""))[0]:
                stream = tar.extractfile(member)
                found[path.name] = depth, stream.read().decode(errors="replace") if stream else ""
    top = min((depth for depth, _ in found.values()), default=0)
    return {name: text for name, (depth, text) in found.items() if depth == top}


def _project(text: str) -> Iterable[str]:
    """Read ``pyproject.toml`` (PEP 621)."""
    found = tomllib.loads(text).get("project", {}).get("dependencies", [])
    return map(str, found) if isinstance(found, list) else ()


def _configuration(text: str, option: str = "install_requires") -> Iterable[str]:
    """Read an option of ``setup.cfg``; requirements are lines, or words between semicolons."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.read_string(text)
    value = parser.get("options", option, fallback="")
    return value.splitlines() if "\n" in value else value.split(";")


def _program(text: str, option: str = "install_requires") -> Iterable[str]:
    """Read ``setup.py``: an argument of the call of setup, a literal or a variable that is one."""
    tree = ast.parse(text)
    variables = {
        target.id: node.value
        for node in tree.body if isinstance(node, ast.Assign)
        for target in node.targets if isinstance(target, ast.Name)
    }  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "setup":
            for keyword in node.keywords:
                if keyword.arg == option:
                    value = keyword.value
                    return _literal(variables.get(value.id, value) if isinstance(value, ast.Name) else value)
    return ()


def _literal(node: ast.expr) -> Iterable[str]:
    value = ast.literal_eval(node)
    return value.splitlines() if isinstance(value, str) else map(str, value) if isinstance(value, list | tuple) else ()


READERS: Readers = {
    "pyproject.toml": _project,
    "setup.cfg": _configuration,
    "setup.py": _program,
}

BUILD_READERS: Readers = {
    "setup.cfg": partial(_configuration, option="setup_requires"),
    "setup.py": partial(_program, option="setup_requires"),
}
