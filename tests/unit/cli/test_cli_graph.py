"""`cbuild graph`: the picture's geometry, and what each format says."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from cbuild.build.graph import Node, PartGraph
from cbuild.cli import graph as command
from cbuild.cli.dot import dot
from cbuild.cli.figures import amount, duration
from cbuild.cli.layered import HEIGHT, draw
from cbuild.cli.svg import svg

GRAPH = PartGraph(
    (
        Node("m4", "cached", 1.0, 20480, False, False, True, ()),
        Node("zlib & <co>", "failed", 70.0, None, None, False, False, ()),
        Node("web", "built", 2.0, 1_500_000, True, True, True, ("m4", "zlib & <co>")),
        Node("last", "to-build", None, None, True, True, False, ("web",)),
    ),
    3.0,
)


@st.composite
def graphs(draw_one):
    names = [f"n{number}" for number in range(draw_one(st.integers(1, 14)))]
    requires = {}
    for index, name in enumerate(names):
        requires[name] = tuple(draw_one(st.lists(st.sampled_from(names[:index]), unique=True))) if index else ()
    return requires


@given(graphs())
def test_boxes_do_not_overlap_and_edges_lead_to_the_right(requires):
    drawing = draw(requires, dict.fromkeys(requires, 50.0))
    boxes = list(drawing.boxes.values())
    for index, one in enumerate(boxes):
        assert one.x >= 0
        assert HEIGHT / 2 - 0.01 <= one.y <= drawing.height
        for other in boxes[:index]:
            assert one.x != other.x or abs(one.y - other.y) >= HEIGHT - 0.01
    for (source, target), path in drawing.edges.items():
        assert source in requires[target]
        assert [box.x for box in path] == sorted({box.x for box in path})


def test_what_can_be_drawn_without_crossings_is():
    requires = {"a": (), "b": (), "c": (), "x": ("c",), "y": ("b",), "z": ("a",)}
    drawing = draw(requires, dict.fromkeys(requires, 50.0))
    rows = {name: box.y for name, box in drawing.boxes.items()}
    assert (rows["a"], rows["b"], rows["c"]) == (rows["z"], rows["y"], rows["x"]), "straight lines"


def test_a_part_stands_just_before_what_needs_it():
    requires = {"a": (), "b": ("a",), "late": (), "c": ("b", "late")}
    drawing = draw(requires, dict.fromkeys(requires, 50.0))
    assert drawing.boxes["late"].x == drawing.boxes["b"].x


def test_the_picture_is_xml_and_says_it_all():
    root = ET.fromstring(svg(GRAPH, "software.cfg"))  # noqa: S314 - our own
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "4 parts: 1 cached, 1 built, 1 to build, 1 failed; longest chain 3.0 s in 2 parts, m4 … web" in texts
    assert {"zlib & <co>", "failed after 1 min 10 s", "1.0 s, 20 kB", "2.0 s, 1.5 MB", "to build"} <= set(texts)


def test_a_profile_without_parts_is_a_picture_too():
    ET.fromstring(svg(PartGraph((), 0.0), "empty.cfg"))  # noqa: S314 - our own


def test_dot():
    lines = dot(GRAPH, "software.cfg").splitlines()
    assert lines[0] == 'digraph "software.cfg" {'
    assert '  "m4" -> "web" [color="#d9480f", penwidth=2.5];' in lines
    assert '  "web" -> "last";' in lines
    assert any(line.startswith('  "m4" [label="m4\\n1.0 s"') and "dashed" in line for line in lines)


def test_the_document():
    document = json.loads(json.dumps(command._document(GRAPH, "software.cfg")))
    assert document["edges"][0] == {"from": "web", "to": "m4"}
    assert document["critical"] == {"parts": ["m4", "web"], "seconds": 3.0}
    assert document["nodes"][1] == {
        "name": "zlib & <co>", "state": "failed", "seconds": 70.0, "size": None, "in_image": None, "wanted": False,
        "critical": False, "requires": [],
    }  # fmt: skip


def test_figures_for_a_person():
    assert [duration(seconds) for seconds in (0.04, 59.9, 250, 3720)] == ["0.0 s", "59.9 s", "4 min 10 s", "1 h 02 min"]
    assert [amount(size) for size in (0, 10240, 1_000_000, 3 * 10**9)] == ["0 kB", "10 kB", "1.0 MB", "3.0 GB"]
