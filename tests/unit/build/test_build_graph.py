"""The graph of a profile's parts: states, figures, the critical path."""

from __future__ import annotations

import pytest
from build_helpers import build, layer, part, planned

from cbuild.build.graph import graph
from cbuild.plan.key import key_of
from cbuild.state import failures
from cbuild.state.home import Home
from cbuild.state.results import Result

PARTS = (part("m4"), part("zlib"), part("xz", ["m4"]), part("web", ["m4", "zlib", "xz"]))


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path / "home")


def result(home: Home, name: str, seconds: float, run: str = "1", started: float = 1.0, mentions=()) -> Result:
    return Result(layer(home, name, mentions), (), seconds, (), run, started)


def states(ready, home) -> dict[str, str]:
    return {node.name: node.state for node in graph(ready, home).nodes}


def test_nothing_is_built_yet(home):
    found = graph(planned(home, *PARTS, wanted=["web"]), home)
    assert {node.state for node in found.nodes} == {"to-build"}
    assert {node.name: node.in_image for node in found.nodes} == {"m4": None, "zlib": None, "xz": None, "web": True}
    assert found.nodes[3].requires == ("zlib", "xz"), "that m4 is required follows from xz"
    assert found.seconds == 0


def test_what_the_last_run_built_is_told_from_what_was_there(home):
    ready = planned(home, *PARTS, wanted=["web"])
    build(home, ready, {
        "m4": result(home, "m4", 1.0), "zlib": result(home, "zlib", 3.0, "2", 2.0),
        "xz": result(home, "xz", 4.0, "2", 3.0), "web": result(home, "web", 0.5, "2", 4.0, ["parts/zlib"]),
    })  # fmt: skip
    found = graph(planned(home, *PARTS, wanted=["web"]), home)
    assert {node.name: node.state for node in found.nodes} == {
        "m4": "cached", "zlib": "built", "xz": "built", "web": "built",
    }  # fmt: skip
    assert found.critical == ("m4", "xz", "web")
    assert found.seconds == 5.5
    assert {node.name for node in found.nodes if not node.in_image} == {"m4", "xz"}, "only for building"


def test_a_failure_is_shown_until_something_changes(home):
    ready = planned(home, *PARTS)
    build(home, ready, {"m4": result(home, "m4", 1.0)})
    key = key_of(ready.parts.document(ready.plan.parts["xz"]))
    failures.note(home, key, failures.Failure("xz", "The part xz failed: make", "2", 5.0, 7.5))
    found = graph(planned(home, *PARTS), home)
    assert {node.name: (node.state, node.seconds) for node in found.nodes} == {
        "m4": ("cached", 1.0), "zlib": ("to-build", None), "xz": ("failed", 7.5), "web": ("to-build", None),
    }  # fmt: skip
    changed = (*PARTS[:2], part("xz", ["m4"], url="new"), PARTS[3])
    assert states(planned(home, *changed), home)["xz"] == "to-build"
    failures.forget(home, key)
    assert states(planned(home, *PARTS), home)["xz"] == "to-build"
