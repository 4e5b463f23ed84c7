"""Values that aren't text in options: `!py!` and the value's repr (LANGUAGE.md, SLP-3)."""

from __future__ import annotations

import ast

MARK = "!py!"


def dumps(value: object) -> str:
    """Return value as option text; `$` and `;` would mean something in a profile, so they are escaped."""
    return MARK + repr(value).replace("$", r"\x24").replace(";", r"\x3b")


def loads(text: str) -> object:
    """Return the value of option text: literals only; text without the mark is itself. ValueError if it's damaged."""
    if not text.startswith(MARK):
        return text
    try:
        return ast.literal_eval(text.removeprefix(MARK))
    except SyntaxError as error:
        raise ValueError(f"{text!r} is no literal") from error
