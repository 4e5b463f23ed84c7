"""git+URL@REF: what it names, the tar that it gives, what the lock keeps of a branch."""

from __future__ import annotations

import json
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from cbuild.errors import SourceError
from cbuild.source import Lock, Request, Sources
from cbuild.state.home import Home

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("url", "repository", "ref", "submodules"),
    [
        (f"git+https://h.invalid/a/b.git@{COMMIT}", "https://h.invalid/a/b.git", COMMIT, True),
        ("git+https://h.invalid/b", "https://h.invalid/b", "HEAD", True),
        ("git+ssh://me@h.invalid/b", "ssh://me@h.invalid/b", "HEAD", True),
        ("git+ssh://me@h.invalid/b@v1.0#no-submodules", "ssh://me@h.invalid/b", "v1.0", False),
        ("git+file:///a/b@topic/x", "file:///a/b", "topic/x", True),
        ("git+git://h.invalid/b@v1", "git://h.invalid/b", "v1", True),
    ],
)
def test_what_it_names(url, repository, ref, submodules):
    request = Request(url)
    assert request.kind == "git"
    assert (request.git.url, request.git.ref, request.git.submodules) == (repository, ref, submodules)
    assert request.git.pinned == (ref == COMMIT)
    assert request.filename == "b.tar"
    assert Request(request.git.at(COMMIT)).git.submodules == submodules


@pytest.mark.parametrize(
    "url", ["git+https://h.invalid", "git+ext::sh/x", "git+/a/b", "git+https://h.invalid/b@-x", "git+ftp://h.invalid/b"]
)
def test_what_is_none(url):
    with pytest.raises(SourceError, match="not a source"):
        Request(url)


def git(directory: Path, *arguments: str) -> str:
    """Run git without the machine's configuration."""
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
    who = ("-c", "user.name=x", "-c", "user.email=x@x.invalid", "-c", "protocol.file.allow=always")
    return subprocess.check_output(["git", *who, "-C", str(directory), *arguments], env=environment, text=True).strip()


def commit(directory: Path, **files: str) -> str:
    for name, text in files.items():
        (directory / name).write_text(text)
    git(directory, "add", "-A")
    git(directory, "commit", "-q", "-m", "x")
    return git(directory, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path) -> Path:
    """A repository with a branch `main`, a program, a link, and attributes that would change files."""
    directory = tmp_path / "repo"
    directory.mkdir()
    git(directory, "init", "-q", "-b", "main")
    (directory / "sub").mkdir()
    (directory / "sub" / "run").write_text("#!/bin/sh\n")
    (directory / "sub" / "run").chmod(0o755)
    (directory / "link").symlink_to("sub/run")
    (directory / ".gitattributes").write_text("big filter=lfs\n")
    commit(directory, file="one\n", big="pointer\n")
    return directory


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path / "home")


def members(path: Path) -> dict[str, tuple[int, int, str]]:
    with tarfile.open(path) as tar:
        return {member.name: (member.mode, member.mtime, member.linkname) for member in tar}


def test_the_files_of_a_commit(repository, home, tmp_path):
    first = git(repository, "rev-parse", "HEAD")
    commit(repository, file="two\n")
    found = Sources(home).fetch(Request(f"git+file://{repository}@{first}"))
    with tarfile.open(found.path) as tar:
        assert tar.extractfile("file").read() == b"one\n"
    assert members(found.path) == {
        ".gitattributes": (0o644, 315619200, ""),
        "big": (0o644, 315619200, ""),
        "file": (0o644, 315619200, ""),
        "link": (0o777, 315619200, "sub/run"),
        "sub/run": (0o755, 315619200, ""),
    }
    # The same bytes from another clone, and no second look at a commit.
    other = tmp_path / "other"
    git(tmp_path, "clone", "-q", str(repository), str(other))
    again = Sources(Home(tmp_path / "home2")).fetch(Request(f"git+file://{other}@{first}"))
    assert again.sha256 == found.sha256
    assert Sources(home, offline=True).fetch(Request(f"git+file://{repository}@{first}")).sha256 == found.sha256


