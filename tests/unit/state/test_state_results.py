"""What keys gave: found again, and not believed when it is damaged."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cbuild.canonical import hex_of
from cbuild.image.layout import Layout
from cbuild.layer.write import Layer
from cbuild.state.home import Home
from cbuild.state.results import Result, Results

KEY = "sha256:" + "1" * 64


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path)


@pytest.fixture
def result(home) -> Result:
    with Layout(home.oci).writing() as blob:
        blob.write(b"a layer's bytes")
    found = Result(Layer(blob.digest, blob.size, ("parts/a",), ("bin/b",)), ("/opt/cbuild/parts/a",), 1.5, ("a lint",))
    Results(home).put(KEY, {"part": "a"}, found)
    return found


def test_a_result_comes_back(home, result):
    assert Results(home).get(KEY) == result
    assert Results(home).document(KEY) == {"part": "a"}
    assert Results(home).get("sha256:" + "2" * 64) is None


def test_without_its_layer_it_is_none_and_nothing_is_said(home, result):
    Layout(home.oci).blob(result.layer.diff_id).unlink()
    events = []
    assert Results(home, events.append).get(KEY) is None
    assert events == []


def shorter(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def without_size(path: Path) -> None:
    document = json.loads(path.read_bytes())
    del document["layer"]["size"]
    path.write_text(json.dumps(document))


@pytest.mark.parametrize(
    ("which", "damage"),
    [("blob", shorter), ("blob", empty), ("result", shorter), ("result", empty), ("result", without_size)],
)
def test_a_damaged_one_is_none_and_told_once(home, result, which: str, damage: Callable[[Path], None]):
    blob = Layout(home.oci).blob(result.layer.diff_id)
    path = {"blob": blob, "result": home.results / f"{hex_of(KEY)}.json"}[which]
    damage(path)
    events = []
    results = Results(home, events.append)
    assert results.get(KEY) is None
    assert results.get(KEY) is None
    assert [event.kind for event in events] == ["warning"]
    assert str(path) in events[0].message
