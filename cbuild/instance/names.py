"""Names of instances, partitions, containers and networks."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from cbuild.errors import UsageError, near
from cbuild.state.home import Home

# What both engines accept in a container's name, with room for what cbuild adds to it.
_VALID = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}")
_TAKEN = ("node.json",)


def checked(name: str) -> str:
    """Return an instance's name; UsageError (bad-name) if no container could be called so."""
    if not _VALID.fullmatch(name) or name in _TAKEN:
        raise UsageError(
            f"{name!r} can't be an instance's name.",
            reason="bad-name",
            details="It is made of letters, digits, '_', '.' and '-', starts with a letter or digit, 63 at most.",
            resolution="Give another: cbuild instance NAME …",
        )
    return name


def of_directory(directory: Path) -> str:
    """Return the name that an instance of the project in directory has when the user gives none."""
    kept = re.sub(r"[^a-zA-Z0-9_.-]+", "-", directory.resolve().name).lstrip("_.-")
    return checked(kept[:63] or "instance")


def partition(instance: str, index: int) -> str:
    """Return the name of an instance's index-th partition."""
    return f"{instance}-{index}"


def home_id(home: Home) -> str:
    """Return what keeps the containers and networks of several stores on one machine apart."""
    return hashlib.sha256(str(home.root.resolve()).encode()).hexdigest()[:8]


def container(home: Home, partition_name: str, spec_digest: str) -> str:
    """Return a container's name; it differs when the spec does, so that the new one is made before the old one goes."""
    return f"cbuild-{home_id(home)}-{partition_name}-{spec_digest[:8]}"


def network(home: Home, subnet: str) -> str:
    """Return the name of the network that holds a subnet's partitions."""
    return f"cbuild-{home_id(home)}-{hashlib.sha256(subnet.encode()).hexdigest()[:6]}"


def unknown(name: str, known: Iterable[str]) -> UsageError:
    """Return the error for an instance or partition that isn't there, with what may have been meant."""
    names = sorted(known)
    return UsageError(
        f"There is no instance {name!r}.",
        reason="unknown-instance",
        details="Known: " + (", ".join(names) or "none"),
        resolution=near(name, names) or f"Make it: cbuild instance {name}",
    )
