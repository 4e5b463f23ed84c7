"""What a recipe has to say without failing."""

from __future__ import annotations

import os
from pathlib import Path


def warn(message: str) -> None:
    """Write a warning to the part's log and to the file of lints, from which it comes to whoever waits for the part."""
    print(f"warning: {message}", flush=True)  # noqa: T201 - this is the part's log
    if lints := os.environ.get("CBUILD_LINT"):
        with Path(lints).open("a", encoding="utf-8") as stream:
            stream.write(" ".join(message.split()) + "\n")
