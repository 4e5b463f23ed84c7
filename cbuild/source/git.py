"""Git repositories as sources: the files of one commit, as a tar with fixed bytes. The machine's own git fetches them.

Nothing of a repository runs here: no hooks, no filters; of submodules only URLs of the protocols below are followed.
"""

from __future__ import annotations

import os
import re
import subprocess
import tarfile
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cbuild.source.store import Expected, Store, Stored
from cbuild.source.unavailable import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cbuild.source.request import Git as Named
    from cbuild.source.request import Request

_PARTIAL = re.compile(r"(?:^|-g)[0-9a-f]{4,39}$")

EPOCH = 315619200
"""mtime of everything in the tar: 1980-01-02, as in a layer (docs/layers.md)."""

PROTOCOLS = "http:https:ssh:git"

# The machine's configuration has proxies and passwords; what in it would change the files is turned off.
SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.attributesFile=/dev/null",
    "core.autocrlf=false",
    "core.eol=lf",
    "core.symlinks=true",
    "filter.lfs.smudge=",
    "filter.lfs.process=",
    "filter.lfs.required=false",
    "init.templateDir=",
    "http.lowSpeedLimit=1000",
    "http.lowSpeedTime=30",
)

# A caller's own repository must not be taken for the one that is fetched.
_OWN = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE", "GIT_COMMON_DIR")


@dataclass(frozen=True)
class Repository:
    """The place: whatever the URL's repository has."""

    store: Store

    def name(self, request: Request) -> str:
        """Return the URL."""
        return request.shown

    def serves(self, request: Request) -> bool:
        """Return whether the request names a commit of a repository."""
        return request.git.pinned

    def get(self, request: Request) -> Stored:
        """Return the commit's files as a tar."""
        named = request.git
        with (
            tempfile.TemporaryDirectory(dir=self._directory(), prefix="git.") as directory,
            self.store.temporary() as file,
        ):
            tree = Path(directory, "tree")
            _check_out(named, tree)
            with file.open("wb") as stream, tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar:
                for path in _files(tree):
                    _add(tar, tree, path)
            return self.store.adopt(file, Expected(request.md5, request.sha256), request.shown)

    def _directory(self) -> Path:
        directory = self.store.root / "tmp"
        directory.mkdir(parents=True, exist_ok=True)
        return directory


def commit_of(named: Named) -> str:
    """Return the commit that a branch, a tag, a part of a commit's name or `git describe`'s word stands for now.

    Unavailable if the repository has none of this name.
    """
    output = _git(named, None, "ls-remote", "-q", "--", named.url, named.ref, f"{named.ref}^{{}}")
    lines = (line.split("\t", 1) for line in output.splitlines() if "\t" in line)
    found = {name: commit for commit, name in lines}
    # What an annotated tag names (`^{}`) is the commit; the tag's own name is an object that has none.
    for name in (named.ref, f"refs/heads/{named.ref}", f"refs/tags/{named.ref}^{{}}", f"refs/tags/{named.ref}"):
        if name in found:
            return found[name]
    return _in_history(named)


def _in_history(named: Named) -> str:
    """Return the commit of a name that only the whole history tells: ``8e7eab330``, ``v1.0-9-g8e7eab330``."""
    if _PARTIAL.search(named.ref):
        with tempfile.TemporaryDirectory(prefix="cbuild-git.") as directory:
            bare = Path(directory)
            _git(named, bare, "init", "-q", "--bare")
            # Commits alone, where the server knows how.
            _git(named, bare, "fetch", "-q", "--filter=tree:0", "--", named.url, "+refs/*:refs/*")
            with suppress(Unavailable):
                return _git(named, bare, "rev-parse", "-q", "--verify", f"{named.ref}^{{commit}}").strip()
    raise Unavailable(f"{named.url} has no branch, tag or commit {named.ref}")


def _check_out(named: Named, tree: Path) -> None:
    """Make tree a work tree of the commit, without more history than the server insists on."""
    tree.mkdir()
    _git(named, tree, "init", "-q")
    # Submodules may be named relative to it.
    _git(named, tree, "remote", "add", "origin", named.url)
    try:
        _git(named, tree, "fetch", "-q", "--depth=1", "--no-tags", "--", "origin", named.ref)
    except Unavailable:
        # Not every server gives a commit that isn't the newest of a branch.
        _git(named, tree, "fetch", "-q", "--", "origin", "+refs/*:refs/remotes/origin/*")
    _git(named, tree, "checkout", "-q", "--detach", named.ref, "--")
    if named.submodules:
        _git(named, tree, "submodule", "update", "-q", "--init", "--recursive")


def _git(named: Named, directory: Path | None, *arguments: str) -> str:
    """Run git; Unavailable with what it said."""
    protocols = f"{PROTOCOLS}:file" if named.url.startswith("file:") else PROTOCOLS
    environment = {name: value for name, value in os.environ.items() if name not in _OWN}
    environment |= {"GIT_ALLOW_PROTOCOL": protocols, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    environment.setdefault("GIT_SSH_COMMAND", "ssh -o BatchMode=yes")
    settings = [word for setting in SETTINGS for word in ("-c", setting)]
    command = ["git", *settings, *(("-C", str(directory)) if directory else ()), *arguments]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, errors="replace", check=False)
    except FileNotFoundError:
        raise Unavailable("git is not installed on this machine") from None
    if done.returncode:
        raise Unavailable(
            "git: " + ("; ".join(done.stderr.strip().splitlines()[-3:]) or f"exit code {done.returncode}")
        )
    return done.stdout


def _files(tree: Path) -> Iterator[Path]:
    """Give every file and symbolic link of a work tree, sorted by path; of git's own nothing."""
    found = []
    for directory, names, files in os.walk(tree):
        names[:] = [name for name in names if name != ".git"]
        links = [name for name in names if Path(directory, name).is_symlink()]
        found += [Path(directory, name) for name in (*files, *links) if name != ".git"]
    return iter(sorted(found, key=lambda path: os.fsencode(path.relative_to(tree))))


def _add(tar: tarfile.TarFile, tree: Path, path: Path) -> None:
    member = tarfile.TarInfo(str(path.relative_to(tree)))
    member.mtime = EPOCH
    if path.is_symlink():
        member.type, member.linkname, member.mode = tarfile.SYMTYPE, str(path.readlink()), 0o777
        tar.addfile(member)
        return
    status = path.stat()
    # Of a file's mode git keeps whether it can be executed.
    member.size, member.mode = status.st_size, 0o755 if status.st_mode & 0o100 else 0o644
    with path.open("rb") as stream:
        tar.addfile(member, stream)
