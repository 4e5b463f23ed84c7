"""The display of a terminal: what a person sees on the screen, at several widths, and what is left of it."""

from __future__ import annotations

import io
import re
import threading
import time

import pyte
import pytest

from cbuild.cli.progress import printer
from cbuild.events import Event

HEIGHT = 12


class Terminal(io.StringIO):
    """A terminal for standard error; what is written to it ends up on a screen."""

    def __init__(self, columns: int) -> None:
        super().__init__()
        self.screen = pyte.Screen(columns, HEIGHT)
        self.screen.set_mode(pyte.modes.LNM)
        self._stream = pyte.Stream(self.screen)

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self._stream.feed(text)
        return super().write(text)

    @property
    def lines(self) -> list[str]:
        return "\n".join(line.rstrip() for line in self.screen.display).rstrip().split("\n")


@pytest.fixture
def terminal(monkeypatch):
    """A function that makes a terminal of so many columns, and is one that a program may draw on."""

    def make(columns: int) -> Terminal:
        made = Terminal(columns)
        monkeypatch.setattr("sys.stderr", made)
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.delenv("NO_COLOR", raising=False)
        return made

    return make


def parts(*names: str, there: int = 0) -> Event:
    return Event("parts", "", "", {"waiting": list(names), "there": there})


def running(name: str, log: str = "/nothing") -> Event:
    return Event("part-running", name, "", {"log": log, "make_jobs": 1})


def seen(terminal: Terminal, count: int) -> list[str]:
    """Return the lines, once the display has been drawn with so many of them."""
    deadline = time.monotonic() + 5
    while len(terminal.lines) != count and time.monotonic() < deadline:
        time.sleep(0.02)
    return terminal.lines


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (80, ["2 of 6 parts, 2 running, 0:00", "  openssl   0:00  checking for gcc... yes", "  curl      0:00",
              "  waiting: nginx, the-last-part-of-all"]),
        (30, ["2 of 6 parts, 2 running, 0:00", "  openssl   0:00  checking fo…", "  curl      0:00",
              "  waiting: nginx, the-last-pa…"]),
    ],
)  # fmt: skip
def test_what_runs_and_what_waits(terminal, tmp_path, columns, expected):
    log = tmp_path / "log"
    log.write_text("configure\nchecking for gcc... yes\n\n")
    screen = terminal(columns)
    report = printer(0)
    report(parts("openssl", "curl", "nginx", "the-last-part-of-all", there=2))
    try:
        report(running("openssl", str(log)))
        report(running("curl"))
        assert seen(screen, 4) == expected
    finally:
        report(Event("parts-done", ""))


def test_lines_go_above_and_nothing_else_is_left(terminal):
    screen = terminal(80)
    report = printer(0)
    report(parts("a", "b", "c"))
    assert screen.screen.cursor.hidden
    report(Event("part-started", "a", "Installing a."))
    report(running("a"))
    report(Event("part-built", "a", "Installed a."))
    report(Event("part-done", "a"))
    report(Event("waiting", "b", "Waiting for another cbuild that installs b."))
    assert [line[9:] if line.startswith("[") else line for line in seen(screen, 6)] == [
        "Installing a.",
        "Installed a.",
        "Waiting for another cbuild that installs b.",
        "1 of 3 parts, 1 running, 0:00",
        "  b   0:00  Waiting for another cbuild that installs b.",
        "  waiting: c",
    ]
    report(Event("part-failed", "b", "Failed b."))
    report(Event("parts-done", ""))
    report(Event("part-skipped", "c", "Left out c."))
    assert [line[9:] for line in screen.lines] == [
        "Installing a.",
        "Installed a.",
        "Waiting for another cbuild that installs b.",
        "Failed b.",
        "Left out c.",
    ]
    assert not screen.screen.cursor.hidden


def test_lines_from_many_threads_stay_whole(terminal):
    screen = terminal(60)
    report = printer(0)
    names = [f"part{number}" for number in range(40)]
    report(parts(*names))

    def work(name: str) -> None:
        report(running(name))
        report(Event("part-built", name, f"Installed {name}."))
        report(Event("part-done", name))

    threads = [threading.Thread(target=work, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    report(Event("parts-done", ""))
    assert screen.getvalue().count("Installed") == len(names)
    assert all(re.fullmatch(r"\[ +\d\.\d\] Installed part\d+\.", line) for line in screen.lines), screen.lines


@pytest.mark.parametrize(
    ("verbosity", "variables"), [(-1, {}), (0, {"TERM": "dumb"}), (0, {"TERM": ""})], ids=["-q", "dumb", "no TERM"]
)
def test_plain_lines_where_they_are_wanted(terminal, monkeypatch, verbosity, variables):
    screen = terminal(80)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    report = printer(verbosity)
    report(parts("a"))
    report(Event("warning", "a", "A warning."))
    report(Event("parts-done", ""))
    assert "\x1b" not in screen.getvalue()
    assert screen.lines[0].endswith("A warning.")


def test_no_color(terminal, monkeypatch):
    screen = terminal(80)
    monkeypatch.setenv("NO_COLOR", "1")
    report = printer(0)
    report(parts("a"))
    report(Event("parts-done", ""))
    assert "\x1b[3" not in screen.getvalue()
