"""Progress lines: what is shown at which verbosity, and that lines stay whole."""

from __future__ import annotations

import pytest

from cbuild.cli.progress import Printer, printer
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


@pytest.mark.parametrize(
    ("level", "kinds"),
    [(0, "debug info warning part-failed"), (30, "warning part-failed"), (40, "part-failed"), (41, "")],
)
def test_levels_are_those_of_log_level(capsys, level, kinds):
    report = Printer(level)
    for kind in ("debug", "info", "warning", "part-failed"):
        report(Event(kind, "x", kind))
    assert [line.split()[-1] for line in capsys.readouterr().err.splitlines()] == kinds.split()


def test_a_log_format_is_pythons(capsys):
    report = Printer(10, "%(levelname)s %(name)s: %(message)s")
    report(Event("warning", "x", "50 % done."))
    report(Event("part-built", "x", "Installed x."))
    assert capsys.readouterr().err == "WARNING cbuild: 50 % done.\nINFO cbuild: Installed x.\n"
