"""What recipes ask for while they are installed: sources above all, whose URLs only running the recipe tells.

A run that asks ends there; what it asked for is kept as the answer to the part's key as it was. The key with what it
asked for is the next question. So a later run follows the same way from key to key without a container.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import cast

from cbuild.errors import CbuildError, PartError
from cbuild.plan.facts import Facts, Need
from cbuild.plan.part import Part
from cbuild.source import Fetched, Lock, Request, Sources
from cbuild.state.answers import Answers
from cbuild.state.home import Home


class Late:
    """Finds and keeps what is asked for late; may be used by several threads."""

    def __init__(self, home: Home, facts: Facts, sources: Sources, lock: Lock) -> None:
        self._answers = Answers(home)
        self._facts = facts
        self._sources = sources
        self._file = lock
        self._lock = threading.Lock()

    def need(self, key: str) -> Need | None:
        """Return what the recipe asked for when it was run with this key, None if nothing is known."""
        answer = self._answers.get(key)
        return cast("Need", answer["needs"]) if answer else None

    def added(self, part: Part, need: Need) -> Part:
        """Return the part with what it asked for."""
        with self._lock:
            return self._facts.added_late(part, need)

    def fetch(self, request: Request) -> Fetched:
        """Return a source that was asked for, fetched by the same rules as all others."""
        return self._sources.fetch(request)

    def keep(self, part: Part, key: str, result: Mapping[str, object]) -> None:
        """Find what the recipe asks for and keep that it did; PartError if it can't be had."""
        try:
            for request in self.added(part, cast("Need", result["needs"])).sources.values():
                self.fetch(request)
        except CbuildError as error:
            raise PartError(
                f"The part {part.name} failed: {error.brief}",
                details=error.details, resolution=error.resolution, section=part.name,
                file=error.file, line=error.line,
            ) from error  # fmt: skip
        self._answers.keep(key, result)
        with self._lock:
            self._file.save()
