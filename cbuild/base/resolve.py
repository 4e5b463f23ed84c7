"""A base named by an image reference with a digest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbuild.base.find import unknown

if TYPE_CHECKING:
    from cbuild.base.model import Base
    from cbuild.events import Report
    from cbuild.state.home import Home


def ensure(reference: str, home: Home, report: Report) -> Base:
    """Return the image that reference names."""
    del home, report
    raise unknown(reference)
