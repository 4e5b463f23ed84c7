"""Making, changing and removing instances: the desired state is written down, then the engine made to agree with it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from cbuild.engine.api import Engine, Limits
from cbuild.errors import CbuildError, EngineError, UsageError
from cbuild.events import Event, Report, silent
from cbuild.instance import applied, container, labels, limits, measure, names, oneshot, parameters, pool, software
from cbuild.instance.applied import Applied
from cbuild.instance.document import Instance, Partition, State
from cbuild.instance.job import Job
from cbuild.instance.measure import InstanceStatus
from cbuild.instance.parameters import Parameters
from cbuild.instance.site import Site
from cbuild.instance.software import Software
from cbuild.instance.store import Store
from cbuild.state.home import Home

Connect = Callable[[str], Engine]
"""From ``auto``, ``docker`` or ``podman`` to the engine."""

PROMISES_SECONDS = 60.0


@dataclass(frozen=True)
class Change:
    """What the command line asks of an instance.

    directory: the project's. name None: the directory's. image None: the software built in directory. parameters
    replace those of their name, file (None: not given) all of them. type, state None: as before.
    """

    directory: Path
    name: str | None = None
    image: str | None = None
    parameters: Parameters = field(default_factory=dict)
    file: Parameters | None = None
    type: str | None = None
    state: State | None = None
    limits: Limits = field(default_factory=Limits)

    def instance(self) -> str:
        """Return the instance's name; UsageError (bad-name) if it can't be one."""
        return names.of_directory(self.directory) if self.name is None else names.checked(self.name)


def change(
    home: Home,
    asked: Change,
    connect: Connect,
    *,
    choice: str = "auto",
    wait: float = PROMISES_SECONDS,
    report: Report = silent,
) -> InstanceStatus:
    """Make or change an instance and bring it to where it should be; return what it then is.

    wait: seconds for the promises to hold, 0 not to look. Errors: UsageError for what was asked, ProfileError or
    PartError from the instance profile (what ran before goes on), PartError (address-pool-full), EngineError.
    """
    store = Store(home)
    name = asked.instance()
    with store.locked(name, report):
        before = store.load(name)
        _check(store, asked, before)
        engine = connect(engine_choice(before, choice))
        _check_engine(home, before, engine)
        wanted = replace(_wanted(store, asked, before, engine.name), engine_url=engine.url)
        store.save(wanted)
        try:
            return _reconcile(Site(engine, home, report), wanted, wait)
        except CbuildError as error:
            if error.reason == "limit-refused":
                _take_back(store, wanted, before)
            raise


def destroy(home: Home, name: str, connect: Connect, *, choice: str = "auto", report: Report = silent) -> None:
    """Remove an instance: its containers, its data, its addresses; its network with the last partition on it."""
    store = Store(home)
    with store.locked(name, report):
        if name not in store.names():
            raise names.unknown(name, store.names())
        try:
            before = store.load(name)
        except UsageError as error:
            report(Event("warning", name, error.brief))  # removing is the way out of a damaged document
            before = None
        engine = connect(engine_choice(before, choice))
        _check_engine(home, before, engine)
        for state in engine.containers(labels.of_instance(home, name)):
            report(Event("info", name, f"Removing {state.name}."))
            engine.remove(state.id)
        subnets = pool.subnets(store)
        for partition in store.partitions(name):
            pool.release(store, partition)
        store.forget(name)
        for subnet in subnets - pool.subnets(store):
            engine.remove_network(names.network(home, subnet))


def status(home: Home, name: str, connect: Connect, choice: str = "auto") -> InstanceStatus:
    """Return what an instance is now, its promises asked anew."""
    store = Store(home)
    found = store.load(name)
    if found is None:
        raise names.unknown(name, store.names())
    engine = connect(engine_choice(found, choice))
    _check_engine(home, found, engine)
    return measure.status(Site(engine, home), found)


def engine_choice(instance: Instance | None, choice: str) -> str:
    """Return which engine to connect to: an instance's own; UsageError (other-engine) if another was asked for."""
    if instance is None or choice in {"auto", "", instance.engine}:
        return instance.engine if instance else choice
    raise UsageError(
        f"The instance {instance.name!r} runs on {instance.engine}.",
        reason="other-engine",
        resolution=f"Leave out --engine {choice}; or destroy the instance, with its data, and make it there.",
    )


def _check_engine(home: Home, before: Instance | None, engine: Engine) -> None:
    """Refuse to look for an instance's containers where they are not: they would run on, and on the same data."""
    if (
        before is None
        or before.engine_url in {"", engine.url}
        or engine.containers(labels.of_instance(home, before.name))
    ):
        return
    raise EngineError(
        f"The instance {before.name!r} runs on another {engine.name}.",
        reason="other-engine",
        details=f"It was made at {before.engine_url}; this is {engine.url}.",
        resolution="Set DOCKER_HOST or CONTAINER_HOST to where it was made. If that engine is gone for good, remove "
        f"{Store(home).path(before.name).parent}.",
    )


