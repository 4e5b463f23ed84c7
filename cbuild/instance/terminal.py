"""Looking into a partition: its logs, and a command or a shell inside."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from cbuild.errors import EngineError
from cbuild.instance import container, names, untrusted
from cbuild.instance.document import Instance, Partition
from cbuild.instance.manage import Connect, engine_choice
from cbuild.instance.site import Site
from cbuild.instance.store import Store
from cbuild.state.home import Home

_LOGS = "var/log"
_LONGEST = 64 << 10  # bytes of each log that are shown: s6-log keeps 100 kB before it rotates
_POLL = 0.3  # seconds


def known(home: Home, name: str) -> bool:
    """Tell whether name is an instance's or a partition's; what is neither may be a part's."""
    store = Store(home)
    return name in store.names() or store.owner(name) is not None


def logs(home: Home, name: str, *, follow: bool = False) -> Iterator[str]:
    """Yield the lines of all services of a partition, each with the service's name; with follow, for ever.

    name: a partition's, or an instance's for its first. UsageError (unknown-instance) if there is none.
    """
    instance, partition = _found(home, name)
    data = Store(home).partition(instance.name, partition.name).data
    sizes: dict[str, int] = {}
    for relative in _files(data):
        sizes[relative] = _size(data, relative)
        yield from _lines(relative, _read(data, relative, None))
    while follow:
        time.sleep(_POLL)
        for relative in _files(data):
            size, before = _size(data, relative), sizes.get(relative, 0)
            if size != before:
                # Smaller: s6-log has rotated it.
                text = _read(data, relative, before if size > before else 0)
                sizes[relative] = size
                yield from _lines(relative, text)


def shell(home: Home, name: str, command: Sequence[str], connect: Connect, choice: str = "auto") -> Sequence[str]:
    """Return the argv that opens a shell (or runs command) in a running partition, as the partition's user.

    UsageError (unknown-instance); EngineError (not-running) if the partition doesn't run.
    """
    instance, partition = _found(home, name)
    engine = connect(engine_choice(instance, choice))
    running = [state for state in container.find(Site(engine, home), instance, partition) if state.running]
    if not running:
        raise EngineError(
            f"The partition {partition.name!r} does not run.",
            reason="not-running",
            resolution=f"Start it: cbuild instance {instance.name} --start",
        )
    return engine.interactive(running[0].id, tuple(command) or ("sh",), f"{partition.uid}:{partition.uid}")


def _found(home: Home, name: str) -> tuple[Instance, Partition]:
    store = Store(home)
    owner = name if name in store.names() else store.owner(name)
    instance = store.load(owner) if owner else None
    if instance is None:
        raise names.unknown(name, store.names())
    return instance, next((one for one in instance.partitions if one.name == name), instance.partitions[0])


def _files(data: Path) -> list[str]:
    # A service's log is a directory with `current`, what etc/run's programs say a file.
    found = untrusted.names(data, _LOGS)
    return [f"{_LOGS}/{name}" if name.endswith(".log") else f"{_LOGS}/{name}/current" for name in found]


def _read(data: Path, relative: str, start: int | None) -> bytes:
    try:
        return untrusted.read(data, relative, _LONGEST, start=start)
    except OSError:
        return b""


def _size(data: Path, relative: str) -> int:
    try:
        return (data / relative).lstat().st_size
    except OSError:
        return 0


def _lines(relative: str, text: bytes) -> Iterator[str]:
    service = relative.removeprefix(f"{_LOGS}/").removesuffix("/current").removesuffix(".log")
    for line in text.decode(errors="replace").splitlines():
        yield f"{service}: {line}"
