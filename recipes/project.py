"""Names of Python projects and what installed eggs require, as recipes need them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from email import message_from_string
from pathlib import Path

ALWAYS = ("setuptools",)
"""What is there without being named, as with buildout."""

Needed = tuple[str, frozenset[str]]
"""A normalised project, and the extras of it that are asked for."""

_NAME = re.compile(r"[A-Za-z0-9._-]+")


def word(requirement: str) -> str:
    """Return the project as a requirement spells it."""
    match = _NAME.match(requirement.strip())
    return match[0] if match else ""


def project(text: str) -> str:
    """Return the normalised project that a requirement or an egg's name begins with."""
    name = text.partition("-")[0] if text.endswith(".egg") else word(text)
    return re.sub(r"[-_.]+", "_", name).lower()


def holding(requirements: Iterable[str], extras: frozenset[str] = frozenset()) -> Iterator[Needed]:
    """Give what the requirements ask for on this machine and by this Python; extras: of who requires it."""
    from packaging.requirements import Requirement  # noqa: PLC0415 - in builders only

    for text in requirements:
        parsed = Requirement(text)
        if parsed.marker is None or any(parsed.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            yield project(parsed.name), frozenset(parsed.extras)


def required(egg: Path, extras: frozenset[str] = frozenset()) -> Iterator[Needed]:
    """Give what an egg requires, with these extras."""
    for path in egg.glob("*.dist-info/METADATA"):
        yield from holding(message_from_string(path.read_text("utf-8")).get_all("Requires-Dist", []), extras)
