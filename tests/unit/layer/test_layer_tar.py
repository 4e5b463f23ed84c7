import hashlib
import io
import os
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cbuild.errors import PartError
from cbuild.image.layout import Layout
from cbuild.layer import tar
from cbuild.layer.entries import Entry, collect
from cbuild.layer.write import write_layer


def tree(root: Path) -> Path:
    (root / "parts/a/bin").mkdir(parents=True)
    (root / "parts/a-b").mkdir()
    (root / "parts/a/bin/run").write_text("#!/bin/sh\n/opt/cbuild/parts/other/bin/x\n")
    (root / "parts/a/bin/run").chmod(0o4711)
    (root / "parts/a/data").write_bytes(b"x" * 700)
    os.link(root / "parts/a/data", root / "parts/a/again")
    (root / "parts/a/link").symlink_to("../a-b")
    (root / ("parts/" + "n" * 120)).write_text("long name")
    (root / "parts/é").write_text("utf-8")
    return root


def packed(root: Path, prefix: str = "/opt/cbuild") -> bytes:
    stream = io.BytesIO()
    tar.write(collect(root, prefix, {}), stream)
    return stream.getvalue()


def test_golden_bytes(tmp_path):
    # The same with CPython 3.11, 3.12 and 3.13: a change here changes every layer, so FORMAT has to change with it.
    data = packed(tree(tmp_path))
    assert hashlib.sha256(data).hexdigest() == "5e78e16b5b769b83fb1c9eeb042dd814d3e4ed08e5f511677fd41e3aa9949650"
    assert len(data) % 10240 == 0


def test_order_owners_modes_and_times(tmp_path):
    with tarfile.open(fileobj=io.BytesIO(packed(tree(tmp_path)))) as opened:
        members = opened.getmembers()
    names = [member.name.encode() for member in members]
    assert names == sorted(names)
    assert {(m.uid, m.gid, m.uname, m.gname, m.mtime) for m in members} == {(0, 0, "", "", tar.EPOCH)}
    modes = {m.name: m.mode for m in members}
    assert modes["opt/cbuild/parts/a/bin/run"] == 0o755
    assert modes["opt/cbuild/parts/a/data"] == 0o644
    assert {m.name: m.linkname for m in members if m.islnk()} == {"opt/cbuild/parts/a/data": "opt/cbuild/parts/a/again"}


def test_bytes_do_not_depend_on_directory_order_time_or_umask(tmp_path):
    one = packed(tree(tmp_path / "one"))
    other = tmp_path / "other"
    old = os.umask(0o077)
    try:
        tree(other)
    finally:
        os.umask(old)
    for path in other.rglob("*"):
        os.utime(path, (1, 1), follow_symlinks=False)
    assert packed(other) == one


def test_inherited_files_are_left_out_and_replaced_ones_are_in(tmp_path):
    (tmp_path / "parts/dep").mkdir(parents=True)
    for name in ("kept", "replaced"):
        (tmp_path / "parts/dep" / name).write_text(name)
    inherited = {b"parts": (0, 0), b"parts/dep": (0, 0)}
    for name in ("kept", "replaced"):
        status = (tmp_path / "parts/dep" / name).lstat()
        inherited[f"parts/dep/{name}".encode()] = (status.st_dev, status.st_ino)
    (tmp_path / "parts/dep/new").write_text("new")
    (tmp_path / "parts/dep/replacement").write_text("other")
    (tmp_path / "parts/dep/replacement").rename(tmp_path / "parts/dep/replaced")
    paths = [entry.path.decode() for entry in collect(tmp_path, "/opt/cbuild", inherited)]
    assert paths == [
        "opt",
        "opt/cbuild",
        "opt/cbuild/parts",
        "opt/cbuild/parts/dep",
        "opt/cbuild/parts/dep/new",
        "opt/cbuild/parts/dep/replaced",
    ]


def test_a_fifo_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(PartError) as error:
        collect(tmp_path, "/opt/cbuild", {})
    assert error.value.reason == "unsupported-file"


def test_what_is_packed_is_unpacked(tmp_path):
    data = packed(tree(tmp_path / "one"))
    (tmp_path / "layer.tar").write_bytes(data)
    (tmp_path / "out").mkdir()
    tar.unpack(tmp_path / "layer.tar", tmp_path / "out")
    assert packed(tmp_path / "out" / "opt/cbuild") == data


def test_references_and_owners(tmp_path):
    root = tree(tmp_path / "root")
    (root / "parts/a/abs").symlink_to("/opt/cbuild/parts/linked/lib")
    (root / "instance.cfg").write_bytes(b"x" * ((1 << 20) - 12) + b"/opt/cbuild/parts/spanning/chunks")
    layer = write_layer(Layout(tmp_path / "oci"), root, "/opt/cbuild", {})
    assert set(layer.mentions) == {"parts/other", "parts/linked", "parts/a-b", "parts/spanning"}
    assert set(layer.owns) == {"instance.cfg", "parts/a", "parts/a-b", "parts/é", "parts/" + "n" * 120}
    assert Layout(tmp_path / "oci").has(layer.diff_id)


def test_an_empty_directory_at_the_top_is_its_parts(tmp_path):
    (tmp_path / "root/mydata").mkdir(parents=True)
    layer = write_layer(Layout(tmp_path / "oci"), tmp_path / "root", "/opt/cbuild", {})
    assert layer.owns == ("mydata",)


NAMES = st.lists(
    st.text("abc.-é", min_size=1, max_size=4).filter(lambda n: n not in (".", "..")), min_size=1, max_size=3
)


@given(st.dictionaries(NAMES.map("/".join), st.binary(max_size=20), max_size=8))
def test_any_tree_comes_back(tmp_path_factory, files):
    base = tmp_path_factory.mktemp("tree")
    (base / "root").mkdir()
    for name, content in files.items():
        path = base / "root" / name
        if any(parent.is_file() for parent in path.parents) or path.is_dir():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    data = packed(base / "root")
    (base / "layer.tar").write_bytes(data)
    (base / "out/opt/cbuild").mkdir(parents=True)
    tar.unpack(base / "layer.tar", base / "out")
    assert packed(base / "out/opt/cbuild") == data


@given(
    name=st.one_of(
        # Walked paths never end in a slash.
        st.text("aé/.-_ \udc80", min_size=1, max_size=110).filter(lambda text: not text.endswith("/")),
        st.integers(95, 105).map(lambda length: "n" * length),
    ),
    kind=st.sampled_from(["file", "directory"]),
    executable=st.booleans(),
    size=st.one_of(st.integers(0, 1 << 40), st.sampled_from([8**11 - 1, 8**11])),
)
def test_headers_are_those_of_tarfile(name, kind, executable, size):
    path = os.fsencode(name)
    size = size if kind == "file" else 0
    info = tarfile.TarInfo(name)
    info.type = tarfile.REGTYPE if kind == "file" else tarfile.DIRTYPE
    info.mode = 0o755 if executable or kind == "directory" else 0o644
    info.mtime, info.size = tar.EPOCH, size
    expected = info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
    assert tar.header(Entry(path, kind, executable, size)) == expected
