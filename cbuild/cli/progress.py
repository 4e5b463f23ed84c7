"""Events as lines for a person, on stderr."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cbuild.cli.live import Display
    from cbuild.events import Event

DEBUG, INFO, WARNING, ERROR = 10, 20, 30, 40
"""The levels of buildout's `log-level`, which are Python's; -v and -q are worth STEP (LANGUAGE.md CLI-5)."""
STEP = 10
LEVELS = {"warning": WARNING, "part-failed": ERROR, "debug": DEBUG}


class Printer:
    """A Report that prints what is at level or above.

    format: of a line, as Python's logging has it (``log-format``); without one, seconds and the message.
    """

    def __init__(self, level: int, format: str = "") -> None:  # noqa: A002 - the option's name
        self.level = level
        self.format = format
        self._started = time.monotonic()
        self._display: Display | None = None

    def __call__(self, event: Event) -> None:
        """Print an event, or leave it out; on a terminal, show what goes on while parts are installed."""
        level = LEVELS.get(event.kind, INFO)
        shown = level >= self.level and event.message
        if event.kind == "parts" and self._is_live():
            from cbuild.cli.live import Display  # noqa: PLC0415 - rich is 40 ms that only a terminal's user pays

            self._display = Display()
        if self._display:
            self._display.tell(event)
            if shown:
                self._display.print(self._line(level, event))
        elif shown:
            # One write: parts and downloads report from threads, and print writes the line's end by itself.
            sys.stderr.write(f"{self._line(level, event)}\n")
            sys.stderr.flush()

    def _is_live(self) -> bool:
        return self.level <= INFO and sys.stderr.isatty() and os.environ.get("TERM") not in (None, "", "dumb")

    def _line(self, level: int, event: Event) -> str:
        if not self.format:
            return f"[{time.monotonic() - self._started:6.1f}] {event.message}"
        import logging  # noqa: PLC0415 - 10 ms that hardly any run needs

        record = logging.LogRecord("cbuild", level, "", 0, event.message, None, None)
        return logging.Formatter(self.format).format(record)


def printer(verbosity: int) -> Printer:
    """Return a Printer for verbosity: the number of -v less that of -q."""
    return Printer(INFO - STEP * verbosity)
