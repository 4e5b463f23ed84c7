"""What happens during a run, as data; the command line decides how it looks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Event:
    """Something that happened.

    kind: kebab-case (``fetching``, ``fetched``, ``part-uninstalling``, ``part-started``, ``part-built``,
    ``part-cached``, ``part-kept``, ``part-failed``, ``part-verified``, ``base-started``, ``base-built``, ``loading``,
    ``info``, ``warning``, ``debug`` …).
    subject: what it is about (a part, a URL, a partition). message: one line for a person. data: figures.
    """

    kind: str
    subject: str
    message: str = ""
    data: dict[str, object] = field(default_factory=dict)


Report = Callable[[Event], None]


def silent(event: Event) -> None:
    """Report nothing; the default for callers that don't care."""
    del event
