"""A graph of parts in graphviz's language."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING

from cbuild.cli.figures import duration
from cbuild.cli.svg import COLOURS, CRITICAL

if TYPE_CHECKING:
    from cbuild.build.graph import Node, PartGraph


def dot(graph: PartGraph, title: str) -> str:
    """Return the graph; title is the profile's name."""
    chain = graph.critical
    critical = set(itertools.pairwise(chain))
    lines = [f"digraph {_quoted(title)} {{", "  rankdir=LR;", '  node [shape=box, style="filled,rounded"];']
    lines += [f"  {_quoted(node.name)} [{_attributes(node)}];" for node in graph.nodes]
    for node in graph.nodes:
        for name in node.requires:
            style = f' [color="{CRITICAL}", penwidth=2.5]' if (name, node.name) in critical else ""
            lines.append(f"  {_quoted(name)} -> {_quoted(node.name)}{style};")
    return "\n".join([*lines, "}"])


def _attributes(node: Node) -> str:
    seconds = duration(node.seconds) if node.seconds is not None else "to build"
    label = _quoted(f"{node.name}\n{seconds}")
    words = [f"label={label}", f'fillcolor="{COLOURS[node.state]}"']
    if node.in_image is False:
        words.append('style="filled,rounded,dashed"')
    if node.critical:
        words.append(f'color="{CRITICAL}", penwidth=2.5')
    return ", ".join(words)


def _quoted(text: str) -> str:
    # A string of JSON is one of dot's, too.
    return json.dumps(text, ensure_ascii=False)
