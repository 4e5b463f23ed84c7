"""cbuild verify: does a part come out the same in a deliberately different builder."""

from __future__ import annotations

import json as json_module
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from cbuild.cli import common
from cbuild.cli.prepared import planned
from cbuild.cli.progress import printer
from cbuild.errors import DifferenceError
from cbuild.state.home import Home

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cbuild.build.verify import Difference, Verified

SHOWN = 25
"""Differences of a part that a person is shown; --json has all."""


def command(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PROFILE] [SECTION:OPTION=VALUE]... [PART]...", show_default=False),
    ] = None,
    config: common.Config = None,
    verbose: common.Verbose = 0,
    quiet: common.Quiet = 0,
    offline: common.Offline = None,
    no_defaults: common.NoDefaults = False,
    engine: common.EngineChoice = None,
    json: common.Json = False,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Parts at a time.")] = os.cpu_count() or 1,
    causes: Annotated[
        bool, typer.Option("--causes", help="Find what a difference comes from; installs such a part a dozen times.")
    ] = False,
) -> int:
    """Install parts again, all by default, in a deliberately different builder, and compare with the store."""
    from cbuild.build.verify import verify  # noqa: PLC0415 - not needed for --help
    from cbuild.engine.select import connect  # noqa: PLC0415

    home, report = Home.default(), printer(verbose - quiet)
    every = [*(words or ()), *common.switches(offline=offline)]
    ready, parts = planned(every, config, home, engine, report, user_defaults=not no_defaults)
    found = verify(ready, home, lambda: connect(engine, home, report), parts, jobs, report, causes=causes)
    print(json_module.dumps({"parts": [asdict(one) for one in found]}) if json else _text(found))  # noqa: T201 - the command line prints
    return 0 if all(one.reproducible for one in found) else DifferenceError.exit_code


def _text(found: Sequence[Verified]) -> str:
    width = max((len(one.name) for one in found), default=0)
    lines = [line for one in found for line in _part(one, width)]
    different = [one for one in found if not one.reproducible]
    verdict = (
        f"{len(different)} of {len(found)} parts came out different."
        if different
        else f"All {len(found)} parts are reproducible."
    )
    return "\n".join([*lines, verdict])


def _part(one: Verified, width: int) -> list[str]:
    lines = [f"{one.name:{width}}  {one.verdict}"]
    if one.causes:
        lines[0] += f"; what it depends on: {', '.join(one.causes)}"
    evidence = [*one.error.splitlines(), *(one.report or _differences(one.differences))]
    return [*lines, *(f"  {line}" for line in evidence)]


def _differences(found: Sequence[Difference]) -> list[str]:
    lines = [line for difference in found[:SHOWN] for line in _difference(difference)]
    return [*lines, f"… {len(found) - SHOWN} paths more"] if len(found) > SHOWN else lines


def _difference(found: Difference) -> list[str]:
    match found.what:
        case "missing":
            return [f"{found.path}: not there again ({found.stored})"]
        case "new":
            return [f"{found.path}: was not there ({found.again})"]
        case "bytes":
            where = f"{found.path}: differs from byte {found.offset} on"
            if found.diff:
                return [where, *(f"  {line}" for line in found.diff)]
            return [where, f"  - {found.stored}", f"  + {found.again}"]
        case what:
            return [f"{found.path}: {what} {found.stored}, again {found.again}"]
