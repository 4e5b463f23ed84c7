"""An instance as it is now: measured, not remembered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cbuild.engine.api import ContainerState, Engine, Limits
from cbuild.errors import EngineError
from cbuild.instance import applied, container, limits, promises
from cbuild.instance.document import Instance, Partition
from cbuild.instance.promises import Promise
from cbuild.instance.site import Site


@dataclass(frozen=True)
class PartitionStatus:
    """A partition now. state: started, stopped, or failed (it should run and doesn't)."""

    name: str
    reference: str
    type: str
    container: str | None
    image: str | None
    ipv6: str
    state: str
    limits: Limits
    promises: tuple[Promise, ...] = ()
    connection: Mapping[str, object] = field(default_factory=dict)

    @property
    def ready(self) -> bool:
        """Tell whether it runs and every promise holds."""
        return self.state == "started" and all(promise.ok for promise in self.promises)

    def as_dict(self) -> dict[str, object]:
        """Return the JSON shape of the command line's contract."""
        return {
            "name": self.name,
            "reference": self.reference,
            "type": self.type,
            "container": self.container,
            "image": self.image,
            "ipv6": self.ipv6,
            "state": self.state,
            "limits": limits.as_dict(self.limits),
            "promises": [promise.as_dict() for promise in self.promises],
            "connection": dict(self.connection),
        }


@dataclass(frozen=True)
class InstanceStatus:
    """An instance now."""

    name: str
    engine: str
    parameters: Mapping[str, object]
    partitions: tuple[PartitionStatus, ...]

    @property
    def ready(self) -> bool:
        """Tell whether all of it runs and every promise holds."""
        return all(partition.ready for partition in self.partitions)

    @property
    def connection(self) -> Mapping[str, object]:
        """Return the root partition's connection parameters."""
        return self.partitions[0].connection if self.partitions else {}

    def as_dict(self) -> dict[str, object]:
        """Return the JSON shape of the command line's contract."""
        return {
            "instance": self.name,
            "ready": self.ready,
            "engine": self.engine,
            "parameters": dict(self.parameters),
            "connection": dict(self.connection),
            "partitions": [partition.as_dict() for partition in self.partitions],
        }


def status(site: Site, instance: Instance, *, look: bool = True) -> InstanceStatus:
    """Return the instance as the engine has it; with look, its promises run as well."""
    return InstanceStatus(
        name=instance.name,
        engine=site.engine.name,
        parameters=instance.partitions[0].parameters if instance.partitions else {},
        partitions=tuple(_partition(site, instance, partition, look=look) for partition in instance.partitions),
    )


def seen_promises(engine: Engine, state: ContainerState, uid: int) -> list[Promise]:
    """Return what a container's promises say; one that can't be asked (no process left for it) is a failed promise."""
    try:
        return promises.check(engine, state.id, uid)
    except EngineError as error:
        now = engine.state(state.id)
        if now is None or not now.running:
            return [Promise("(running)", ok=False, message=f"the container is {now.status if now else 'gone'}")]
        return [Promise("(promises)", ok=False, message=f"{error.brief} {error.details}".strip())]


def _partition(site: Site, instance: Instance, partition: Partition, *, look: bool) -> PartitionStatus:
    found = container.find(site, instance, partition)
    now = found[0] if found else None
    running = now is not None and now.running
    stopped = "stopped" if instance.state == "stopped" else "failed"
    given = applied.load(site.store.partition(instance.name, partition.name).applied)
    return PartitionStatus(
        name=partition.name,
        reference=partition.reference,
        type=partition.type,
        container=now.id if now else None,
        image=now.image if now else None,
        ipv6=(now.ipv6 if now and now.ipv6 else partition.ipv6),
        state="started" if running else stopped,
        limits=now.limits if now else Limits(),
        promises=tuple(seen_promises(site.engine, now, partition.uid)) if look and now and running else (),
        connection=given.result.connection,
    )
