"""Static libraries that a part made: the same whenever and by whomever they were made."""

from __future__ import annotations

import os

import pytest

from cbuild.recipe import archives


def member(name: str, data: bytes, time="1795700762", owner="30001", mode="100644") -> bytes:
    size = str(len(data))
    header = f"{name:16}{time:12}{owner:6}{owner:6}{mode:8}{size:10}`\n".encode()
    return header + data + b"\n" * (len(data) % 2)


def archive(time="1795700762", owner="30001", mode="100644") -> bytes:
    symbols = member("/", b"\0\0\0\1" + b"\0\0\0\0x\0", time, "0", "0")
    names = member("//", b"a-very-long-name.o/\n", "", "", "")
    return (
        b"!<arch>\n" + symbols + names + member("/0", b"odd", time, owner, mode) + member("b.o/", b"even", time, owner)
    )


CLEAN = archive("0", "0", "644").replace(b"100644", b"644   ")
"""As `ar D` makes it."""


@pytest.fixture
def renewed(tmp_path):
    """A function that returns what becomes of a file."""

    def renew(data: bytes, name: str = "lib.a", mode: int = 0o444) -> bytes:
        path = tmp_path / "parts" / "p" / "lib" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_bytes(data)
        path.chmod(mode)
        archives.renew(str(tmp_path))
        assert path.stat().st_mode & 0o777 == mode
        return path.read_bytes()

    return renew


def test_no_time_no_owner_no_mode(renewed):
    found = renewed(archive())
    assert found == CLEAN
    assert renewed(archive("5", "1000", "100755")) == found
    assert renewed(found) == found


def test_what_is_no_archive_stays(renewed):
    for data in (b"", b"!<arch>\n", b"!<thin>\n" + archive()[8:], b"text", archive()[:60]):
        assert renewed(data) == data
    assert renewed(archive(), "lib.so") == archive()


def test_others_archives_stay(renewed, monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    assert renewed(archive()) == archive()


def test_what_is_no_header_ends_it(renewed):
    broken = archive() + b"x" * 80
    assert renewed(broken) == CLEAN + b"x" * 80
