"""Versions that were chosen without a pin, told as the lines that would pin them (LANGUAGE.md, VER-4)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cbuild.canonical import write_atomic
from cbuild.events import Event, Report

HEADING = "# Picked by cbuild"


def show(picked: Mapping[str, str], report: Report) -> None:
    """Report each: ``show-picked-versions``."""
    for name in sorted(picked):
        report(Event("picked", name, f"Picked: {name} = {picked[name]}"))


def pin(picked: Mapping[str, str], path: Path) -> None:
    """Add them to the file that ``update-versions-file`` names, which becomes one if it isn't there."""
    text = path.read_text(encoding="utf-8").rstrip("\n") + f"\n\n{HEADING}\n" if path.is_file() else "[versions]\n"
    known = {line.partition("=")[0].strip() for line in text.splitlines()}
    if lines := [f"{name} = {picked[name]}\n" for name in sorted(picked) if name not in known]:
        write_atomic(path, "".join([text, *lines]).encode())
