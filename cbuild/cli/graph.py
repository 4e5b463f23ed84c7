"""cbuild graph: the parts, what they refer to, and what the store has of them."""

from __future__ import annotations

import json as json_module
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from cbuild.cli import common
from cbuild.cli.prepared import prepared
from cbuild.cli.progress import printer
from cbuild.state.home import Home

if TYPE_CHECKING:
    from cbuild.build.graph import PartGraph


class Format(StrEnum):
    """What can be written."""

    SVG = "svg"
    DOT = "dot"
    JSON = "json"


def command(
    words: common.Words = None,
    config: common.Config = None,
    verbose: common.Verbose = 0,
    quiet: common.Quiet = 0,
    offline: common.Offline = None,
    no_defaults: common.NoDefaults = False,
    engine: common.EngineChoice = None,
    form: Annotated[Format, typer.Option("--format", help="A picture, graphviz's language, or data.")] = Format.SVG,
    json: common.Json = False,
) -> None:
    """Write the graph of a profile's parts to stdout: cbuild graph > parts.svg."""
    from cbuild.build.graph import graph  # noqa: PLC0415 - not needed for --help
    from cbuild.cli.dot import dot  # noqa: PLC0415
    from cbuild.cli.svg import svg  # noqa: PLC0415

    home = Home.default()
    every = [*(words or ()), *common.switches(offline=offline)]
    ready = prepared(every, config, home, engine, printer(verbose - quiet - 1), user_defaults=not no_defaults)
    found, title = graph(ready, home), ready.profile.path.name
    match Format.JSON if json else form:
        case Format.SVG:
            text = svg(found, title)
        case Format.DOT:
            text = dot(found, title)
        case Format.JSON:
            text = json_module.dumps(_document(found, title))
    print(text)  # noqa: T201 - the command line prints


def _document(graph: PartGraph, profile: str) -> dict[str, object]:
    return {
        "profile": profile,
        "nodes": [asdict(node) for node in graph.nodes],
        "edges": [{"from": node.name, "to": name} for node in graph.nodes for name in node.requires],
        "critical": {"parts": list(graph.critical), "seconds": graph.seconds},
    }
