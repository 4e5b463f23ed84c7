"""Static libraries that a part made, without the time, owner and mode of what was put into them.

Debian's ar writes none of that unless it is told to (ncurses' makefile does: ``ar -curvU``). The format: a header of 60
characters before each member, 16 for its name, then time, owner, group and mode; ar(5).
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from cbuild.recipe import own

MAGIC = b"!<arch>\n"
_HEADER, _NAME, _SIZE, _END = 60, slice(0, 16), slice(48, 58), b"`\n"
_TABLES = {b"/", b"/SYM64/"}
"""Members that are indices of symbols; ``//`` has no fields but its size."""

PLAIN = b"0           0     0     644     "
TABLE = b"0           0     0     0       "
"""Time, owner, group and mode as ``ar D`` writes them."""


def renew(directory: str) -> None:
    """Renew the archives below directory that belong to the user who runs this; others' parts are root's."""
    for path in own.files(directory, ".a"):
        if path.is_file() and not path.is_symlink():
            _renew(path)


def _renew(path: Path) -> None:
    mode = path.stat().st_mode
    path.chmod(mode | 0o600)
    try:
        with path.open("r+b") as file:
            if file.read(len(MAGIC)) == MAGIC:
                _members(file)
    finally:
        path.chmod(mode)


def _members(file: BinaryIO) -> None:
    """Rewrite the headers; what is no header ends it."""
    place = len(MAGIC)
    while True:
        file.seek(place)
        header = file.read(_HEADER)
        size = header[_SIZE].strip()
        if len(header) < _HEADER or not header.endswith(_END) or not size.isdigit():
            return
        name = header[_NAME].strip()
        if name != b"//":
            file.seek(place + _NAME.stop)
            file.write(TABLE if name in _TABLES else PLAIN)
        place += _HEADER + int(size) + int(size) % 2
