"""cbuild instance: make, change, stop, start or remove an instance."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cbuild.cli import common, status
from cbuild.cli.progress import printer
from cbuild.errors import UsageError
from cbuild.state.home import Home

if TYPE_CHECKING:
    from cbuild.instance.document import State


def command(
    *,
    name: Annotated[str | None, typer.Argument(help="Default: the directory's name.", show_default=False)] = None,
    param: Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE", help="A parameter; repeatable.")] = None,
    param_file: Annotated[Path | None, typer.Option(metavar="FILE", help="All parameters: JSON or YAML.")] = None,
    software_type: Annotated[str | None, typer.Option("--type", help="The software type.")] = None,
    image: Annotated[str | None, typer.Option(help="An image of the store instead of the software here.")] = None,
    memory: Annotated[str | None, typer.Option(help="256M, 1G …; default 1G.")] = None,
    cpus: Annotated[str | None, typer.Option(help="Cores: 0.5, 2 …")] = None,
    pids: Annotated[str | None, typer.Option(help="Processes and threads; default 512.")] = None,
    disk: Annotated[str | None, typer.Option(help="Size of the data.")] = None,
    open_files: Annotated[str | None, typer.Option(help="Open files of a process.")] = None,
    stop: Annotated[bool, typer.Option("--stop", help="Stop it; data and address stay.")] = False,
    start: Annotated[bool, typer.Option("--start", help="Start it again.")] = False,
    destroy: Annotated[bool, typer.Option("--destroy", help="Remove it with its data.")] = False,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Don't wait for the promises.")] = False,
    timeout: Annotated[float, typer.Option(metavar="SECONDS", help="How long to wait for the promises.")] = 60.0,
    verbose: common.Verbose = 0,
    quiet: common.Quiet = 0,
    engine: common.EngineChoice = None,
    json: common.Json = False,
) -> int:
    """Make, change or remove an instance: partitions of a software, a container each."""
    from cbuild.instance import limits, manage, parameters  # noqa: PLC0415 - not needed for --help

    if stop + start + destroy > 1:
        raise UsageError("--stop, --start and --destroy exclude each other.", resolution="Give one of them.")
    state: State | None = "stopped" if stop else "started" if start else None
    change = manage.Change(
        directory=Path.cwd(),
        name=name,
        image=image,
        parameters=parameters.from_arguments(param or ()),
        file=parameters.from_file(param_file) if param_file else None,
        type=software_type,
        state=state,
        limits=limits.parse({"memory": memory, "cpus": cpus, "pids": pids, "disk": disk, "open-files": open_files}),
    )
    home, report = Home.default(), printer(verbose - quiet)
    connect = status.connector(home, report)
    if destroy:
        gone = change.instance()
        manage.destroy(home, gone, connect, choice=engine or "auto", report=report)
        print(status.destroyed_document(gone) if json else f"{gone} is removed, with its data.")  # noqa: T201 - the command line prints
        return 0
    seconds = 0.0 if no_wait else timeout
    now = manage.change(home, change, connect, choice=engine or "auto", wait=seconds, report=report)
    status.show(now, as_json=json)
    # What was asked for is there when it is stopped, or when nobody waits to see.
    return 0 if now.ready or stop or no_wait or all(one.state == "stopped" for one in now.partitions) else 1
