"""The node's record: its ULA prefix, and which partition has which uid and address."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from ipaddress import IPv6Network
from pathlib import Path
from typing import Any

from cbuild.canonical import canonical_json, write_atomic
from cbuild.instance import address, document
from cbuild.instance.store import Store

FORMAT = 1

# Above what Debian gives to users and to subordinate ranges by default (100000 to 165535 for the first user), below the
# ranges of systemd-nspawn (524288).
FIRST_UID = 200_000


@dataclass(frozen=True)
class Lease:
    """What a partition has of the node for as long as it lives."""

    uid: int
    ipv6: str
    subnet: str


@dataclass(frozen=True)
class Pool:
    """The node's record. ula: its /48. leases: by partition name."""

    ula: str
    leases: Mapping[str, Lease] = field(default_factory=dict)


def lease(store: Store, partition: str, engine: str, environment: Mapping[str, str] = os.environ) -> Lease:
    """Return the partition's uid and address: those that it has, or new ones that are then its own.

    PartError (address-pool-full) if the prefix has no address left.
    """
    path = _path(store)
    with store.locked("node.json"):
        pool = _load(path)
        if found := pool.leases.get(partition):
            return found
        network = address.subnet(_prefix(pool, environment), engine)
        made = Lease(
            uid=_free_uid({entry.uid for entry in pool.leases.values()}),
            ipv6=address.choose(network, partition, {entry.ipv6 for entry in pool.leases.values()}),
            subnet=str(network),
        )
        _save(path, replace(pool, leases={**pool.leases, partition: made}))
        return made


def release(store: Store, partition: str) -> None:
    """Give back what a partition had."""
    path = _path(store)
    with store.locked("node.json"):
        pool = _load(path)
        if partition in pool.leases:
            _save(path, replace(pool, leases={name: one for name, one in pool.leases.items() if name != partition}))


def subnets(store: Store) -> set[str]:
    """Return the subnets in which partitions live."""
    return {entry.subnet for entry in _load(_path(store)).leases.values()}


def _prefix(pool: Pool, environment: Mapping[str, str]) -> IPv6Network:
    configured = environment.get(address.VARIABLE, "").strip()
    return address.operators_prefix(configured) if configured else IPv6Network(pool.ula)


def _free_uid(taken: set[int]) -> int:
    # The lowest free one: a destroyed partition's data is gone, so nothing of it is left for the next owner.
    uid = FIRST_UID
    while uid in taken:
        uid += 1
    return uid


def _path(store: Store) -> Path:
    return store.home.instances / "node.json"


def _load(path: Path) -> Pool:
    data = document.read_json(path, FORMAT)
    if data is None:
        return Pool(ula=address.new_ula())
    try:
        return Pool(ula=str(IPv6Network(data["ula"])), leases=_leases(data["leases"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise document.damaged(path, f"{type(error).__name__}: {error}") from error


def _leases(data: Mapping[str, Any]) -> dict[str, Lease]:
    return {
        name: Lease(uid=int(one["uid"]), ipv6=str(one["ipv6"]), subnet=str(one["subnet"])) for name, one in data.items()
    }


def _save(path: Path, pool: Pool) -> None:
    leases = {name: vars(entry) for name, entry in pool.leases.items()}
    write_atomic(path, canonical_json({"format": FORMAT, "ula": pool.ula, "leases": leases}))
