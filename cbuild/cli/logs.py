"""cbuild logs: of a part's build, or of a partition."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from cbuild.cli import common
from cbuild.cli.prepared import prepared
from cbuild.cli.progress import printer
from cbuild.state.home import Home

POLL = 0.3
"""Seconds between two looks at a log that grows."""


def command(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PROFILE] [SECTION:OPTION=VALUE]... PART|PARTITION", show_default=False),
    ] = None,
    config: common.Config = None,
    verbose: common.Verbose = 0,
    quiet: common.Quiet = 0,
    offline: common.Offline = None,
    no_defaults: common.NoDefaults = False,
    follow: Annotated[bool, typer.Option("-f", help="Go on as it grows.")] = False,
    engine: common.EngineChoice = None,
) -> None:
    """Print the log of a part's last build, or what a partition's services say."""
    from cbuild.instance import terminal  # noqa: PLC0415 - not needed for --help

    home = Home.default()
    name, others = common.take_name(words, config, "part or a partition")
    if terminal.known(home, name):
        lines = terminal.logs(home, name, follow=follow)
    else:
        from cbuild.build.explain import log, log_at_hand  # noqa: PLC0415

        every = [*others, *common.switches(offline=offline)]
        defaults, report = not no_defaults, printer(verbose - quiet - 1)
        profile, _ = common.open_profile(every, config, user_defaults=defaults, report=report)
        path = log_at_hand(profile, home, name) or log(
            prepared(every, config, home, engine, report, user_defaults=defaults), home, name
        )
        lines = _lines(path, follow=follow)
    for line in lines:
        print(line, flush=follow)  # noqa: T201 - the command line prints


def _lines(path: Path, *, follow: bool) -> Iterator[str]:
    with path.open(encoding="utf-8", errors="replace") as stream:
        while True:
            if line := stream.readline():
                yield line.rstrip("\n")
            elif follow and path.exists():
                time.sleep(POLL)
            else:
                return
