"""cbuild.lock."""

import json

import pytest
from source_helpers import md5, sha256

from cbuild.errors import UsageError
from cbuild.source import Lock, Request
from cbuild.source.lock import LockedDistribution
from cbuild.source.store import Sums

SUMS = Sums(md5(b"a"), sha256(b"a"), 1)


def test_bytes_are_sorted_stable_and_written_only_when_changed(tmp_path):
    path = tmp_path / "cbuild.lock"
    lock = Lock.load(path)
    assert not lock.save()
    assert not path.exists()
    lock.record(Request("http://z.invalid/z"), SUMS)
    lock.record(Request("http://me:secret@a.invalid/a"), SUMS)
    lock.record(Request("/local/file"), SUMS)
    assert lock.save()
    first = path.read_bytes()
    assert list(json.loads(first)["sources"]) == ["http://a.invalid/a", "http://z.invalid/z"]
    assert b"secret" not in first

    again = Lock.load(path)
    again.record(Request("http://a.invalid/a"), SUMS)
    assert not again.save()
    again.record(Request("http://a.invalid/a"), Sums(md5(b"b"), sha256(b"b"), 1))
    assert again.save()


def test_the_profile_wins_over_the_lock():
    lock = Lock(None)
    lock.record(Request("http://a.invalid/a"), SUMS)
    assert lock.get(Request("http://a.invalid/a")).sha256 == SUMS.sha256
    assert lock.get(Request("http://a.invalid/a", md5=SUMS.md5)).sha256 == SUMS.sha256
    assert lock.get(Request("http://a.invalid/a", md5=md5(b"new"))) is None


@pytest.mark.parametrize("text", ["", "[", "[]", '{"version": 1}', '{"version": 1, "sources": {"a": {}}}'])
def test_damaged(tmp_path, text):
    (tmp_path / "cbuild.lock").write_text(text)
    with pytest.raises(UsageError) as error:
        Lock.load(tmp_path / "cbuild.lock")
    assert error.value.reason == "lock-damaged"


def test_from_a_newer_cbuild(tmp_path):
    (tmp_path / "cbuild.lock").write_text('{"version": 2, "sources": {}}')
    with pytest.raises(UsageError) as error:
        Lock.load(tmp_path / "cbuild.lock")
    assert error.value.reason == "lock-version"


def test_two_runs_at_once_lose_nothing_of_each_other(tmp_path):
    """What came into the file since it was loaded stays; what was taken out here does not come back."""
    path = tmp_path / "cbuild.lock"
    first = Lock.load(path)
    first.record(Request("http://a.invalid/old"), SUMS)
    first.save()
    one, two = Lock.load(path), Lock.load(path)
    one.record(Request("http://a.invalid/one"), SUMS)
    one.distributions["pypi:d/d.whl"] = LockedDistribution(("e",))
    one.save()
    two.forget(Request("http://a.invalid/old"))
    two.record(Request("http://a.invalid/two"), SUMS)
    assert two.save()
    document = json.loads(path.read_bytes())
    assert list(document["sources"]) == ["http://a.invalid/one", "http://a.invalid/two"]
    assert list(document["distributions"]) == ["pypi:d/d.whl"]
    assert not Lock.load(path).save()
