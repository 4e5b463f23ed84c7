"""The store keeps whole and right files only."""

import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from source_helpers import md5, sha256

from cbuild.source.store import Expected, Store, WrongChecksum
from cbuild.source.unavailable import Unavailable

DATA = b"some bytes" * 1000


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "sources")


def names(store):
    return sorted(str(p.relative_to(store.root)) for p in store.root.rglob("*") if not p.is_dir())


def test_found_by_either_checksum(store):
    stored = store.add([DATA[:5], DATA[5:]], Expected(md5(DATA)), "here")
    assert stored.path.read_bytes() == DATA
    assert stored.path.name == sha256(DATA)
    assert stored.path.stat().st_mode & 0o777 == 0o444
    for expected in (Expected(md5=md5(DATA)), Expected(sha256=sha256(DATA)), Expected(md5(DATA), sha256(DATA))):
        assert store.find(expected) == stored
    assert store.find(Expected(md5(b"x"), sha256(DATA))) is None
    assert store.find(Expected()) is None


def test_wrong_bytes_leave_nothing(store):
    with pytest.raises(WrongChecksum):
        store.add([DATA], Expected(md5(b"other")), "here")
    assert names(store) == []


def test_a_broken_stream_leaves_nothing(store):
    def chunks():
        yield DATA
        raise Unavailable("gone")

    with pytest.raises(Unavailable):
        store.add(chunks(), Expected(), "here")
    assert names(store) == []


def test_adopt(store):
    with store.temporary() as path:
        path.write_bytes(DATA)
        stored = store.adopt(path, Expected(sha256=sha256(DATA)), "there")
    assert stored.origin == "there"
    assert store.find(Expected(md5(DATA))) == stored


def test_a_truncated_file_counts_as_missing_and_is_replaced(store):
    stored = store.add([DATA], Expected(), "here")
    stored.path.chmod(0o644)
    os.truncate(stored.path, 3)
    assert store.find(Expected(md5(DATA))) is None
    assert store.add([DATA], Expected(), "again").path.read_bytes() == DATA


def test_leftovers_of_killed_processes_go_away(store):
    directory = store.root / "tmp"
    directory.mkdir(parents=True)
    (directory / "fetch.old").touch()
    os.utime(directory / "fetch.old", (time.time() - 1e6,) * 2)
    (directory / "fetch.running").touch()
    store.add([DATA], Expected(), "here")
    assert [p.name for p in directory.iterdir()] == ["fetch.running"]


def test_many_writers_of_the_same(store):
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: Store(store.root).add([DATA], Expected(md5(DATA)), "here"), range(32)))
    assert {stored.path.read_bytes() for stored in found} == {DATA}
    assert len(names(store)) == 3


def test_stopped(store):
    store.stopped.set()
    with pytest.raises(Unavailable, match="interrupted"):
        store.add([DATA], Expected(), "here")


def test_what_a_url_gave_is_remembered(store):
    assert store.remembered("debian:a/b") is None
    store.remember("debian:a/b", sha256(DATA))
    assert store.remembered("debian:a/b") == sha256(DATA)
