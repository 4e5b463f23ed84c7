"""cbuild why: what changed in a part's key since it was built."""

from __future__ import annotations

import difflib
import json as json_module
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from cbuild.cli import common
from cbuild.cli.prepared import prepared
from cbuild.cli.progress import printer
from cbuild.state.home import Home

if TYPE_CHECKING:
    from cbuild.build.explain import Why
    from cbuild.plan.why import Change

REQUIRES = "requires/"
"""How changes begin that another part has brought: that part's own changes are shown in their place."""

LONG = 4
"""Lines of a value from which on only those are shown that differ."""


def command(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[PROFILE] [SECTION:OPTION=VALUE]... PART", show_default=False)
    ] = None,
    config: common.Config = None,
    verbose: common.Verbose = 0,
    quiet: common.Quiet = 0,
    offline: common.Offline = None,
    no_defaults: common.NoDefaults = False,
    engine: common.EngineChoice = None,
    json: common.Json = False,
) -> None:
    """Compare a part's key with that of the build which the state file records."""
    from cbuild.build.explain import why  # noqa: PLC0415 - not needed for --help

    home = Home.default()
    part, others = common.take_name(words, config, "part")
    every = [*others, *common.switches(offline=offline)]
    ready = prepared(every, config, home, engine, printer(verbose - quiet - 1), user_defaults=not no_defaults)
    answer = why(ready, home, part)
    print(json_module.dumps(asdict(answer)) if json else _text(answer))  # noqa: T201 - the command line prints


def _text(answer: Why) -> str:
    lines = [_verdict(answer)]
    own = [change for change in answer.changes if not change.what.startswith(REQUIRES)]
    lines += _changes(own, "  ")
    for cause in answer.causes:
        lines += [f"  {cause.part} changed ({' -> '.join(cause.via)}):", *_changes(cause.changes, "    ")]
    if not own and not answer.causes:
        lines += _changes(answer.changes, "  ")
    if answer.failure:
        lines += [f"The last try failed: {answer.failure}", f"Its log: cbuild logs {answer.part}"]
    return "\n".join(lines)


def _verdict(answer: Why) -> str:
    match answer.status, answer.in_store:
        case "new", True:
            told = "has not been built from this profile, but the store has it: nothing is compiled."
        case "new", False:
            told = "has not been built from this profile."
        case "cached", True:
            told = "is up to date."
        case "cached", False:
            told = "has not changed, but the store has lost it: it will be built again."
        case "changed", True:
            told = "has changed, but the store has it as it is now: nothing is compiled."
        case _ if _may_stay(answer.changes):
            told = "will be built again, unless what it refers to comes out the same:"
        case _:
            told = "will be built again:"
    return f"{answer.part} {told}"


def _may_stay(changes: Iterable[Change]) -> bool:
    """Tell whether nothing has changed but what has to be built first, whose bytes nobody knows yet."""
    from cbuild.build.parts import UNBUILT  # noqa: PLC0415 - not needed for --help

    return all(change.what.startswith(REQUIRES) and change.new == UNBUILT for change in changes)


def _changes(found: Iterable[Change], indent: str) -> list[str]:
    lines = [line for change in found for line in (change.what, *_values(change))]
    return [f"{indent}{line}" for line in lines]


def _values(change: Change) -> list[str]:
    old, new = (_shown(value) for value in (change.old, change.new))
    if min(len(old), len(new)) < LONG:
        return [*(f"  - {line}" for line in old), *(f"  + {line}" for line in new)]
    lines = list(difflib.unified_diff(old, new, n=0, lineterm=""))[2:]
    return [f"  {line[0]} {line[1:]}" for line in lines if not line.startswith("@@")]


def _shown(value: object) -> list[str]:
    text = "(absent)" if value is None else value if isinstance(value, str) else json_module.dumps(value)
    return text.splitlines() or [""]
