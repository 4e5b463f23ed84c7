"""cbuild base: build, show or lock the base images."""

from __future__ import annotations

import json as encoder
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cbuild.base import names as known
from cbuild.cli import common
from cbuild.cli.progress import printer
from cbuild.errors import UsageError
from cbuild.events import Report, silent
from cbuild.state.home import Home

if TYPE_CHECKING:
    from cbuild.base.operations import Shown

ACTIONS = ("build", "show", "lock")


def command(
    *,
    action: Annotated[str, typer.Argument(metavar="build|show|lock", help="What to do.")],
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Default: all.")] = None,
    keep_versions: Annotated[bool, typer.Option("--keep-versions", help="lock: hold the locked versions.")] = False,
    verbose: common.Verbose = 0,
    quiet: common.Quiet = 0,
    json: common.Json = False,
) -> int:
    """Build a base image anew and check it against its lock; show what is known of it; write its lock."""
    run(action, names or [], json=json, keep_versions=keep_versions, report=printer(verbose - quiet))
    return 0


def run(
    action: str,
    names: list[str],
    *,
    json: bool,
    keep_versions: bool = False,
    report: Report = silent,
    home: Home | None = None,
) -> None:
    """Do action (build, show, lock) for the base images names (none: all), and print the result on stdout."""
    from cbuild.base import operations  # noqa: PLC0415 - not needed for --help

    if action not in ACTIONS:
        raise UsageError(f"cbuild base has no {action!r}", resolution=f"Use one of: {', '.join(ACTIONS)}.")
    if keep_versions and action != "lock":
        raise UsageError("--keep-versions is for `cbuild base lock`")
    place = home or Home.default()
    results: list[Shown] = []
    for name in names or known():
        match action:
            case "build":
                results.append(operations.build(name, place, report))
            case "lock":
                results.append(operations.lock(name, place, report, upgrade=not keep_versions))
            case _:
                results.append(operations.show(name, place))
    if json:
        sys.stdout.write(encoder.dumps({"bases": [document(shown) for shown in results]}) + "\n")
    else:
        sys.stdout.write("".join(text(shown) for shown in results))


def document(shown: Shown) -> dict[str, Any]:
    """Return one base image's JSON."""
    base = shown.base
    return {
        "name": shown.name,
        "image": f"cbuild/base-{shown.name}" if base else None,
        "digest": base.manifest if base else None,
        "config": base.digest if base else None,
        "layers": [layer.diff_id for layer in base.layers] if base else [],
        "size": shown.size if base else None,
        "lock": str(shown.lock) if shown.lock else None,
        "packages": [
            {"name": item.name, "version": item.version, "architecture": item.architecture, "sha256": item.sha256}
            for item in shown.packages
        ],
        "seconds": round(shown.seconds, 1) if shown.seconds is not None else None,
    }


def text(shown: Shown) -> str:
    """Return one base image's lines for a person."""
    lines = [f"{shown.name}: {shown.base.digest if shown.base else 'not built'}"]
    if shown.base:
        lines.append(f"  {shown.size / 1e6:.1f} MB, layer {shown.base.layers[0].diff_id}")
    lines.append(f"  {len(shown.packages)} packages locked in {shown.lock}" if shown.lock else "  no lock")
    if shown.seconds is not None:
        lines.append(f"  built in {shown.seconds:.1f} s")
    return "".join(f"{line}\n" for line in lines)
