import os

import pytest

from cbuild.instance import untrusted


def test_reading_and_its_limit(tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "f").write_bytes(b"0123456789")
    assert untrusted.read(tmp_path, "d/f", 100) == b"0123456789"
    assert untrusted.read(tmp_path, "d/f", 3) == b"012"
    assert untrusted.read(tmp_path, "d/f", 3, start=None) == b"789"
    assert untrusted.read(tmp_path, "d/f", 3, start=5) == b"567"
    assert untrusted.read(tmp_path, "d/f", 3, start=50) == b""
    assert untrusted.names(tmp_path, "d") == ["f"]
    assert untrusted.names(tmp_path, "none") == []


@pytest.mark.parametrize("relative", ["link", "directory/file", "fifo", "folder", "missing"])
def test_nothing_is_followed_out_of_the_root(tmp_path, relative):
    outside, root = tmp_path / "outside", tmp_path / "root"
    outside.mkdir()
    root.mkdir()
    (outside / "file").write_text("secret")
    (root / "link").symlink_to(outside / "file")
    (root / "directory").symlink_to(outside)
    (root / "folder").mkdir()
    os.mkfifo(root / "fifo")
    with pytest.raises(OSError):
        untrusted.read(root, relative, 100)
    assert untrusted.names(root, "directory") == []
