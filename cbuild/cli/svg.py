"""A graph of parts as a picture: SVG of our own, no program needed."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from cbuild.cli.figures import amount, duration
from cbuild.cli.layered import HEIGHT, Box, Drawing, draw

if TYPE_CHECKING:
    from cbuild.build.graph import Node, PartGraph

COLOURS = {"cached": "#cfd8e3", "built": "#8fd19e", "to-build": "#ffe08a", "failed": "#f29b9b"}
CRITICAL = "#d9480f"
EDGE = "#9aa5b1"
INK = "#1f2933"
FAINT = "#52606d"
FONT = "DejaVu Sans, Verdana, Helvetica, Arial, sans-serif"
LETTER = 8.2
"""Width of a letter of 13 px in these fonts, with something to spare."""

SMALL = 6.6
"""The same for 11 px."""

MARGIN = 24.0
HEAD = 84.0
"""Height of title and legend."""

BAND = 8.0
"""Width of the coloured band at a box's left."""


def svg(graph: PartGraph, title: str) -> str:
    """Return the picture; title is the profile's name."""
    nodes = {node.name: node for node in graph.nodes}
    widths = {node.name: _width(node) for node in graph.nodes}
    drawing = draw({node.name: node.requires for node in graph.nodes}, widths)
    chain = graph.critical
    critical = set(itertools.pairwise(chain))
    subtitle = _subtitle(graph)
    # The legend is 600 pixels wide.
    width = max(drawing.width, LETTER * len(title) * 1.3, SMALL * len(subtitle), 600.0) + 2 * MARGIN
    height = drawing.height + HEAD + 2 * MARGIN
    return "\n".join([
        (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" font-family="{FONT}">'),
        '<rect width="100%" height="100%" fill="white"/>',
        _text(MARGIN, MARGIN + 14, title, 18, bold=True),
        _text(MARGIN, MARGIN + 36, subtitle, 11, FAINT),
        *_legend(MARGIN, MARGIN + 58),
        f'<g transform="translate({MARGIN:.0f} {MARGIN + HEAD:.0f})">',
        *_edges(drawing, critical),
        *(_node(nodes[name], box) for name, box in drawing.boxes.items()),
        "</g>",
        "</svg>",
    ])  # fmt: skip


def _subtitle(graph: PartGraph) -> str:
    states = [node.state for node in graph.nodes]
    counts = ", ".join(f"{states.count(state)} {state.replace('-', ' ')}" for state in COLOURS if state in states)
    chain = graph.critical
    ends = " … ".join(dict.fromkeys((chain[0], chain[-1]))) if chain else ""
    path = f"; longest chain {duration(graph.seconds)} in {len(chain)} parts, {ends}" if graph.seconds else ""
    return f"{len(graph.nodes)} parts: {counts}{path}"


def _legend(x: float, y: float) -> list[str]:
    lines = []
    for state, colour in COLOURS.items():
        lines += [
            f'<rect x="{x:.0f}" y="{y - 9:.0f}" width="12" height="12" rx="2" fill="{colour}" stroke="{FAINT}"/>',
            _text(x + 18, y + 1, state.replace("-", " "), 11),
        ]
        x += 18 + SMALL * len(state) + 22
    lines += [
        (
            f'<rect x="{x:.0f}" y="{y - 9:.0f}" width="18" height="12" rx="2" fill="white" stroke="{FAINT}" '
            'stroke-dasharray="3 2"/>'
        ),
        _text(x + 24, y + 1, "only for building", 11),
        f'<path d="M{x + 160:.0f} {y - 3:.0f}h26" stroke="{CRITICAL}" stroke-width="2.5"/>',
        _text(x + 192, y + 1, "longest chain", 11),
    ]
    return lines


def _edges(drawing: Drawing, critical: set[tuple[str, str]]) -> list[str]:
    """Return the edges as paths, those of the critical path last, so that they lie on top."""
    ordered = sorted(drawing.edges, key=lambda edge: edge in critical)
    lines = []
    for edge in ordered:
        style = f'stroke="{CRITICAL}" stroke-width="2.5"' if edge in critical else f'stroke="{EDGE}" stroke-width="1.2"'
        lines.append(f'<path d="{_curve(drawing.edges[edge])}" fill="none" {style}/>')
    return lines


def _curve(boxes: Sequence[Box]) -> str:
    """Return a line out of the first box, straight through waypoints, to the last box."""
    start = boxes[0]
    x, y = start.x + start.width, start.y
    words = [f"M{x:.1f} {y:.1f}"]
    for box in boxes[1:]:
        middle = (x + box.x) / 2
        words.append(f"C{middle:.1f} {y:.1f} {middle:.1f} {box.y:.1f} {box.x:.1f} {box.y:.1f}")
        x, y = box.x, box.y
        if box is not boxes[-1]:
            x += box.width
            words.append(f"H{x:.1f}")
    return "".join(words)


def _node(node: Node, box: Box) -> str:
    top = box.y - HEIGHT / 2
    outside = node.in_image is False
    stroke = f'stroke="{CRITICAL}" stroke-width="2.5"' if node.critical else f'stroke="{FAINT}" stroke-width="1"'
    dashes = ' stroke-dasharray="5 3"' if outside else ""
    colour = COLOURS[node.state]
    return (
        f"<g><title>{escape(_tooltip(node))}</title>"
        f'<rect x="{box.x:.1f}" y="{top:.1f}" width="{box.width:.1f}" height="{HEIGHT:.0f}" rx="5" fill="{colour}" '
        f'fill-opacity="{0.35 if outside else 0.9}" {stroke}{dashes}/>'
        f"{_text(box.x + BAND, box.y - 3, node.name, 13, bold=node.wanted)}"
        f"{_text(box.x + BAND, box.y + 13, _figures(node), 11, FAINT)}</g>"
    )


def _figures(node: Node) -> str:
    seconds = duration(node.seconds) if node.seconds is not None else ""
    match node.state:
        case "to-build":
            return "to build"
        case "failed":
            return f"failed after {seconds}"
        case _:
            return f"{seconds}, {amount(node.size or 0)}"


def _tooltip(node: Node) -> str:
    place = {True: "in the image", False: "only for building", None: "not built yet"}[node.in_image]
    requires = f"\nrefers to {', '.join(node.requires)}" if node.requires else ""
    return f"{node.name}: {node.state.replace('-', ' ')}, {place}{requires}"


def _width(node: Node) -> float:
    return max(LETTER * 1.08 * len(node.name), SMALL * len(_figures(node))) + 2 * BAND


def _text(x: float, y: float, text: str, size: int, colour: str = INK, *, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}"{weight}>{escape(text)}</text>'
