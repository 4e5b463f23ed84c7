"""What the source tree of a distribution says that it requires: read, and never run.

Unlike in a source distribution, nothing in a checkout has been written by a build. So this is what stands as plain text
or as literals in ``pyproject.toml``, ``setup.cfg`` or ``setup.py``, in this order; what a program computes isn't found.
"""

from __future__ import annotations

import ast
import configparser
import tarfile
import tomllib
from collections.abc import Callable
from pathlib import Path, PurePosixPath

Files = dict[str, str]


def declared(archive: Path, directory: str = "") -> tuple[str, ...]:
    """Return the requirements of the tree in a tar, none if it is no tar; directory: where, from the tree's top."""
    files = _files(archive, PurePosixPath(directory))
    for name, read in READERS.items():
        if name in files and (found := read(files[name])):
            return found
    return ()


def _files(archive: Path, directory: PurePosixPath) -> Files:
    """Return the texts of the files that say it; of several, those at the top."""
    found: dict[str, tuple[int, str]] = {}
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                path = PurePosixPath(member.name)
                depth = len(path.parts)
                inside = path.parent.parts[-len(directory.parts) :] == directory.parts or not directory.parts
                if path.name in READERS and inside and member.isfile() and depth < found.get(path.name, (99, ""))[0]:
                    stream = tar.extractfile(member)
                    found[path.name] = depth, stream.read().decode(errors="replace") if stream else ""
    except (tarfile.TarError, EOFError, OSError):
        return {}
    top = min((depth for depth, _ in found.values()), default=0)
    return {name: text for name, (depth, text) in found.items() if depth == top}


def _project(text: str) -> tuple[str, ...]:
    """Read ``pyproject.toml`` (PEP 621)."""
    try:
        return tuple(map(str, tomllib.loads(text).get("project", {}).get("dependencies", ())))
    except tomllib.TOMLDecodeError:
        return ()


def _configuration(text: str) -> tuple[str, ...]:
    """Read ``setup.cfg``."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return ()
    return _lines(parser.get("options", "install_requires", fallback=""))


def _program(text: str) -> tuple[str, ...]:
    """Read ``setup.py``: install_requires of the call of setup, a literal or a variable that is one."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return ()
    variables = {
        target.id: node.value
        for node in tree.body if isinstance(node, ast.Assign)
        for target in node.targets if isinstance(target, ast.Name)
    }  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "setup":
            for keyword in node.keywords:
                if keyword.arg == "install_requires":
                    value = keyword.value
                    return _literal(variables.get(value.id, value) if isinstance(value, ast.Name) else value)
    return ()


def _literal(node: ast.expr) -> tuple[str, ...]:
    try:
        value = ast.literal_eval(node)
    except ValueError:
        return ()
    return (
        _lines(value) if isinstance(value, str) else tuple(map(str, value)) if isinstance(value, list | tuple) else ()
    )


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())


READERS: dict[str, Callable[[str], tuple[str, ...]]] = {
    "pyproject.toml": _project,
    "setup.cfg": _configuration,
    "setup.py": _program,
}
