"""Unpacked layers: whole or not there, and linked into a builder's directory."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from cbuild.build import trees
from cbuild.build.sandbox import Scratch
from cbuild.build.surroundings import USER
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


def made(root, name, **files):
    """A tree: text is a file, a path a symbolic link."""
    for path, value in files.items():
        place = root / name / path.replace("__", "/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(value) if isinstance(value, Path) else place.write_text(value)
    return root / name


@pytest.fixture
def outside(tmp_path) -> Path:
    """A directory of the host's that a layer may name."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/hosts").write_text("the host's")
    return tmp_path / "etc"


def test_a_layers_link_is_never_followed_out_of_the_builders_directory(tmp_path, outside):
    """A part may leave a link, another a directory in its place: root would write to where the link leads."""
    trees_ = [made(tmp_path, "a", parts__a=outside), made(tmp_path, "b", parts__a__hosts="b's")]
    (tmp_path / "opt").mkdir()
    inherited = trees.link(trees_, tmp_path / "opt", os.getuid())
    assert (outside / "hosts").read_text() == "the host's"
    assert (tmp_path / "opt/parts/a/hosts").read_text() == "b's"
    assert inherited[b"parts/a"] == (0, 0)


def test_a_link_in_the_place_of_a_directory(tmp_path, outside):
    trees_ = [made(tmp_path, "a", parts__a__hosts="a's"), made(tmp_path, "b", parts__a=outside)]
    (tmp_path / "opt").mkdir()
    inherited = trees.link(trees_, tmp_path / "opt", os.getuid())
    assert (tmp_path / "opt/parts/a").readlink() == outside
    assert {*inherited} == {b"parts", b"parts/a"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give directories away")
def test_directories_are_made_in_the_place_of_links(tmp_path, outside):
    """SlapOS's `bin` is everybody's: with a link there the host's directory would become the builder's."""
    with Scratch(tmp_path / "scratch", keep=False) as scratch:
        (scratch.opt / "bin").symlink_to(outside)
        scratch.fill((), [Path("bin"), Path("parts/x")])
        assert not (scratch.opt / "bin").is_symlink()
        owners = {name: (scratch.opt / name).stat().st_uid for name in ("", "bin", "parts", "parts/x")}
        assert {*owners.values()} == {USER}
    assert outside.stat().st_uid == 0
    assert [path.name for path in outside.iterdir()] == ["hosts"]
