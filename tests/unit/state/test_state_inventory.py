"""What the store holds, while others write to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cbuild.state import inventory


@pytest.fixture
def fleeting(tmp_path, monkeypatch) -> Path:
    """A directory whose file `b` is gone as soon as somebody has its name, as a compiler's temporary files are."""
    for name in ("a", "b"):
        (tmp_path / name).write_text("12345")
    listed = Path.iterdir

    def then_removed(self):
        found = list(listed(self))
        (tmp_path / "b").unlink(missing_ok=True)
        return found

    monkeypatch.setattr(Path, "iterdir", then_removed)
    return tmp_path


def test_a_build_may_go_on_while_the_store_is_measured(fleeting):
    assert inventory.size(fleeting) == 5


def test_what_was_just_removed_is_young(tmp_path):
    (tmp_path / "a").write_text("")
    assert inventory.changed_at(tmp_path / "a") == (tmp_path / "a").stat().st_mtime
    assert inventory.changed_at(tmp_path / "b") >= (tmp_path / "a").stat().st_mtime
