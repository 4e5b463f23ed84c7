"""What an instance should be: the desired state, as it is kept on the node."""

from __future__ import annotations

import errno
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from cbuild.canonical import canonical_json, write_atomic
from cbuild.engine.api import Limits
from cbuild.errors import UsageError
from cbuild.instance import limits as limits_
from cbuild.instance.parameters import Parameters
from cbuild.state.roots import INSTANCE_FORMAT as FORMAT

State = Literal["started", "stopped"]


@dataclass(frozen=True)
class Partition:
    """One partition of an instance.

    name: unique on the node. reference: the name with which it was asked for. type: the software type. uid: owner of
    its data, also the group. ipv6 in subnet (``fd…/64``). connection parameters and such are results, kept apart.
    """

    name: str
    reference: str
    type: str
    parameters: Parameters
    uid: int
    ipv6: str
    subnet: str


@dataclass(frozen=True)
class Instance:
    """An instance: what was asked for.

    project: the directory whose software it runs, None for one made with ``--image``. image: manifest digest in the
    store. engine: the one that runs it, engine_url: where that is. limits: those from the command line alone.
    """

    name: str
    project: str | None
    image: str
    engine: str
    state: State
    limits: Limits
    partitions: tuple[Partition, ...]
    engine_url: str = ""

    def as_dict(self) -> dict[str, object]:
        """Return the document."""
        return {
            "format": FORMAT,
            "name": self.name,
            "project": self.project,
            "image": self.image,
            "engine": self.engine,
            "engine_url": self.engine_url,
            "state": self.state,
            "limits": limits_.as_dict(self.limits),
            "partitions": [vars(partition) for partition in self.partitions],
        }


def save(path: Path, instance: Instance) -> None:
    """Write the document; a reader sees the old one or this one."""
    write_atomic(path, canonical_json(instance.as_dict()))


def load(path: Path) -> Instance | None:
    """Return the document at path, None if there is none.

    UsageError (state-damaged, state-newer) for one that is damaged or was written by a newer cbuild.
    """
    try:
        data = read_json(path)
        return None if data is None else _instance(data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise damaged(path, f"{type(error).__name__}: {error}") from error


def read_json(path: Path, newest: int = FORMAT) -> dict[str, Any] | None:
    """Return a state file's object, None if there is no file; UsageError (state-damaged, state-newer) otherwise."""
    try:
        data = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno not in {errno.EISDIR, errno.ELOOP}:
            raise  # the host's matter
        raise damaged(path, str(error.strerror)) from error
    except ValueError as error:
        raise damaged(path, str(error)) from error
    if not isinstance(data, dict) or not isinstance(data.get("format"), int):
        raise damaged(path, "It is no object with a format number.")
    if data["format"] > newest:
        raise UsageError(
            f"{path} was written by a newer cbuild.",
            reason="state-newer",
            file=str(path),
            details=f"Its format is {data['format']}; this cbuild reads up to {newest}.",
            resolution="Use that cbuild, or a newer one.",
        )
    return data


def damaged(path: Path, details: str) -> UsageError:
    """Return the error for a state file that can't be read."""
    return UsageError(
        f"{path} is damaged.",
        reason="state-damaged",
        file=str(path),
        details=details,
        resolution="Restore it from a backup, or remove its directory with `cbuild instance NAME --destroy`.",
    )


def _instance(data: Mapping[str, Any]) -> Instance:
    if data["state"] not in {"started", "stopped"}:
        raise ValueError(f"state is {data['state']!r}")
    if not isinstance(data["partitions"], list) or not data["partitions"]:
        raise ValueError("it has no partitions; the first one is the instance's own")
    return Instance(
        name=_text(data, "name"),
        project=None if data["project"] is None else _text(data, "project"),
        image=_text(data, "image"),
        engine=_text(data, "engine"),
        state=cast("State", data["state"]),
        limits=limits_.from_dict(data["limits"]),
        partitions=tuple(_partition(entry) for entry in data["partitions"]),
        engine_url=str(data.get("engine_url", "")),
    )


def _partition(data: Mapping[str, Any]) -> Partition:
    if not isinstance(data["parameters"], dict) or not isinstance(data["uid"], int):
        raise TypeError("parameters or uid of a partition")
    texts = {key: _text(data, key) for key in ("name", "reference", "type", "ipv6", "subnet")}
    return Partition(parameters=data["parameters"], uid=data["uid"], **texts)


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data[key]
    if not isinstance(value, str):
        raise TypeError(f"{key} is no text")
    return value
