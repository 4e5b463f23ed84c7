"""What differs between two layers."""

from __future__ import annotations

import io
import tarfile

import pytest

from cbuild.canonical import CHUNK
from cbuild.layer.compare import Difference, compare


@pytest.fixture
def tar(tmp_path):
    """A function that writes a tar of path to bytes, or to a TarInfo."""
    count = iter(range(10))

    def write(**files):
        path = tmp_path / f"{next(count)}.tar"
        with tarfile.open(path, "w") as archive:
            for name, content in files.items():
                info = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo(name)
                if isinstance(content, bytes):
                    info.size = len(content)
                archive.addfile(info, io.BytesIO(content) if isinstance(content, bytes) else None)
        return path

    return write


def info(name, kind, **fields):
    found = tarfile.TarInfo(name)
    found.type = kind
    for field, value in fields.items():
        setattr(found, field, value)
    return found


def test_equal_layers_have_no_differences(tar):
    files = {"a": b"1", "d": info("d", tarfile.DIRTYPE), "l": info("l", tarfile.SYMTYPE, linkname="a")}
    assert compare(tar(**files), tar(**files)) == []


def test_paths_kinds_modes_and_targets(tar):
    one = tar(
        gone=b"12", kind=b"", mode=info("mode", tarfile.DIRTYPE, mode=0o755),
        link=info("link", tarfile.SYMTYPE, linkname="a"),
    )  # fmt: skip
    other = tar(
        kind=info("kind", tarfile.SYMTYPE), mode=info("mode", tarfile.DIRTYPE, mode=0o700), more=b"",
        link=info("link", tarfile.SYMTYPE, linkname="b"),
    )  # fmt: skip
    assert compare(one, other) == [
        Difference("/gone", "missing", "file of 2 bytes", "nothing"),
        Difference("/kind", "kind", "file of 0 bytes", "symlink"),
        Difference("/link", "target", "a", "b"),
        Difference("/mode", "mode", "0755", "0700"),
        Difference("/more", "new", "nothing", "file of 0 bytes"),
    ]


def test_text_is_shown_as_a_diff(tar):
    (found,) = compare(tar(text=b"one\ntwo\nthree\n"), tar(text=b"one\n2\nthree\n"))
    assert (found.path, found.what, found.offset) == ("/text", "bytes", 4)
    assert found.diff == ("@@ -2 +2 @@", "-two", "+2")
    assert found.stored == "14 bytes; 74 77 6f 0a 74 68 72 65 65 0a  |two.three.|"


def test_a_long_diff_is_cut(tar):
    texts = [b"".join(b"%d\n" % number for number in range(start, start + 100)) for start in (0, 1000)]
    (found,) = compare(tar(text=texts[0]), tar(text=texts[1]))
    assert len(found.diff) == 21
    assert found.diff[-1] == "… 181 lines more"


@pytest.mark.parametrize("size", [0, 5, CHUNK - 1, CHUNK, CHUNK + 3])
def test_the_first_byte_that_differs(tar, size):
    (found,) = compare(tar(bin=bytes(size) + b"\0\1"), tar(bin=bytes(size) + b"\0\2end"))
    assert found.offset == size + 1
    assert found.diff == ()
    assert (found.stored, found.again) == (f"{size + 2} bytes; 01  |.|", f"{size + 5} bytes; 02 65 6e 64  |.end|")


def test_one_that_ends_earlier(tar):
    (found,) = compare(tar(bin=b"\0ab"), tar(bin=b"\0a"))
    assert (found.offset, found.again) == (2, "2 bytes;   ||")
