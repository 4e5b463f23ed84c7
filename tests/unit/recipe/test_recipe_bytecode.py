"""Bytecode that a part made: the same however it was made, and only its own."""

from __future__ import annotations

import os
import py_compile
import shutil
import subprocess
import sys

import pytest

from cbuild.recipe import bytecode

TAG = sys.implementation.cache_tag


@pytest.fixture
def package(tmp_path):
    """A function that makes a prefix with a package, compiled with these arguments of compileall."""

    def make(name: str, *arguments: str):
        root = tmp_path / name / "parts" / "own" / "pkg"
        root.mkdir(parents=True)
        (root / "a.py").write_text("x = {'one', 'two', 'three'}\ny = 'interned'\n")
        (root / "b.py").write_text("def f(x='interned'):\n    assert x in {'a', 'b', 'c', 'd'}\n")
        (root / "bad.py").write_text("print 'no'\n")
        if arguments:
            subprocess.run([sys.executable, "-m", "compileall", "-q", "-q", *arguments, str(root)], check=False)
        return root

    return make


def content(root) -> dict[str, bytes]:
    # The path of the source is in it, as it is in every builder.
    return {path.name: path.read_bytes().replace(os.fsencode(root), b"") for path in root.rglob("*.pyc")}


def renew(root) -> dict[str, bytes]:
    bytecode.renew(str(root.parents[2]))
    return content(root)


def test_it_has_a_hash_and_no_time(package):
    root = package("one1", "-j1")
    py_compile.compile(str(root / "a.py"))
    made = renew(root)
    assert set(made) == {f"a.{TAG}.pyc", f"b.{TAG}.pyc"}, "all of the directory"
    assert {data[4:8] for data in made.values()} == {b"\1\0\0\0"}, "unchecked"


def test_it_is_the_same_whatever_was_compiled_when(package):
    assert renew(package("one1")) == {}, "nothing where there was nothing"
    every = renew(package("two2", "-j1"))
    one = package("tri3")
    py_compile.compile(str(one / "b.py"))
    assert renew(one) == every
    again = package("for4", "-j2", "--invalidation-mode", "checked-hash")
    assert renew(again) == every
    assert renew(again) == every, "and again"


def test_levels_stay(package):
    root = package("one1", "-o", "0", "-o", "2")
    assert set(renew(root)) == {f"{name}.{TAG}{level}.pyc" for name in "ab" for level in ("", ".opt-2")}


def test_what_has_no_source_and_what_is_another_python_s(package):
    root = package("one1", "-j1")
    cache = root / "__pycache__"
    (cache / f"lone.{TAG}.pyc").write_bytes(b"1")
    (root / "sourceless.pyc").write_bytes(b"1")
    (root / "a.pyc").write_bytes(b"python 2")
    (root / "b.pyo").write_bytes(b"python 2")
    (cache / "a.cpython-24.pyc").write_bytes(b"1")
    bytecode.renew(str(root.parents[2]))
    assert {path.name for path in root.rglob("*.py?")} == {
        f"a.{TAG}.pyc", f"b.{TAG}.pyc", f"lone.{TAG}.pyc", "sourceless.pyc",
    }  # fmt: skip


def test_others_files_are_left_alone(package, monkeypatch):
    root = package("one1", "-j1")
    before = content(root)
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    assert renew(root) == before


def test_a_part_s_own_python_compiles(package, tmp_path):
    """Whose magic number is another than the builder's: a wrapper stands for it here."""
    root = package("one1")
    own = tmp_path / "one1" / "parts" / "python"
    library = own / "lib" / "python3.99" / "__pycache__"
    library.mkdir(parents=True)
    (own / "bin").mkdir()
    (own / "lib" / "python3.99" / "m.py").write_text("")
    (library / "m.cpython-399.pyc").write_bytes(b"1")
    python = own / "bin" / "python3.99"
    python.write_text(
        '#!/bin/sh\nif [ "$2" = -c ]; then echo 3 99; exit; fi\n'
        f'echo "$@" >{tmp_path}/arguments\ncat >{tmp_path}/input\n'
    )
    python.chmod(0o755)
    bytecode.renew(str(root.parents[2]))
    assert not list(library.iterdir())
    assert (tmp_path / "input").read_text() == str(own / "lib" / "python3.99" / "m.py")
    assert "--invalidation-mode unchecked-hash -o 0 -i -" in (tmp_path / "arguments").read_text()
    # One that doesn't work is none.
    (library / "m.cpython-399.pyc").write_bytes(b"1")
    python.write_text("#!/bin/sh\nexit 1\n")
    shutil.rmtree(tmp_path / "input", ignore_errors=True)
    bytecode.renew(str(root.parents[2]))
    assert not list(library.iterdir())
