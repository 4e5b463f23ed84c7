"""What a part must have made: slapos.recipe.build's option slapos_promise (SLAPOS.md 1.3)."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from cbuild.recipe.api import UserError

_DYNAMIC = re.compile(r"\((NEEDED|RPATH|RUNPATH)\).*\[(.*)\]")


def check(text: str, location: Path) -> None:
    """Check each line of text; UserError with all that don't hold.

    A line is ``file:PATH``, ``statlib:PATH``, ``directory:PATH`` (below location), or
    ``dynlib:PATH linked:A,B [rpath:X,!/lib]`` (``!`` is location).
    """
    broken = [
        problem for line in filter(None, map(str.strip, text.splitlines())) if (problem := _broken(line, location))
    ]
    if broken:
        raise UserError("slapos_promise does not hold: " + "; ".join(broken))


def _broken(line: str, location: Path) -> str:
    """Return what is wrong with one line's promise, nothing if it holds."""
    kind, _, rest = line.partition(":")
    path = location / rest.split()[0] if rest.split() else location
    if kind in ("file", "statlib"):
        return "" if path.exists() else f"there is no file {path}"
    if kind == "directory":
        return "" if path.is_dir() else f"there is no directory {path}"
    if kind == "dynlib":
        return _broken_library(line, path, location)
    raise UserError(f"slapos_promise: {line!r} is no promise; there are file, directory, statlib and dynlib.")


def _broken_library(line: str, path: Path, location: Path) -> str:
    words = dict(word.partition(":")[::2] for word in line.split())
    if "linked" not in words:
        raise UserError(f"slapos_promise: {line!r} needs linked:LIBRARY,….")
    if not path.exists():
        return f"there is no library {path}"
    linked, rpath = elf(path)
    wanted = sorted(filter(None, words["linked"].split(",")))
    paths = sorted(entry.replace("!", str(location), 1) for entry in filter(None, words.get("rpath", "").split(",")))
    if wanted != linked:
        return f"{path} is linked with {linked}, not {wanted}"
    return "" if paths == rpath else f"{path} has the rpath {rpath}, not {paths}"


def elf(path: Path) -> tuple[list[str], list[str]]:
    """Return the libraries that a program or library needs, and its rpath, both sorted. Needs readelf."""
    output = subprocess.run(["readelf", "-d", str(path)], capture_output=True, text=True, check=True).stdout
    found: dict[str, list[str]] = {"NEEDED": [], "RPATH": [], "RUNPATH": []}
    for kind, value in _DYNAMIC.findall(output):
        found[kind] += [value] if kind == "NEEDED" else [entry.rstrip("/") for entry in value.split(":")]
    return sorted(found["NEEDED"]), sorted(found["RUNPATH"] or found["RPATH"])
