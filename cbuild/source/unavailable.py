"""The exception by which the places of this package say: not here."""

from __future__ import annotations


class Unavailable(Exception):  # noqa: N818 - not an error by itself: the next place is asked
    """The place doesn't have it; the text says why. It never leaves this package."""


class Absent(Unavailable):
    """The place was asked, and says that it has no such thing."""
