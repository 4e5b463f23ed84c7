"""Progress lines: what is shown at which verbosity, and that lines stay whole."""

from __future__ import annotations

import pytest

from cbuild.cli.progress import printer
from cbuild.events import Event


class Stream:
    """Notes each write."""

    def __init__(self):
        self.written = []

    def write(self, text):
        self.written.append(text)

    def flush(self):
        pass


@pytest.mark.parametrize(
    ("verbosity", "shown"),
    [(0, ["warning", "info"]), (1, ["warning", "info", "debug"]), (-1, ["warning"]), (-2, [])],
)
def test_each_line_is_one_write(monkeypatch, verbosity, shown):
    stream = Stream()
    monkeypatch.setattr("sys.stderr", stream)
    report = printer(verbosity)
    for kind in ("warning", "info", "debug"):
        report(Event(kind, "x", f"{kind}."))
    report(Event("info", "x"))
    assert [text[8:] for text in stream.written] == [f" {kind}.\n" for kind in shown]
