"""tmpfs options, spelled out so that both engines mount the same."""

from __future__ import annotations


def tmpfs_options(asked: str) -> list[str]:
    """Return the mount options for a comma-separated list: Docker's defaults (nosuid, nodev, noexec) below it."""
    given = [option for option in asked.split(",") if option]
    defaults = {"rw": "ro", "nosuid": "suid", "nodev": "dev", "noexec": "exec"}
    return [name for name, opposite in defaults.items() if name not in given and opposite not in given] + given
