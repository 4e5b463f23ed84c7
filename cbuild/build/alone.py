"""One cbuild at a time: for what two must not do at once, the second waits and says for what."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from cbuild.errors import PartError
from cbuild.events import Event, Report
from cbuild.state import locks
from cbuild.state.home import Home

POLL = 0.1
"""Seconds between two tries."""

SHORT = 0.5
"""Seconds of waiting that nobody needs to be told of."""


class Alone:
    """Makes this process the only one of a store at something. stop: ends all waiting, in every thread."""

    def __init__(self, home: Home, report: Report) -> None:
        self._home = home
        self._report = report
        self._stopped = threading.Event()

    @contextmanager
    def at(self, thing: str, subject: str, message: str) -> Iterator[None]:
        """Be alone at thing for a block; message is reported once when another cbuild is at it."""
        started = time.monotonic()
        told = False

        def wait() -> None:
            nonlocal told
            if not told and time.monotonic() - started > SHORT:
                told = True
                self._report(Event("waiting", subject, message))
            if self._stopped.wait(POLL):
                raise PartError(f"The run ended while {subject} waited.", section=subject)

        with locks.held(self._home, thing, wait):
            yield

    def stop(self) -> None:
        """Let nobody wait any longer."""
        self._stopped.set()
