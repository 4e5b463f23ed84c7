"""The last line of a log that somebody else is writing."""

from __future__ import annotations

import os

import pytest

from cbuild.build.growing import ENOUGH, last_line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (b"", ""),
        (b"one\ntwo\n\n  \n", "two"),
        (b"one\nhalf a li", "half a li"),
        (b"10%\r20%\r30%", "30%"),
        (b"\x1b[1;31mred\x1b[0m \x1b]0;title\x07text\x1b[2K\x1b(B", "red text"),
        (b"bell\x07 and\ttab \xff", "bell  and tab \ufffd"),
        ("größer".encode(), "größer"),
        (b"x\n" * ENOUGH + b"the end\n", "the end"),
    ],
)
def test_last_line(tmp_path, text, line):
    (tmp_path / "log").write_bytes(text)
    assert last_line(tmp_path / "log") == line


def test_nothing_is_followed(tmp_path):
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "fifo")
    for name in ("link", "fifo", "missing", "."):
        assert last_line(tmp_path / name) == ""
