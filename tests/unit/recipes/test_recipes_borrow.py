"""Files of another part that a build changes where they are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from recipes import borrow


@pytest.fixture
def lent(tmp_path, monkeypatch) -> Path:
    """A directory with files that can't be written, be the tests root's or not."""
    directory = tmp_path / "source"
    (directory / "sub").mkdir(parents=True)
    for name in ("same", "changed", "removed", "replaced", "sub/executable", "mine"):
        (directory / name).write_text(name)
        (directory / name).chmod(0o444)
    (directory / "mine").chmod(0o644)
    (directory / "link").symlink_to("same")
    monkeypatch.setattr(os, "access", lambda path, _mode: bool(Path(path).stat().st_mode & 0o200))
    return directory


def test_what_a_build_does_not_change_is_given_back(lent, tmp_path):
    before = {path.name: path.stat().st_ino for path in lent.rglob("*") if path.is_file()}
    with borrow.borrowed(lent, tmp_path / "aside"):
        assert os.access(lent / "same", os.W_OK)
        (lent / "changed").write_text("otherwise")
        (lent / "removed").unlink()
        (lent / "replaced").unlink()
        (lent / "replaced").symlink_to("same")
        (lent / "sub" / "executable").chmod(0o755)
        (lent / "new").write_text("new")
    after = {path.name: path.stat().st_ino for path in lent.rglob("*") if path.is_file() and not path.is_symlink()}
    assert {name for name in before if before[name] == after.get(name)} == {"same", "mine"}
    assert sorted(after) == ["changed", "executable", "mine", "new", "same"]
    assert (lent / "changed").read_text() == "otherwise"
    assert (lent / "replaced").is_symlink()
    assert not (tmp_path / "aside").exists()


def test_the_times_stay(lent, tmp_path):
    """make must not find a source newer than it is."""
    os.utime(lent / "same", (1, 1))
    with borrow.borrowed(lent, tmp_path / "aside"):
        assert (lent / "same").stat().st_mtime == 1
