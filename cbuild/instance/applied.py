"""What a partition's last processing was made from, and what it gave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cbuild.canonical import canonical_json, write_atomic
from cbuild.errors import UsageError
from cbuild.instance import document, job
from cbuild.instance.job import Result

FORMAT = 1


@dataclass(frozen=True)
class Applied:
    """inputs: all that the processing depended on. refreshed: the supervisor has seen what changed."""

    inputs: Mapping[str, object] = field(default_factory=dict)
    result: Result = field(default_factory=Result)
    refreshed: bool = False


def load(path: Path) -> Applied:
    """Return the record; one that is missing or damaged means that nothing was applied, which costs a processing."""
    try:
        data = document.read_json(path, FORMAT)
        if data is None:
            return Applied()
        return Applied(data["inputs"], job.result_from(data["result"]), data["refreshed"] is True)
    except UsageError as error:
        if error.reason == "state-newer":
            raise
        return Applied()
    except (KeyError, ValueError):
        return Applied()


def save(path: Path, applied: Applied) -> None:
    """Write the record."""
    data = {
        "format": FORMAT,
        "inputs": applied.inputs,
        "result": applied.result.as_dict(),
        "refreshed": applied.refreshed,
    }
    write_atomic(path, canonical_json(data))
