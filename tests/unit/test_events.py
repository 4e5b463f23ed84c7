"""Every event's line is a sentence: a capital first, a full stop last, as far as the text stands in the source."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import cbuild

ROOT = Path(cbuild.__file__).parent
MESSAGE = 2
"""The place of the message among Event's arguments."""


def messages(path: Path) -> list[ast.expr]:
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    events = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "Event"]
    return [call.args[MESSAGE] for call in events if len(call.args) > MESSAGE]


def ends(message: ast.expr) -> tuple[object, object]:
    """Return the first and the last piece of text; None for what is put in when it runs."""
    pieces = message.values if isinstance(message, ast.JoinedStr) else [message]
    first, last = (piece.value if isinstance(piece, ast.Constant) else None for piece in (pieces[0], pieces[-1]))
    return first, last


FOUND = [(str(path.relative_to(ROOT)), message) for path in sorted(ROOT.rglob("*.py")) for message in messages(path)]


def test_there_are_events():
    assert len(FOUND) > 10


@pytest.mark.parametrize(("file", "message"), FOUND, ids=[f"{file}:{message.lineno}" for file, message in FOUND])
def test_a_sentence(file, message):
    first, last = ends(message)
    assert not isinstance(first, str) or first[0].isupper(), file
    assert not isinstance(last, str) or last.endswith("."), file
