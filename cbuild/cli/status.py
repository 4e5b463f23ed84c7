"""cbuild status: what runs now, measured, not remembered."""

from __future__ import annotations

import json as json_module
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cbuild.cli import common
from cbuild.cli.progress import printer
from cbuild.events import Report
from cbuild.state.home import Home

if TYPE_CHECKING:
    from cbuild.engine.api import Engine, Limits
    from cbuild.instance.measure import InstanceStatus, PartitionStatus


def command(
    *,
    name: Annotated[str | None, typer.Argument(help="Default: the directory's name.", show_default=False)] = None,
    verbose: common.Verbose = 0,
    quiet: common.Quiet = 0,
    engine: common.EngineChoice = None,
    json: common.Json = False,
) -> int:
    """Show what an instance is now: states, limits and addresses as the engine has them, promises asked anew."""
    from cbuild.instance import manage, names  # noqa: PLC0415 - not needed for --help

    home = Home.default()
    wanted = names.of_directory(Path.cwd()) if name is None else names.checked(name)
    show(manage.status(home, wanted, connector(home, printer(verbose - quiet)), engine or "auto"), as_json=json)
    return 0


def connector(home: Home, report: Report) -> Callable[[str], Engine]:
    """Return the function that instances connect to their engine with."""

    def connect(choice: str) -> Engine:
        from cbuild.engine import select  # noqa: PLC0415 - an SDK takes 0.2 s to import

        return select.connect(choice, home, report)

    return connect


def show(now: InstanceStatus, *, as_json: bool) -> None:
    """Print an instance: the contract's document, or lines for a person."""
    text = json_module.dumps(now.as_dict(), ensure_ascii=False) if as_json else "\n".join(_lines(now))
    print(text)  # noqa: T201 - the command line prints


def destroyed_document(name: str) -> str:
    """Return the contract's document for an instance that was removed."""
    gone = {"instance": name, "ready": False, "destroyed": True, "parameters": {}, "connection": {}, "partitions": []}
    return json_module.dumps(gone)


def _lines(now: InstanceStatus) -> Iterator[str]:
    yield f"{now.name}: {'ready' if now.ready else 'not ready'} ({now.engine})"
    for partition in now.partitions:
        yield from _partition_lines(partition)


def _partition_lines(partition: PartitionStatus) -> Iterator[str]:
    yield f"  {partition.name}  {partition.state}  [{partition.ipv6}]  {_limits_text(partition.limits)}".rstrip()
    for key, value in sorted(partition.connection.items()):
        yield f"    {key} = {value}"
    for promise in partition.promises:
        message = promise.message.splitlines()[-1] if promise.message else ""
        yield f"    promise {promise.name}: {'holds' if promise.ok else 'does not hold'}{message and f' ({message})'}"


def _limits_text(limits: Limits) -> str:
    texts = []
    if limits.memory is not None:
        texts.append(f"memory {limits.memory / (1 << 20):.0f} MiB")
    if limits.cpu is not None:
        texts.append(f"{limits.cpu:g} cpus")
    if limits.pids is not None:
        texts.append(f"{limits.pids} pids")
    if limits.open_files is not None:
        texts.append(f"{limits.open_files} open files")
    return ", ".join(texts)