def test_a_branch_is_pinned_by_the_lock(repository, home, tmp_path):
    request = Request(f"git+file://{repository}@main")
    lock = Lock.load(tmp_path / "cbuild.lock")
    first = Sources(home, lock=lock).fetch(request)
    lock.save()
    now = git(repository, "rev-parse", "HEAD")
    document = json.loads((tmp_path / "cbuild.lock").read_text())
    assert document["commits"] == {request.url: now}
    assert list(document["sources"]) == [f"git+file://{repository}@{now}"]

    commit(repository, file="two\n")
    for options in ({}, {"locked": True}, {"offline": True}):
        lock = Lock.load(tmp_path / "cbuild.lock")
        assert Sources(home, lock=lock, **options).fetch(request).sha256 == first.sha256
    lost = Sources(Home(tmp_path / "empty"), lock=Lock.load(tmp_path / "cbuild.lock")).fetch(request)
    assert lost.sha256 == first.sha256, "an older commit is still there"
    lock.commits.clear()
    assert Sources(home, lock=lock).fetch(request).sha256 != first.sha256


def test_a_tag_that_is_an_object(repository, home):
    git(repository, "tag", "-a", "v1", "-m", "x")
    lock = Lock(None)
    Sources(home, lock=lock).fetch(Request(f"git+file://{repository}@v1"))
    assert list(lock.commits.values()) == [git(repository, "rev-parse", "HEAD")]


def test_commits_as_real_profiles_name_them(repository, home):
    git(repository, "tag", "v1.0")
    commit(repository, file="two\n")
    now = git(repository, "rev-parse", "HEAD")
    commit(repository, file="three\n")
    for ref in (now[:8], f"v1.0-1-g{now[:7]}"):
        lock = Lock(None)
        found = Sources(home, lock=lock).fetch(Request(f"git+file://{repository}@{ref}"))
        assert list(lock.commits.values()) == [now]
        with tarfile.open(found.path) as tar:
            assert tar.extractfile("file").read() == b"two\n"


def test_submodules(repository, home, tmp_path):
    outer = tmp_path / "outer"
    outer.mkdir()
    git(outer, "init", "-q", "-b", "main")
    git(outer, "submodule", "add", "-q", f"file://{repository}", "inner")
    commit(outer, top="x")
    found = Sources(home).fetch(Request(f"git+file://{outer}@main"))
    assert set(members(found.path)) >= {"top", "inner/file", "inner/sub/run"}
    plain = Sources(home).fetch(Request(f"git+file://{outer}@main#no-submodules"))
    assert set(members(plain.path)) == {"top", ".gitmodules"}


@pytest.mark.parametrize(
    ("ref", "message"),
    [("nothing", "has no branch, tag or commit nothing"), ("v1-1-g0123456789", "no branch"), (COMMIT, "git: ")],
)
def test_what_is_not_there(repository, home, ref, message):
    with pytest.raises(SourceError) as caught:
        Sources(home, debian=False).fetch(Request(f"git+file://{repository}@{ref}"))
    assert caught.value.reason == "source-missing"
    assert message in caught.value.details


@pytest.mark.parametrize(("options", "reason"), [({"offline": True}, "offline"), ({"locked": True}, "not-locked")])
def test_a_branch_that_was_never_asked(repository, home, options, reason):
    with pytest.raises(SourceError) as caught:
        Sources(home, lock=Lock(None), **options).fetch(Request(f"git+file://{repository}@main"))
    assert caught.value.reason == reason


def test_hooks_and_settings_of_the_machine_change_nothing(repository, home, tmp_path, monkeypatch):
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "post-checkout").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    (hooks / "post-checkout").chmod(0o755)
    smudge = f'[filter "lfs"]\nsmudge = touch {tmp_path}/ran; cat\nrequired = true\n'
    settings = f"[core]\nhooksPath = {hooks}\nautocrlf = true\n{smudge}"
    (tmp_path / "config").write_text(settings)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))
    monkeypatch.setenv("GIT_DIR", str(tmp_path))
    found = Sources(home).fetch(Request(f"git+file://{repository}@main"))
    with tarfile.open(found.path) as tar:
        assert tar.extractfile("file").read() == b"one\n"
    assert not (tmp_path / "ran").exists()
