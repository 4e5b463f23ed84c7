"""A partition's container: its spec, and making the engine agree with it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, replace

from cbuild.canonical import canonical_json, hex_of, sha256_bytes
from cbuild.engine.api import Address, ContainerSpec, ContainerState, Engine, Limits, Mount
from cbuild.errors import EngineError, PartError
from cbuild.events import Event
from cbuild.image.layout import Layout
from cbuild.image.load import loadable
from cbuild.instance import job, labels, names
from cbuild.instance.document import Instance, Partition
from cbuild.instance.site import Site
from cbuild.instance.software import Software, reference
from cbuild.instance.store import Store
from cbuild.state.home import Home

SUPERVISE = "/usr/lib/cbuild/supervise"
_STOP_SECONDS = 20


def spec(home: Home, instance: Instance, partition: Partition, software: Software, limits: Limits) -> ContainerSpec:
    """Return a partition's container as it should be.

    Its name and a label hold the digest of the rest: a container with the same digest is the one that is wanted.
    """
    user = f"{partition.uid}:{partition.uid}"
    place = Store(home).partition(instance.name, partition.name)
    plain = ContainerSpec(
        name="",
        image=software.config,
        command=(SUPERVISE,),
        environment={"HOME": job.DIRECTORY, "USER": partition.name, "LOGNAME": partition.name},
        user=user,
        workdir=job.DIRECTORY,
        hostname=partition.name[:63].rstrip("-."),
        mounts=(Mount(place.data, job.DIRECTORY, read_only=False),),
        # /run holds s6's scan directory with the services' own `run` files: exec. Podman has no owner for a tmpfs; the
        # partition's user is the only one inside.
        tmpfs={"/run": "exec,mode=1777,size=64m", "/tmp": "mode=1777,size=256m"},  # noqa: S108 - inside
        address=Address(names.network(home, partition.subnet), partition.ipv6),
        limits=limits,
        labels=labels.of(home, instance.name, partition.name, labels.SERVE),
        stop_timeout=_STOP_SECONDS,
        restart=True,
    )
    digest = hex_of(sha256_bytes(canonical_json(asdict(plain) | {"mounts": [str(one) for one in plain.mounts]})))
    return replace(
        plain,
        name=names.container(home, partition.name, digest),
        labels={**plain.labels, labels.SPEC: digest},
    )


def find(site: Site, instance: Instance, partition: Partition) -> list[ContainerState]:
    """Return the partition's containers, running ones first; there is more than one only after a crash."""
    found = site.engine.containers(labels.of(site.home, instance.name, partition.name, labels.SERVE))
    return sorted(found, key=lambda state: not state.running)


def agree(site: Site, wanted: ContainerSpec, subnet: str, software: Software) -> bool:
    """Make the engine run exactly this container for the partition; tell whether it had to be started.

    The old container goes when the new one is made: a refused limit or a missing image leaves it running.
    """
    engine = site.engine
    own = {key: value for key, value in wanted.labels.items() if key != labels.SPEC}
    found = engine.containers(own)
    same = next((state for state in found if state.labels.get(labels.SPEC) == wanted.labels[labels.SPEC]), None)
    others = [state for state in found if same is None or state.id != same.id]
    if same and same.running and not others:
        return False
    partition = wanted.labels[labels.PARTITION]
    container = same.id if same else _create(site, wanted, subnet, software)
    for old in others:
        engine.stop(old.id, _STOP_SECONDS)
    if same is None or not same.running:
        site.report(Event("info", partition, f"Starting {partition}."))
        _start(engine, container, others, made=same is None)
    for old in others:
        engine.remove(old.id)
    return True


def refresh(engine: Engine, container: str, partition: Partition) -> None:
    """Let the supervisor see what changed in etc/service and etc/run."""
    done = engine.execute(container, (SUPERVISE, "refresh"), user=f"{partition.uid}:{partition.uid}")
    if done.exit_code:
        raise PartError(
            f"The supervisor of {partition.name} did not take the change.",
            reason="supervisor",
            section=partition.name,
            details=(done.stdout + done.stderr).decode(errors="replace")[-2000:],
            resolution="cbuild instance --stop and --start bring it up anew.",
        )


def _create(site: Site, wanted: ContainerSpec, subnet: str, software: Software) -> str:
    engine = site.engine
    if not engine.has_image(wanted.image):
        site.report(Event("loading", software.manifest, f"Loading the image into {engine.name}."))
        engine.load(loadable(Layout(site.home.oci), software.manifest, reference(software.manifest)))
    if wanted.address is not None:
        engine.ensure_network(wanted.address.network, subnet)
    return engine.create(wanted)


def _start(engine: Engine, container: str, others: list[ContainerState], *, made: bool) -> None:
    try:
        engine.start(container)
    except EngineError:
        # Back to what ran before; the new container would only be in the way.
        if made:
            with suppress(EngineError):
                engine.remove(container)
        for old in others:
            if old.running:
                with suppress(EngineError):
                    engine.start(old.id)
        raise
