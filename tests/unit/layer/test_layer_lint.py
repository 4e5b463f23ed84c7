"""What is said of a layer's files."""

from __future__ import annotations

import os
import py_compile
from pathlib import Path

import pytest
from elf_file import elf

from cbuild.canonical import CHUNK, canonical_json
from cbuild.image.layout import Layout
from cbuild.layer.write import write_layer

PREFIX = "/opt/cbuild"


@pytest.fixture
def lints(tmp_path):
    """A function that writes files (bytes) and links (text), and returns what is said of the layer."""

    def write(modes=None, inherited=None, **files):
        root = tmp_path / "root"
        root.mkdir()
        for name, content in files.items():
            path = root / name.replace("__", ".")
            if isinstance(content, str):
                path.symlink_to(content)
            else:
                path.write_bytes(content)
                path.chmod((modes or {}).get(name, 0o644))
        found = []
        write_layer(Layout(tmp_path / "oci"), root, PREFIX, inherited or {}, found.append)
        return found

    return write


def test_nothing_to_say(lints):
    assert lints(a=b"text", b="a", c=f"{PREFIX}/a", d="/dev/null", e=b"", f=PREFIX) == []


def test_mode_bits_that_a_layer_does_not_keep(lints):
    assert lints({"a": 0o4755, "b": 0o666, "c": 0o2755}, a=b"1", b=b"2", c=b"3") == [
        "/opt/cbuild/a, /opt/cbuild/c had a setuid or setgid bit, which a layer doesn't keep",
        "/opt/cbuild/b was writable for everybody, which a layer doesn't keep",
    ]


def test_links_out_of_the_image_s_directory(lints):
    assert lints(a="/usr/bin/perl", b="../x", c=f"{PREFIX}-not") == [
        "/opt/cbuild/a, /opt/cbuild/c is an absolute link out of /opt/cbuild"
    ]


@pytest.mark.parametrize("text", [b"/build/x", b"prefix=/build/hello\n", b"\0/build/a\0", b"x" * 5000 + b":/build/y"])
def test_the_build_directory(lints, text):
    assert lints(a=b"first", f=text, z=b"last") == ["/opt/cbuild/f mentions the build directory, which is in no image"]


@pytest.mark.parametrize(
    "text", [b"/usr/share/build/x", b"http://host/a/build/x", b"/build", b"/builds/x", b"../build/x"]
)
def test_what_only_looks_like_it(lints, text):
    assert lints(f=text) == []


@pytest.mark.parametrize("before", [CHUNK - 1, CHUNK - 3, CHUNK - 7, CHUNK])
def test_the_build_directory_over_a_seam(lints, before):
    assert len(lints(f=b" " * before + b"/build/x" + b" " * 10)) == 1


def test_many_files_are_one_line(lints):
    (line,) = lints(**{f"f{number}": b"/build/x" for number in range(5)})
    assert line.startswith("/opt/cbuild/f0, /opt/cbuild/f1, /opt/cbuild/f2 (and 2 more) mentions")


def test_bytecode(lints, tmp_path):
    source = tmp_path / "m.py"
    source.write_text("x = 1\n")
    made = {}
    for mode in py_compile.PycInvalidationMode:
        target = py_compile.compile(str(source), str(tmp_path / mode.name), invalidation_mode=mode)
        made[mode.name] = Path(target).read_bytes()
    python2 = b"\x03\xf3\r\n\1\0\0\0rest"
    hashed = {"c__pyc": made["CHECKED_HASH"], "u__pyc": made["UNCHECKED_HASH"]}
    assert lints(t__pyc=made["TIMESTAMP"], p__pyc=python2, **hashed) == [
        "/opt/cbuild/p.pyc, /opt/cbuild/t.pyc is bytecode with a time stamp in it"
    ]


def test_a_library_that_only_the_builder_has(lints):
    program = elf("libown.so.1", "libc.so.6", "libstdc++.so.6", "ld-linux-x86-64.so.2", "libgomp.so.1", "libother.so.2")
    own = {"libown__so__1": "libown.so.1.0", "libown__so__1__0": elf("libm.so.6")}
    inherited = {b"parts/other/lib/libother.so.2": (1, 1)}
    (line,) = lints(inherited=inherited, program=program, plugin=elf("libgomp.so.1"), **own)
    said = "needs libgomp.so.1, which neither a part that this one refers to nor the runtime base has"
    assert line == f"/opt/cbuild/plugin, /opt/cbuild/program {said}"


def test_a_name_that_is_no_text(tmp_path):
    """Any bytes are a file's name; what is said of it, and whose it is, goes into documents."""
    root = tmp_path / "root"
    (root / "bin").mkdir(parents=True)
    name = os.fsencode(root) + b"/bin/caf\xe9"
    with open(name, "wb") as stream:  # noqa: PTH123 - the path is bytes
        stream.write(b"text")
    os.chmod(name, 0o666)  # noqa: PTH101, S103 - as above; what is said of it is what this is about
    found: list[str] = []
    layer = write_layer(Layout(tmp_path / "oci"), root, PREFIX, {}, found.append)
    assert layer.owns == ("bin/caf\\xe9",)
    assert "/opt/cbuild/bin/caf\\xe9" in found[0]
    canonical_json(found)
