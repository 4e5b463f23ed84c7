"""A full disk: told as what it is, with the place."""

from __future__ import annotations

import errno
import os

import pytest

from cbuild.build.room import check_room, telling_of_a_full_disk
from cbuild.canonical import write_atomic
from cbuild.errors import HostError


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_the_file_that_had_no_room(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(HostError) as caught, telling_of_a_full_disk(tmp_path / "store"):
        write_atomic(tmp_path / "project" / "state", b"x")
    assert (caught.value.reason, caught.value.exit_code) == ("disk-full", 5)
    assert str(tmp_path / "project" / "state") in caught.value.brief
    assert list((tmp_path / "project").iterdir()) == []


def test_the_store_when_the_system_does_not_say(tmp_path):
    with pytest.raises(HostError) as caught, telling_of_a_full_disk(tmp_path):
        full()
    assert str(tmp_path) in caught.value.brief


def test_other_errors_are_none_of_it(tmp_path):
    with pytest.raises(FileNotFoundError), telling_of_a_full_disk(tmp_path):
        (tmp_path / "missing").read_bytes()


class Room:
    f_frsize = 4096

    def __init__(self, blocks: int, files: int, free: int) -> None:
        self.f_bavail, self.f_files, self.f_favail = blocks, files, free


@pytest.mark.parametrize(
    ("room", "is_full"),
    [
        (Room(1000, 100, 100), False),
        (Room(1000, 0, 0), False),  # btrfs counts no inodes
        (Room(10, 100, 100), True),
        (Room(1000, 100, 3), True),
    ],
)
def test_a_part_that_failed_for_want_of_room(tmp_path, monkeypatch, room, is_full):
    monkeypatch.setattr(os, "statvfs", lambda _: room)
    if not is_full:
        check_room(tmp_path, "a")
        return
    with pytest.raises(HostError) as caught:
        check_room(tmp_path, "a")
    assert caught.value.reason == "disk-full"
    assert "a failed" in caught.value.details
