"""Archives: every kind, and what of them never reaches the disk."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from cbuild.recipe.api import UserError
from recipes.unpack import lift, top, unpack

EPOCH = 315619200


@pytest.fixture(autouse=True)
def _epoch(monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(EPOCH))


def entry(name: str, data: bytes = b"", **fields) -> tuple[tarfile.TarInfo, io.BytesIO]:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, io.BytesIO(data)


def tarball(path: Path, mode: str, *entries) -> Path:
    with tarfile.open(path, mode) as tar:
        for info, data in entries:
            tar.addfile(info, data)
    return path


def tree(directory: Path) -> list[str]:
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*"))


@pytest.fixture
def target(tmp_path) -> Path:
    (tmp_path / "target").mkdir()
    return tmp_path / "target"


@pytest.mark.parametrize("compression", ["", "gz", "bz2", "xz"])
def test_tars(tmp_path, target, compression):
    archive = tarball(
        tmp_path / "archive",
        f"w:{compression}",
        entry("a", type=tarfile.DIRTYPE, mode=0o700),
        entry("a/run", b"#!", mode=0o4755, uid=1234, mtime=1_700_000_000),
        entry("a/text", b"text", mode=0o600),
        entry("a/link", type=tarfile.SYMTYPE, linkname="text"),
        entry("a/hard", type=tarfile.LNKTYPE, linkname="a/text"),
    )
    unpack(archive, target, os.environ)
    assert tree(target) == ["a", "a/hard", "a/link", "a/run", "a/text"]
    assert (target / "a" / "link").readlink() == Path("text")
    assert (target / "a" / "hard").read_bytes() == b"text"
    modes = {name: (target / "a" / name).stat().st_mode & 0o7777 for name in ("run", "text")}
    assert modes == {"run": 0o755, "text": 0o644}
    for path in [target, *target.rglob("*")]:
        assert path.lstat().st_mtime == EPOCH


def test_zip(tmp_path, target):
    with zipfile.ZipFile(tmp_path / "archive", "w") as archive:
        run = zipfile.ZipInfo("a/run")
        run.external_attr = 0o100755 << 16
        archive.writestr(run, "#!")
        archive.writestr("a/text", "text")
        archive.writestr("../outside", "x")
    unpack(tmp_path / "archive", target, os.environ)
    assert (target / "a" / "run").stat().st_mode & 0o777 == 0o755
    assert (target / "a" / "text").stat().st_mode & 0o111 == 0
    assert (target / "a" / "text").stat().st_mtime == EPOCH
    assert not (tmp_path / "outside").exists()


def test_a_tar_whose_last_file_is_a_zip(tmp_path, target):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("inside", "x")
    unpack(tarball(tmp_path / "archive", "w", entry("a.zip", inner.getvalue())), target, os.environ)
    assert tree(target) == ["a.zip"]


def test_names_that_lead_outside_are_left_out(tmp_path, target):
    archive = tarball(
        tmp_path / "archive",
        "w",
        entry("../outside", b"x"),
        entry("a/../../outside", b"x"),
        entry("/absolute-cbt", b"x"),
        entry("a/device", type=tarfile.CHRTYPE),
        entry("a/fifo", type=tarfile.FIFOTYPE),
        entry("a/..good", b"x"),
    )
    unpack(archive, target, os.environ)
    assert tree(target) == ["a", "a/..good"]
    assert not (tmp_path / "outside").exists()
    assert not Path("/absolute-cbt").exists()


def test_what_python_cannot_read_goes_through_a_program(tmp_path, target):
    """lunzip comes from a part's PATH in SlapOS's profiles: here it is a script that gives the tar."""
    plain = tarball(tmp_path / "plain.tar", "w", entry("a/text", b"text"))
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "lunzip").write_text(f"#!/bin/sh\ncat > /dev/null\nexec cat {plain}\n")
    (programs / "lunzip").chmod(0o755)
    (tmp_path / "a.tar.lz").write_bytes(b"LZIP\x01 and the rest")
    unpack(tmp_path / "a.tar.lz", target, {"PATH": f"{programs}:{os.environ['PATH']}"})
    assert (target / "a" / "text").read_bytes() == b"text"


def test_a_missing_program_is_named(tmp_path, target):
    (tmp_path / "a.tar.lz").write_bytes(b"LZIP\x01 and the rest")
    with pytest.raises(UserError, match="lunzip"):
        unpack(tmp_path / "a.tar.lz", target, {"PATH": "/nonexistent"})


@pytest.mark.parametrize(
    "data",
    [
        b"<html>not found</html>",
        b"",
        gzip.compress(b"x" * 5000)[:30],
        bz2.compress(b"x" * 5000)[:30],
        lzma.compress(b"x" * 5000)[:40],
    ],
    ids=["page", "nothing", "gzip", "bzip2", "xz"],
)
def test_what_is_no_archive(tmp_path, target, data):
    (tmp_path / "a.tar.gz").write_bytes(data)
    with pytest.raises(UserError, match=r"a\.tar\.gz"):
        unpack(tmp_path / "a.tar.gz", target, os.environ)


def test_the_only_directory(target):
    assert top(target) == target
    (target / "a").mkdir()
    assert top(target) == target / "a"
    (target / "b").touch()
    assert top(target) == target


def test_a_link_is_no_directory_to_go_into(target):
    (target / "a").symlink_to("/")
    assert top(target) == target


def test_lifting_keeps_a_name_that_is_there_twice(target):
    (target / "a" / "a").mkdir(parents=True)
    (target / "a" / "a" / "deep").touch()
    (target / "a" / "text").touch()
    lift(target)
    assert tree(target) == ["a", "a/deep", "text"]
    lift(target)
    assert tree(target) == ["a", "a/deep", "text"], "two at the top: nothing to lift"
