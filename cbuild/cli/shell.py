"""cbuild shell: a shell, or a command, in a partition or in a failed part's builder."""

from __future__ import annotations

import subprocess
import sys
from typing import Annotated

import typer

from cbuild.cli import common, status
from cbuild.cli.progress import printer
from cbuild.state.home import Home


def command(
    name: Annotated[str, typer.Argument(metavar="PART|PARTITION", show_default=False)],
    words: Annotated[list[str] | None, typer.Argument(metavar="[-- COMMAND...]", show_default=False)] = None,
    verbose: common.Verbose = 0,
    quiet: common.Quiet = 0,
    engine: common.EngineChoice = None,
) -> int:
    """Open a shell as the user that runs there; a part has one after it failed with --keep-failed."""
    from cbuild.instance import terminal  # noqa: PLC0415 - not needed for --help

    home, report = Home.default(), printer(verbose - quiet - 1)
    if terminal.known(home, name):
        connect = status.connector(home, report)
        return subprocess.run(
            terminal.shell(home, name, words or (), connect, engine or "auto"), check=False
        ).returncode
    from cbuild.build.reopen import reopened  # noqa: PLC0415
    from cbuild.engine.select import connect as connect_engine  # noqa: PLC0415

    with reopened(home, lambda: connect_engine(engine, home, report), name, words or ()) as arguments:
        if not words:
            print(f"The builder of {name} as the failure left it; the log is /log/log.", file=sys.stderr)  # noqa: T201 - the command line prints
        return subprocess.run(arguments, check=False).returncode
