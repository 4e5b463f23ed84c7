"""Unpacked layers: whole or not there, and linked into a builder's directory."""

from __future__ import annotations

import shutil

import pytest

from cbuild.build import trees
from cbuild.errors import HostError
from cbuild.image.layout import Layout
from cbuild.layer.write import write_layer
from cbuild.state import home as homes
from cbuild.state.home import Home


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def layer(home, tmp_path) -> str:
    made = tmp_path / "made"
    (made / "parts" / "a").mkdir(parents=True)
    (made / "parts" / "a" / "text").write_text("text of a")
    return write_layer(Layout(home.oci), made, "/opt/cbuild", {}).diff_id


def test_a_layer_is_unpacked_once(home, layer):
    tree = trees.tree(home, layer, "1-a")
    assert (tree / "opt/cbuild/parts/a/text").read_text() == "text of a"
    Layout(home.oci).blob(layer).unlink()
    assert trees.tree(home, layer, "2-b") == tree
    assert [path.name for path in home.trees.iterdir()] == [tree.name]


def test_another_boot_unpacks_anew(home, layer, monkeypatch):
    tree = trees.tree(home, layer, "1-a")
    monkeypatch.setattr(homes, "boot_id", lambda: "another")
    assert trees.tree(home, layer, "1-a") != tree


def test_a_damaged_layer_is_refused_and_removed(home, layer):
    blob = Layout(home.oci).blob(layer)
    data = bytearray(blob.read_bytes())
    data[-10240] ^= 1
    blob.write_bytes(data)
    with pytest.raises(HostError) as caught:
        trees.tree(home, layer, "1-a")
    assert caught.value.reason == "store-damaged"
    assert not blob.exists()
    assert not home.trees.exists() or list(home.trees.iterdir()) == []


def test_what_breaks_off_leaves_nothing(home, layer, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", full)
    with pytest.raises(OSError, match="No space"):
        trees.tree(home, layer, "1-a")
    assert list(home.trees.iterdir()) == []


def test_what_is_being_unpacked_goes_by_its_run(home):
    home.trees.mkdir(parents=True)
    path = home.trees / f"{trees.UNPACKING}12-0a.b1.x_.9"
    assert trees.run_of(path) == "12-0a.b1.x_"
