"""Where to draw the nodes of a graph: columns by the longest path, rows by the neighbours' middle.

The method is Sugiyama's (Sugiyama, Tagawa, Toda 1981): what is required stands left of what requires it; an edge over
several columns passes each at a waypoint. The waypoints of a node's edges are shared, so that they run as one bundle.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

HEIGHT = 38.0
"""Of a node's box, pixels; so are all figures here."""

GAP = 12.0
"""Between two boxes of a column."""

LANE = 12.0
"""What a waypoint takes of a column's height."""

COLUMN_GAP = 70.0

SWEEPS = 24
"""Times that the columns are sorted by their neighbours; crossings hardly get fewer after ten."""

Graph = Mapping[str, Sequence[str]]
Node = tuple[str, int]
"""A name and a column: the name's own, or one that an edge of it passes."""

Neighbours = Mapping[Node, Sequence[Node]]


@dataclass(frozen=True)
class Box:
    """Left edge, middle and width of a node's box or of a waypoint; all boxes have the same height."""

    x: float
    y: float
    width: float


@dataclass(frozen=True)
class Drawing:
    """Boxes by name; edges by (required, requiring), with the boxes that they pass; the size of it all."""

    boxes: Mapping[str, Box]
    edges: Mapping[tuple[str, str], tuple[Box, ...]]
    width: float
    height: float


def draw(requires: Graph, widths: Mapping[str, float]) -> Drawing:
    """Return the drawing of a graph. requires: node to nodes, what is required comes first; widths: of the boxes."""
    column = _columns(requires)
    paths = {
        (source, target): [
            *((source, place) for place in range(column[source], column[target])),
            (target, column[target]),
        ]
        for target, sources in requires.items()
        for source in sources
    }
    left, right = _neighbours(paths.values())
    columns: list[list[Node]] = [[] for _ in range(max(column.values(), default=-1) + 1)]
    for node in dict.fromkeys([*column.items(), *(node for path in paths.values() for node in path)]):
        columns[node[1]].append(node)
    columns = _ordered(columns, left, right)
    heights = {node: HEIGHT + GAP if column[node[0]] == node[1] else LANE for names in columns for node in names}
    boxes = _boxes(columns, _rows(columns, left, right, heights), heights, widths)
    return Drawing(
        {name: boxes[name, place] for name, place in column.items()},
        {edge: tuple(boxes[node] for node in path) for edge, path in paths.items()},
        max((box.x + box.width for box in boxes.values()), default=0.0),
        max((box.y for box in boxes.values()), default=0.0) + HEIGHT / 2,
    )


def _columns(requires: Graph) -> dict[str, int]:
    """Return node to column: right of all that it requires, and as near as can be to what requires it."""
    column: dict[str, int] = {}
    for name, sources in requires.items():
        column[name] = 1 + max((column[source] for source in sources), default=-1)
    limit: dict[str, int] = {}
    for name in reversed(list(requires)):
        column[name] = limit.get(name, column[name])
        for source in requires[name]:
            limit[source] = min(limit.get(source, column[name]), column[name] - 1)
    return column


def _neighbours(paths: Iterable[Sequence[Node]]) -> tuple[Neighbours, Neighbours]:
    """Return each node's neighbours in the column before and in the one behind."""
    left: dict[Node, list[Node]] = {}
    right: dict[Node, list[Node]] = {}
    for one, other in dict.fromkeys(pair for path in paths for pair in itertools.pairwise(path)):
        left.setdefault(other, []).append(one)
        right.setdefault(one, []).append(other)
    return left, right


def _ordered(columns: list[list[Node]], left: Neighbours, right: Neighbours) -> list[list[Node]]:
    """Return the columns, sorted so that few edges cross: the best of what the sweeps came to."""
    best, least = columns, _crossings(columns, right)
    for sweep in range(SWEEPS):
        if not least:
            break
        columns = _swept(columns, left) if sweep % 2 == 0 else _swept(columns[::-1], right)[::-1]
        found = _crossings(columns, right)
        if found < least:
            best, least = columns, found
    return best


def _swept(columns: list[list[Node]], neighbours: Neighbours) -> list[list[Node]]:
    """Sort each column but the first by the middle of its nodes' neighbours in the one before."""
    swept = columns[:1]
    for nodes in columns[1:]:
        place = {node: float(index) for index, node in enumerate(swept[-1])}
        # A node without neighbours stays where it is.
        middle = {
            node: _mean([place[other] for other in neighbours.get(node, ())], index) for index, node in enumerate(nodes)
        }
        swept.append(sorted(nodes, key=middle.__getitem__))
    return swept


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _crossings(columns: list[list[Node]], right: Neighbours) -> int:
    """Return how many pairs of edges cross between neighbouring columns: the inversions of the edges' ends."""
    count = 0
    for nodes, following in itertools.pairwise(columns):
        place = {node: index for index, node in enumerate(following)}
        seen: list[int] = []
        for node in nodes:
            ends = sorted(place[other] for other in right.get(node, ()))
            count += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return count


def _rows(
    columns: list[list[Node]], left: Neighbours, right: Neighbours, heights: Mapping[Node, float]
) -> dict[Node, float]:
    """Return the middle of each node: as near to its neighbours' as the order and the heights allow."""
    row: dict[Node, float] = {}
    for nodes in columns:
        row |= _spread(nodes, dict.fromkeys(nodes, 0.0), heights)
    for sweep in range(SWEEPS):
        for nodes in columns if sweep % 2 else columns[::-1]:
            wish = {}
            for node in nodes:
                others = [row[other] for other in (*left.get(node, ()), *right.get(node, ()))]
                wish[node] = _mean(others, row[node])
            row |= _spread(nodes, wish, heights)
    top = min((row[node] - heights[node] / 2 for node in row), default=0.0)
    return {node: place - top for node, place in row.items()}


def _spread(nodes: Sequence[Node], wish: Mapping[Node, float], heights: Mapping[Node, float]) -> dict[Node, float]:
    """Return rows in the order of nodes, without overlap, with the least sum of squares from what they wish.

    With the heights before it subtracted, a node may be nowhere above the one before: isotonic regression, by pooling
    neighbours that violate it.
    """
    pools: list[tuple[float, int]] = []
    offsets: list[float] = []
    offset = 0.0
    for index, node in enumerate(nodes):
        offset += (heights[nodes[index - 1]] + heights[node]) / 2 if index else 0.0
        offsets.append(offset)
        value, size = wish[node] - offset, 1
        while pools and pools[-1][0] > value:
            before, count = pools.pop()
            value = (before * count + value * size) / (count + size)
            size += count
        pools.append((value, size))
    values = [value for value, size in pools for _ in range(size)]
    return {node: value + offset for node, value, offset in zip(nodes, values, offsets, strict=True)}


def _boxes(
    columns: list[list[Node]], rows: Mapping[Node, float], heights: Mapping[Node, float], widths: Mapping[str, float]
) -> dict[Node, Box]:
    boxes: dict[Node, Box] = {}
    x = 0.0
    for nodes in columns:
        own = [widths[name] for name, place in nodes if heights[name, place] != LANE]
        width = max(own, default=0.0)
        for node in nodes:
            boxes[node] = Box(x, rows[node], width)
        x += width + COLUMN_GAP
    return boxes
