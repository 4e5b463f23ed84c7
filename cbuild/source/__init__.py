"""Sources: asked for by the profile, fetched by the host, checked, and kept by content (DESIGN section 6)."""

from cbuild.source.lock import Lock, Locked, LockedDistribution
from cbuild.source.request import Request
from cbuild.source.sources import Fetched, Sources

__all__ = ["Fetched", "Lock", "Locked", "LockedDistribution", "Request", "Sources"]
