"""cbuild why: what changed in a part's key since it was built."""

from __future__ import annotations

import json as json_module
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from cbuild.cli import common
from cbuild.cli.prepared import prepared
from cbuild.cli.progress import printer
from cbuild.state.home import Home

if TYPE_CHECKING:
    from cbuild.build.explain import Why


def command(
    part: Annotated[str, typer.Argument(help="The part.", show_default=False)],
    words: common.Words = None,
    config: common.Config = None,
    verbose: common.Verbose = 0,
    quiet: common.Quiet = 0,
    no_defaults: common.NoDefaults = False,
    engine: common.EngineChoice = None,
    json: common.Json = False,
) -> None:
    """Compare a part's key with that of the build which the state file records."""
    from cbuild.build.explain import why  # noqa: PLC0415 - not needed for --help

    home = Home.default()
    ready = prepared(words, config, home, engine, printer(verbose - quiet - 1), user_defaults=not no_defaults)
    answer = why(ready, home, part)
    print(json_module.dumps(asdict(answer)) if json else _text(answer))  # noqa: T201 - the command line prints


def _text(answer: Why) -> str:
    match answer.status:
        case "new":
            return f"{answer.part} has not been built from this profile."
        case "cached":
            return f"{answer.part} is up to date."
        case "changed":
            lines = [
                line
                for change in answer.changes
                for line in (f"  {change.what}", *_value("-", change.old), *_value("+", change.new))
            ]
            return "\n".join([f"{answer.part} will be built again:", *lines])


def _value(sign: str, value: object) -> list[str]:
    text = "(absent)" if value is None else value if isinstance(value, str) else json_module.dumps(value)
    return [f"    {sign} {line}" for line in text.splitlines() or [""]]
