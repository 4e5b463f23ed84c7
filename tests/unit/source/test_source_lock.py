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


def damaged(path):
    with pytest.raises(UsageError) as error:
        Lock.load(path)
    assert (error.value.reason, error.value.file) == ("lock-damaged", str(path))
    return error.value


@pytest.mark.parametrize(
    "change",
    [
        {"sha256": 5}, {"sha256": "zz"}, {"sha256": ""}, {"sha256": None}, {"md5": []}, {"md5": "A" * 32},
        {"size": "1"}, {"size": None}, {"size": -1}, {"size": True}, {"more": 1},
    ],
)  # fmt: skip
def test_a_checksum_that_is_none_is_damage(tmp_path, change):
    path = tmp_path / "cbuild.lock"
    entry = {"md5": SUMS.md5, "sha256": SUMS.sha256, "size": 1}
    path.write_text(json.dumps({"version": 1, "sources": {"http://a.invalid/a": entry}}))
    assert Lock.load(path).get(Request("http://a.invalid/a"))
    path.write_text(json.dumps({"version": 1, "sources": {"http://a.invalid/a": entry | change}}))
    assert "http://a.invalid/a" in damaged(path).details


@pytest.mark.parametrize(
    "more",
    [
        {"commits": {"u": 5}}, {"commits": {"u": "main"}}, {"commits": []},
        {"distributions": {"u": {"requires": "a"}}}, {"distributions": {"u": {"build": [1]}}},
        {"distributions": {"u": {"python": 3}}}, {"distributions": {"u": []}},
    ],
)  # fmt: skip
def test_what_else_is_locked_has_its_form(tmp_path, more):
    (tmp_path / "cbuild.lock").write_text(json.dumps({"version": 1, "sources": {}, **more}))
    damaged(tmp_path / "cbuild.lock")


def test_a_conflict_of_a_merge_has_its_line(tmp_path):
    path = tmp_path / "cbuild.lock"
    path.write_text('{\n "sources": {\n<<<<<<< ours\n },\n "version": 1\n}\n')
    assert damaged(path).line == 3


def test_what_is_no_file(tmp_path):
    (tmp_path / "directory").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    damaged(tmp_path / "directory")
    damaged(tmp_path / "loop")


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


def test_what_another_run_has_written_meanwhile_stays(tmp_path):
    """Of all three kinds; what this run has taken out (``--update-lock``) doesn't come back."""
    path = tmp_path / "cbuild.lock"
    old = Lock.load(path)
    old.record(Request("http://a.invalid/a"), SUMS)
    old.commits["git+http://a.invalid/old@main"] = "0" * 40
    old.save()
    one, other = Lock.load(path), Lock.load(path)
    one.commits["git+http://a.invalid/one@main"] = "1" * 40
    one.save()
    other.commits.clear()
    other.commits["git+http://a.invalid/other@main"] = "2" * 40
    other.save()
    commits = {"git+http://a.invalid/one@main": "1" * 40, "git+http://a.invalid/other@main": "2" * 40}
    assert Lock.load(path).commits == commits
