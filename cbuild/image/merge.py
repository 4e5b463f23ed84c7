"""Several parts' layers as one: the same entries, sorted again."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Sequence

from cbuild.image.layout import Layout
from cbuild.layer import tar
from cbuild.layer.entries import Entry, Kind


def merge(layout: Layout, diff_ids: Sequence[str]) -> str:
    """Store one layer with all entries of the layers (which have no file in common) and return its diff_id."""
    if len(diff_ids) == 1:
        return diff_ids[0]
    entries = {entry.path: entry for diff_id in diff_ids for entry in _entries(layout, diff_id)}
    with layout.writing() as blob:
        tar.write([entries[path] for path in sorted(entries)], blob)
    return blob.digest


def _entries(layout: Layout, diff_id: str) -> list[Entry]:
    blob = layout.blob(diff_id)
    return [
        Entry(
            os.fsencode(member.name),
            _kind(member),
            executable=bool(member.mode & 0o100),
            size=member.size if member.isreg() else 0,
            target=os.fsencode(member.linkname),
            source=blob if member.isreg() else None,
            offset=member.offset_data,
        )
        for member in tar.members(blob)
    ]


def _kind(member: tarfile.TarInfo) -> Kind:
    if member.isdir():
        return "directory"
    if member.issym():
        return "symlink"
    return "hardlink" if member.islnk() else "file"
