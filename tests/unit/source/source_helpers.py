"""Checksums, and what a store holds, for the tests of this directory."""

import hashlib


def md5(data: bytes) -> str:
    return hashlib.md5(data).hexdigest()  # noqa: S324 - what profiles have


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def kept(home):
    """Return the names of all files that the store has, and of what is left of downloads."""
    root = home.sources
    return sorted(str(p.relative_to(root)) for p in root.rglob("*") if not p.is_dir())