def _wanted(store: Store, asked: Change, before: Instance | None, engine: str) -> Instance:
    before = before or _new(store, asked, asked.instance(), engine)
    root = before.partitions[0]
    changed = replace(
        root,
        type=asked.type or root.type,
        parameters=parameters.combined(root.parameters, asked.file, asked.parameters),
    )
    return replace(
        before,
        image=_image(store.home, asked, before),
        # To change what is stopped doesn't start it; only --start does.
        state=asked.state or before.state,
        limits=limits.merged(asked.limits, before.limits),
        partitions=(changed, *before.partitions[1:]),
    )


def _new(store: Store, asked: Change, name: str, engine: str) -> Instance:
    found = _software(store.home, asked)
    partition = names.partition(name, 0)
    lease = pool.lease(store, partition, engine)
    root = Partition(partition, name, "default", {}, lease.uid, lease.ipv6, lease.subnet)
    project = str(asked.directory.resolve()) if asked.image is None else None
    return Instance(name, project, found.manifest, engine, "started", Limits(), (root,))


def _software(home: Home, asked: Change) -> software.Software:
    return software.recorded(home, asked.directory) if asked.image is None else software.named(home, asked.image)


def _check(store: Store, asked: Change, before: Instance | None) -> None:
    """Raise UsageError for what there is not: that is seen without an engine."""
    if before is not None:
        _check_owner(before, asked)
    elif asked.state is not None:
        raise names.unknown(asked.instance(), store.names())
    else:
        _software(store.home, asked)


def _check_owner(before: Instance, asked: Change) -> None:
    # A name given in full with --stop and the like, or with --image (now or when it was made), is meant; one that comes
    # from the directory, or goes with the directory's software, belongs to that directory.
    named = asked.name is not None and (asked.state is not None or before.project is None)
    if named or asked.image is not None or before.project == str(asked.directory.resolve()):
        return
    raise UsageError(
        f"There is an instance {before.name!r} already, and it is not this project's.",
        reason="instance-exists",
        details=f"It belongs to {before.project or 'no project: it was made with --image'}.",
        resolution="Give another name: cbuild instance NAME; or change that one from its own directory.",
    )


def _image(home: Home, asked: Change, before: Instance) -> str:
    if asked.image is not None:
        return software.named(home, asked.image).manifest
    if asked.state is not None or before.project is None:
        return before.image
    return software.recorded(home, asked.directory).manifest


def _reconcile(site: Site, wanted: Instance, wait: float) -> InstanceStatus:
    if wanted.state == "stopped":
        for partition in wanted.partitions:
            for state in container.find(site, wanted, partition):
                site.engine.stop(state.id)
        return measure.status(site, wanted, look=False)
    used = software.named(site.home, wanted.image)
    for partition in wanted.partitions:
        _bring_up(site, wanted, partition, used)
    if not wait:
        return measure.status(site, wanted, look=False)
    return _settled(site, wanted, wait)


def _bring_up(site: Site, wanted: Instance, partition: Partition, used: Software) -> None:
    place = site.store.partition(wanted.name, partition.name)
    asked = Job(
        partition=partition.name,
        instance=wanted.name,
        reference=partition.reference,
        type=partition.type,
        parameters=partition.parameters,
        ipv6=partition.ipv6,
        uid=partition.uid,
        software=used.manifest,
        state=wanted.state,
    )
    inputs = oneshot.inputs(asked)
    done = applied.load(place.applied)
    if done.inputs != inputs or not place.data.is_dir():
        oneshot.prepare(place, partition.uid)
        done = Applied(inputs, oneshot.run(site, used, asked, place))
        applied.save(place.applied, done)
    effective = limits.merged(wanted.limits, limits.parse(done.result.limits), limits.DEFAULTS)
    spec = container.spec(site.home, wanted, partition, used, effective)
    started = container.agree(site, spec, partition.subnet, used)
    if not done.refreshed:
        # A container that has just started reads everything anyway.
        if not started:
            container.refresh(site.engine, container.find(site, wanted, partition)[0].id, partition)
        applied.save(place.applied, replace(done, refreshed=True))


def _settled(site: Site, wanted: Instance, seconds: float) -> InstanceStatus:
    end = time.monotonic() + seconds
    pause = 0.1
    while True:
        now = measure.status(site, wanted)
        left = end - time.monotonic()
        if now.ready or left <= 0:
            return now
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, 2.0)


def _take_back(store: Store, wanted: Instance, before: Instance | None) -> None:
    # What was refused must not be tried again by every later run.
    if before is not None:
        store.save(before)
        return
    for partition in wanted.partitions:
        pool.release(store, partition.name)
    store.forget(wanted.name)
