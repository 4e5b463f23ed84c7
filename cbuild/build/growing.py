"""What a builder writes, read from outside: the log of a part while it grows."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import BinaryIO

ENOUGH = 4096
"""Bytes of a log's end that are looked at for its last line."""

_SEQUENCE = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|[ -/]+.|.)?")
"""What terminals obey: ECMA-48's control sequences, what sets a title, what picks a character set."""


def opened(path: Path) -> BinaryIO | None:
    """Open what a builder wrote; None if it is no plain file: its user may put links, fifos and directories there."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        return None
    return os.fdopen(handle, "rb")


def last_line(log: Path) -> str:
    """Return the last line of a log that isn't blank, without what a terminal would obey; empty if there is none."""
    stream = opened(log)
    if stream is None:
        return ""
    with stream:
        stream.seek(max(0, stream.seek(0, os.SEEK_END) - ENOUGH))
        text = stream.read(ENOUGH).decode(errors="replace")
    # A progress bar writes over its line again and again, with a carriage return before each.
    for line in reversed(re.split(r"[\r\n]", text)):
        plain = "".join(character if character.isprintable() else " " for character in _SEQUENCE.sub("", line))
        if plain.strip():
            return plain.strip()
    return ""
