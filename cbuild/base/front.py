"""The package's front: a base image by its name, its description's path or a reference with a digest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbuild.base import find, store
from cbuild.events import Report, silent

if TYPE_CHECKING:
    from cbuild.base.model import Base
    from cbuild.state.home import Home


def ensure(name_or_reference: str, home: Home, report: Report = silent) -> Base:
    """Return the base image, built with mmdebstrap or copied by skopeo when the store lacks it.

    name_or_reference: ``builder``, ``runtime``, the path of a ``.yaml`` description, or an image reference with a
    digest. A base that is there costs a few file reads. Two processes at once are safe: one makes it, one waits.
    Errors: UsageError (``unknown-base``, ``bad-base-description``, ``base-without-digest``, ``bad-reference``),
    EngineError (``base-tool-missing``, ``base-build-failed``), SourceError (``base-lock``, ``base-missing``,
    ``base-damaged``), DifferenceError (``base-differs``).
    """
    place = find.place(name_or_reference)
    if place is None and name_or_reference.endswith(".yaml"):
        raise find.unknown(name_or_reference)
    if place is None:
        from cbuild.base import resolve  # noqa: PLC0415 - skopeo's part, rarely needed

        return resolve.ensure(name_or_reference, home, report)
    found = store.recorded(home, place.name, place.inputs())
    if found is None:
        from cbuild.base import operations  # noqa: PLC0415 - YAML and tar: 30 ms that a base that is there doesn't cost

        found = operations.make(place, home, report)
    return found
