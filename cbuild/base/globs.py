"""Globs over absolute paths: ``*`` and ``?`` stop at a slash, ``**`` does not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def matcher(globs: Iterable[str]) -> Callable[[str], bool]:
    """Return a function that tells whether a path, or a directory above it, matches one of globs."""
    patterns = [_regex(glob) + r"(?:/.*)?" for glob in globs]
    if not patterns:
        return lambda _path: False
    compiled = re.compile("|".join(patterns), re.DOTALL)
    return lambda path: compiled.fullmatch(path) is not None


def _regex(glob: str) -> str:
    """Return the regular expression of one glob."""
    pieces = re.split(r"(\*\*|\*|\?)", glob)
    return "".join({"**": ".+", "*": "[^/]*", "?": "[^/]"}.get(piece) or re.escape(piece) for piece in pieces)
