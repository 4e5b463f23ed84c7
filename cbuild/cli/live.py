"""What happens now, on a terminal: the parts that run, for how long, the last line of their logs, and what waits."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.text import Text

from cbuild.build.growing import last_line
from cbuild.events import Event

PER_SECOND = 4
LEAVING = ("part-running", "waiting", "part-done", "part-failed", "part-skipped")
"""Events after which a part isn't waiting any more."""

NAME = 24
"""Columns that a part's name gets at most."""


@dataclass
class Running:
    """A part that is being installed, or waits for another cbuild: since when, and where its log is."""

    since: float
    log: Path | None = None
    note: str = ""

    def line(self) -> str:
        """Return what is to be said of it now."""
        return self.note or (last_line(self.log) if self.log else "")


@dataclass
class Board:
    """What is known of the parts; told by events from several threads."""

    total: int = 0
    done: int = 0
    failed: int = 0
    since: float = 0.0
    waiting: list[str] = field(default_factory=list)
    running: dict[str, Running] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def tell(self, event: Event) -> None:
        """Take note of an event."""
        name, now = event.subject, time.monotonic()
        with self._lock:
            if event.kind == "parts":
                self.waiting = _names(event.data["waiting"])
                self.done = _number(event.data["there"])
                self.total = self.done + len(self.waiting)
                self.since = now
            elif event.kind in ("part-running", "waiting") and name in {*self.waiting, *self.running}:
                log = event.data.get("log")
                self.running[name] = Running(now, Path(str(log)) if log else None, "" if log else event.message)
            elif event.kind == "part-done":
                self.done += 1
            elif event.kind == "part-failed":
                self.failed += 1
            if event.kind in ("part-done", "part-failed"):
                self.running.pop(name, None)
            if name in self.waiting and event.kind in LEAVING:
                self.waiting.remove(name)

    def __rich__(self) -> Text:
        """Return the display: a line of numbers, a line for each part that runs, a line of those that wait."""
        now = time.monotonic()
        with self._lock:
            running, waiting = dict(self.running), list(self.waiting)
            failed = f", {self.failed} failed" if self.failed else ""
            numbers = f"{self.done} of {self.total} parts{failed}, {len(running)} running, {_clock(now - self.since)}"
        width = min(NAME, max(map(len, running), default=0))
        lines = [Text(numbers, style="bold")]
        for name, one in running.items():
            line = Text.assemble(f"  {_short(name, width):{width}} {_clock(now - one.since):>6}  ", (one.line(), "dim"))
            lines.append(line)
        if waiting:
            lines.append(Text(f"  waiting: {', '.join(waiting)}", style="dim"))
        # One Text, cut at the right edge, not wrapped: the display must be as high as it has lines.
        whole = Text("\n", no_wrap=True, overflow="ellipsis").join(lines)
        whole.no_wrap, whole.overflow = True, "ellipsis"
        return whole


class Display:
    """Shows a Board below the lines that are printed, from the event ``parts`` to ``parts-done``."""

    def __init__(self) -> None:
        # Standard error: standard output may be a pipe that wants a document. NO_COLOR is rich's to see to.
        self._console = Console(stderr=True, highlight=False)
        self._board = Board()
        # rich's own refreshing and lines from other threads get into each other's way: a line is printed over the
        # height that the display had when both began. So one lock is held for each, and the clock is one of ours.
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._live = Live(
            console=self._console, get_renderable=lambda: self._board, auto_refresh=False,
            transient=True, redirect_stdout=False, redirect_stderr=False,
        )  # fmt: skip

    def tell(self, event: Event) -> None:
        """Take note of an event; show or take away the display."""
        self._board.tell(event)
        if event.kind == "parts":
            self._live.start()
            threading.Thread(target=self._refresh, daemon=True, name="cbuild-display").start()
        elif event.kind == "parts-done":
            self._stopped.set()
            with self._lock:
                self._live.stop()

    def print(self, line: str) -> None:
        """Print a line above the display."""
        with self._lock:
            self._console.print(Text(line), soft_wrap=True)

    def _refresh(self) -> None:
        while not self._stopped.wait(1 / PER_SECOND):
            with self._lock:
                self._live.refresh()


def _short(name: str, width: int) -> str:
    return name if len(name) <= width else name[: width - 1] + "…"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _names(value: object) -> list[str]:
    return [str(name) for name in value] if isinstance(value, list) else []


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
