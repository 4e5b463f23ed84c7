"""Scratch directory to layer in the store: collect, write, scan, in one pass over the bytes."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cbuild.image.layout import Layout
from cbuild.layer import tar
from cbuild.layer.entries import Entry, Inherited, collect, shown
from cbuild.layer.lint import Linter
from cbuild.layer.references import DEPTH, Scanner


@dataclass(frozen=True)
class Layer:
    """A stored layer: diff_id, size of the tar in bytes, what it owns and what it mentions.

    owns, mentions: paths below the prefix, cut to two components (``parts/gzip``, ``bin/run``, ``instance.cfg``).
    """

    diff_id: str
    size: int
    owns: tuple[str, ...]
    mentions: tuple[str, ...]


def _silent(line: str) -> None:
    del line


def write_layer(
    layout: Layout, scratch: Path, prefix: str, inherited: Inherited, lint: Callable[[str], None] = _silent
) -> Layer:
    """Store what the build wrote into scratch as a layer and return it. lint: called with each finding, one line."""
    entries = collect(scratch, prefix, inherited)
    scanner, linter = Scanner(prefix), Linter(entries, prefix, inherited)

    def see(chunk: bytes) -> None:
        scanner.feed(chunk)
        linter.feed(chunk)

    with layout.writing() as blob:
        tar.write(entries, blob, see)
    for entry in entries:
        if entry.kind == "symlink":
            scanner.feed(_absolute(entry))
            scanner.feed(b"")
    for finding in linter.findings():
        lint(finding)
    return Layer(blob.digest, blob.size, tuple(sorted(_owned(entries, prefix))), tuple(sorted(scanner.found)))


def _absolute(link: Entry) -> bytes:
    return os.path.normpath(os.path.join(b"/", os.path.dirname(link.path), link.target))  # noqa: PTH118, PTH120 - bytes


def _owned(entries: list[Entry], prefix: str) -> set[str]:
    start = len(prefix.strip("/")) + 1
    parents = {entry.path.rpartition(b"/")[0] for entry in entries}
    owned = set()
    for entry in entries:
        names = shown(entry.path)[start:].split("/")
        # `bin` and `parts` are everybody's; an empty directory at the top (`mydata`) is its part's.
        shared = entry.kind == "directory" and len(names) < DEPTH and entry.path in parents
        if names[0] and not shared:
            owned.add("/".join(names[:DEPTH]))
    return owned
