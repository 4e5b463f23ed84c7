"""Where instances are brought to life: an engine, a store, and somebody who is told."""

from __future__ import annotations

from dataclasses import dataclass

from cbuild.engine.api import Engine
from cbuild.events import Report, silent
from cbuild.instance.store import Store
from cbuild.state.home import Home


@dataclass(frozen=True)
class Site:
    """What every step of bringing up an instance needs."""

    engine: Engine
    home: Home
    report: Report = silent

    @property
    def store(self) -> Store:
        """Return the instances of the home."""
        return Store(self.home)
