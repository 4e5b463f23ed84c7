"""What a program is linked with."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from elf_file import elf
from hypothesis import given
from hypothesis import strategies as st

from cbuild.layer.elf import needed


@pytest.fixture
def names(tmp_path):
    """A function from a file's bytes to what it needs."""

    def read(data: bytes, offset: int = 0) -> tuple[str, ...]:
        path = tmp_path / "file"
        path.write_bytes(data)
        return needed(path, offset)

    return read


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("order", ["<", ">"])
def test_the_names_in_their_order(names, wide, order):
    assert names(elf("libz.so.1", "libc.so.6", wide=wide, order=order)) == ("libz.so.1", "libc.so.6")


def test_a_file_within_a_file(names):
    assert names(b"before" + elf("libz.so.1"), offset=6) == ("libz.so.1",)


def test_the_python_that_runs_this_needs_libc():
    assert any(name.startswith("libc.") for name in needed(Path(sys.executable).resolve()))


@pytest.mark.parametrize("data", [b"", b"#!/bin/sh\n", b"\x7fELF", elf()[:70], elf("libz.so.1")[:-3]])
def test_what_is_no_whole_dynamic_elf_needs_nothing(names, data):
    assert names(data) == ()


@given(st.integers(0, len(elf("a.so")) - 1), st.binary(min_size=1, max_size=8))
def test_a_damaged_file_is_no_mistake(tmp_path_factory, place, damage):
    path = tmp_path_factory.getbasetemp() / "damaged"
    data = elf("a.so")
    path.write_bytes(data[:place] + damage + data[place + len(damage) :])
    needed(path)
