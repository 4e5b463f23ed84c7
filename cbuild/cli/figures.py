"""Figures for a person."""

from __future__ import annotations

_UNITS = ((1e9, "GB"), (1e6, "MB"))


def duration(seconds: float) -> str:
    """Return seconds as ``1.2 s``, ``4 min 10 s``, ``1 h 02 min``."""
    if seconds < 60:  # noqa: PLR2004 - the clock's
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def amount(size: int) -> str:
    """Return bytes as ``20 kB``, ``1.5 MB``, ``2.0 GB``."""
    for unit, name in _UNITS:
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size / 1e3:.0f} kB"
