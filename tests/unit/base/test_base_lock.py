"""The lock: its file, and what it refuses."""

import pytest

from cbuild.base import bootstrap, lockfile
from cbuild.base.bootstrap import Package
from cbuild.base.lockfile import Locked
from cbuild.errors import DifferenceError, SourceError, UsageError

SED = Package("sed", "4.9-1", "amd64", "1" * 64)
DASH = Package("dash", "1:0.5", "amd64", "2" * 64)
LOCKED = Locked("sha256:d", "sha256:c", "sha256:l", (DASH, SED))


def test_round_trip(tmp_path):
    path = tmp_path / "builder.lock"
    locks = {"arm64": LOCKED, "amd64": LOCKED}
    lockfile.save(path, locks)
    assert lockfile.load(path) == locks
    text = path.read_text()
    assert text.index("amd64:") < text.index("arm64:")
    lockfile.save(path, lockfile.load(path))
    assert path.read_text() == text
    assert LOCKED.pins() == {"dash": "1:0.5", "sed": "4.9-1"}


def test_no_lock_is_an_empty_one(tmp_path):
    assert lockfile.load(tmp_path / "none.lock") == {}


def test_damaged_locks(tmp_path):
    path = tmp_path / "builder.lock"
    path.write_text("format: 9\n")
    with pytest.raises(UsageError) as caught:
        lockfile.load(path)
    assert (caught.value.line, caught.value.resolution) == (1, "cbuild base lock builder")
    lockfile.save(path, {"amd64": LOCKED})
    path.write_text(path.read_text().replace("sed 4.9-1", "sed"))
    with pytest.raises(UsageError, match="name version architecture sha256") as caught:
        lockfile.load(path)
    assert caught.value.line == 11


def test_packages_that_differ_are_all_listed():
    offered = [SED.__class__("sed", "4.9-2", "amd64", "3" * 64), Package("new", "1", "all", "4" * 64)]
    with pytest.raises(SourceError) as caught:
        lockfile.check_packages("builder", LOCKED, offered)
    assert caught.value.reason == "base-lock"
    assert caught.value.details.splitlines() == [
        "dash: locked 1:0.5, no longer needed",
        "new: not in the lock, offered 1",
        "sed: locked 4.9-1, offered 4.9-2",
    ]
    assert "cbuild base lock builder" in caught.value.resolution


def test_the_same_version_with_other_bytes():
    with pytest.raises(SourceError) as caught:
        lockfile.check_packages("builder", LOCKED, [DASH, Package("sed", "4.9-1", "amd64", "9" * 64)])
    assert "sha256 999" in caught.value.details


def test_what_is_locked_passes():
    lockfile.check_packages("builder", LOCKED, [SED, DASH])
    lockfile.check_image("builder", LOCKED, "sha256:d", "sha256:c", "sha256:l")


@pytest.mark.parametrize(("description", "words"), [("sha256:x", "changed since"), ("sha256:d", "another version")])
def test_an_image_that_differs(description, words):
    with pytest.raises(DifferenceError) as caught:
        lockfile.check_image("builder", LOCKED, description, "sha256:other", "sha256:l")
    assert caught.value.reason == "base-differs"
    assert words in caught.value.details
    assert "cbuild base lock builder" in caught.value.resolution


def test_notes_of_the_hook():
    notes = f"{'1' * 64}  sed_4.9-1_amd64.deb\n{'2' * 64}  dash_1%3a0.5_amd64.deb\n".encode()
    assert bootstrap.packages(notes) == (DASH, SED)
