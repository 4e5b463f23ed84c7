"""The parts of a profile as a graph: what each refers to, what the store has of it, how long it took."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from cbuild.build.parts import Parts
from cbuild.build.prepare import Prepared
from cbuild.image.assemble import members
from cbuild.plan import chain
from cbuild.plan.key import key_of
from cbuild.plan.part import Part
from cbuild.state import failures
from cbuild.state.home import Home

State = Literal["cached", "built", "failed", "to-build"]


@dataclass(frozen=True)
class Node:
    """A part.

    state: cached and built are in the store, built by the last run that built something of this profile; failed: its
    last try failed. seconds: how long that took, None if it was never tried. size: of its layer, bytes. in_image: None
    while it isn't known (a part that isn't built may refer to it at run time). critical: on the longest chain.
    requires: what it refers to, without what follows from the others.
    """

    name: str
    state: State
    seconds: float | None
    size: int | None
    in_image: bool | None
    wanted: bool
    critical: bool
    requires: tuple[str, ...]


@dataclass(frozen=True)
class PartGraph:
    """The nodes in plan order, and the seconds of the critical path."""

    nodes: tuple[Node, ...]
    seconds: float

    @property
    def critical(self) -> tuple[str, ...]:
        """Return the parts of the critical path, the first one first."""
        return tuple(node.name for node in self.nodes if node.critical)


@dataclass(frozen=True)
class _Tried:
    state: State
    run: str = ""
    started: float = 0.0
    seconds: float | None = None
    size: int | None = None


def graph(ready: Prepared, home: Home) -> PartGraph:
    """Return the graph of a planned profile; nothing but the store is asked."""
    plan = ready.plan
    tried = {part.name: _tried(ready.parts, home, part) for part in plan.parts.values()}
    last = max(tried.values(), key=lambda one: one.started, default=_Tried("to-build"))
    requires = {name: part.requires for name, part in plan.parts.items()}
    seconds = {name: one.seconds or 0.0 for name, one in tried.items()}
    critical = chain.longest(requires, seconds)
    edges = chain.direct(requires)
    inside = _inside(ready)
    nodes = tuple(
        Node(
            name,
            "cached" if one.state == "built" and one.run != last.run else one.state,
            one.seconds,
            one.size,
            inside[name],
            name in plan.wanted,
            name in critical,
            edges[name],
        )
        for name, one in tried.items()
    )
    return PartGraph(nodes, round(sum(seconds[name] for name in critical), 3))


def _tried(parts: Parts, home: Home, part: Part) -> _Tried:
    if built := parts.built.get(part.name):
        result = built.result
        return _Tried(
            "built" if result.run else "cached", result.run, result.started, result.seconds, result.layer.size
        )
    if all(name in parts.built for name in part.requires):
        failure = failures.get(home, key_of(parts.document(part)))
        if failure is not None:
            return _Tried("failed", failure.run, failure.started, failure.seconds)
    return _Tried("to-build")


def _inside(ready: Prepared) -> Mapping[str, bool | None]:
    """Return part to whether it belongs to the image; None for what parts that aren't built may bring in."""
    layers = {name: built.result.layer for name, built in ready.parts.built.items()}
    wanted = set(ready.plan.wanted)
    found = {*members([name for name in wanted if name in layers], layers), *wanted}
    everything = ready.option("keep-all-parts") == "true"
    others = None if ready.missing else False
    return {name: True if everything or name in found else others for name in ready.plan.parts}
