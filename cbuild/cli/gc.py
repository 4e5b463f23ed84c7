"""cbuild gc: remove from the store what nobody needs."""

from __future__ import annotations

import json as json_module
import re
from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from cbuild.cli import common
from cbuild.cli.figures import amount
from cbuild.cli.progress import printer
from cbuild.errors import UsageError
from cbuild.events import Event
from cbuild.state.home import Home

if TYPE_CHECKING:
    from cbuild.state.garbage import Item, Plan

_SIZE = re.compile(r"(\d+(?:\.\d+)?) *([kMGT]?)i?B?", re.IGNORECASE)
_UNITS = {"": 1, "K": 1000, "M": 1000**2, "G": 1000**3, "T": 1000**4}
SHOWN = 20
"""Items of a kind that a person is shown, the biggest; --json has all."""

NAMED = {"reference", "base", "layer", "tree", "work", "source"}
"""Kinds whose items a person is shown by name."""


def command(
    max_size: Annotated[
        str | None, typer.Option(metavar="SIZE", help="Free more until the store has 10G, 500M …")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be removed.")] = False,
    sources: Annotated[bool, typer.Option("--sources", help="Fetched files, too.")] = False,
    verbose: common.Verbose = 0,
    quiet: common.Quiet = 0,
    json: common.Json = False,
) -> None:
    """Remove from the store what no state file, no instance and no newest result needs."""
    from cbuild.state import garbage, use  # noqa: PLC0415 - not needed for --help
    from cbuild.state.emptied import empty  # noqa: PLC0415

    home, report = Home.default(), printer(verbose - quiet)
    waiting = Event("waiting", "gc", "Waiting for other cbuilds that use the store.")
    limit = parse(max_size) if max_size is not None else None
    if dry_run:
        plan = garbage.find(home, limit, sources=sources)
    else:
        with use.emptying(home, lambda: report(waiting)):
            plan = garbage.find(home, limit, sources=sources)
            empty(home, plan)
    print(json_module.dumps(_document(plan, dry_run=dry_run)) if json else _text(plan, limit, dry_run=dry_run))  # noqa: T201 - the command line prints


def parse(text: str) -> int:
    """Return a size in bytes. UsageError (``bad-size``)."""
    match = _SIZE.fullmatch(text.strip())
    if not match:
        raise UsageError(f"{text!r} is no size.", reason="bad-size", resolution="Write it as 500M or 10G.")
    return int(float(match[1]) * _UNITS[match[2].upper()])


def _document(plan: Plan, *, dry_run: bool) -> dict[str, object]:
    return {
        "dry_run": dry_run,
        "removed": [
            {"kind": item.kind, "name": item.name, "size": item.size, "last_used": item.used} for item in plan.items
        ],
        "size": plan.size,
        "kept": plan.kept,
        "roots": list(plan.roots),
        "gone": [str(path) for path in plan.gone],
    }


def _text(plan: Plan, limit: int | None, *, dry_run: bool) -> str:
    lines = []
    for kind, count in Counter(item.kind for item in plan.items).items():
        items = sorted((item for item in plan.items if item.kind == kind), key=lambda item: -item.size)
        lines.append(f"{count} {kind}{'s' if count > 1 else ''}, {amount(sum(item.size for item in items))}")
        if kind in NAMED:
            lines += [f"  {_line(item)}" for item in items[:SHOWN]]
            lines += [f"  … {count - SHOWN} more"] * (count > SHOWN)
    lines += [f"{path} is gone: what it needed is not kept for it." for path in plan.gone]
    verb = "Would free" if dry_run else "Freed"
    lines.append(f"{verb} {amount(plan.size)}; {amount(plan.kept)} stay, for {_roots(plan)}.")
    if limit is not None and plan.kept > limit:
        lines.append(f"That is more than {amount(limit)}: all of it is needed.")
    return "\n".join(lines)


def _line(item: Item) -> str:
    return f"{item.name}  {amount(item.size)}" if item.size else item.name


def _roots(plan: Plan) -> str:
    instances = sum(root.startswith("instance ") for root in plan.roots)
    states = len(plan.roots) - instances
    return f"{states} state file{'s' * (states != 1)} and {instances} instance{'s' * (instances != 1)}"
