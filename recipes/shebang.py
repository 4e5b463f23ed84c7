"""``#!`` lines that Linux would cut: paths of parts are long, and so are those of interpreters in them."""

from __future__ import annotations

import shlex
from pathlib import Path

LIMIT = 127
"""Bytes of a ``#!`` line that every Linux reads (BINPRM_BUF_SIZE less one; 255 since 5.1). Older ones cut silently."""


def fix(location: Path) -> None:
    """Replace programs of location's bin and sbin whose line is too long by a wrapper that runs them through `sh`."""
    for directory in (location / "bin", location / "sbin"):
        for path in sorted(directory.iterdir()) if directory.is_dir() else ():
            if path.is_file() and not path.is_symlink():
                _fix(path)


def _fix(path: Path) -> None:
    with path.open("rb") as stream:
        line = stream.readline(4096)
    if not line.startswith(b"#!") or len(line.rstrip(b"\n")) <= LIMIT:
        return
    renamed = path.with_name(path.name + ".shebang")
    mode = path.stat().st_mode
    path.rename(renamed)
    # Linux gives the interpreter what follows its name as one argument.
    words = [*line[2:].decode().strip().split(None, 1), str(renamed)]
    path.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n', encoding="utf-8")
    path.chmod(mode)
