"""Events as lines for a person, on stderr."""

from __future__ import annotations

import sys
import time

from cbuild.events import Event, Report

IMPORTANT = 1
NORMAL = 0
CHATTY = -1
LEVELS = {"warning": IMPORTANT, "part-failed": IMPORTANT, "debug": CHATTY}


def printer(verbosity: int) -> Report:
    """Return a Report that prints what verbosity (the number of -v less that of -q) lets through."""
    started = time.monotonic()

    def report(event: Event) -> None:
        if LEVELS.get(event.kind, NORMAL) + verbosity >= NORMAL and event.message:
            # One write: parts and downloads report from threads, and print writes the line's end by itself.
            sys.stderr.write(f"[{time.monotonic() - started:6.1f}] {event.message}\n")
            sys.stderr.flush()

    return report
