"""A root file system as data: mmdebstrap's tar, what a description takes away from it and adds to it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cbuild.base.globs import matcher
from cbuild.errors import EngineError

if TYPE_CHECKING:
    import tarfile
    from collections.abc import Iterator
    from pathlib import Path

    from cbuild.base.description import Description, User

NOTES = "/.cbuild"  # where the hooks leave what they found out; never part of the image


@dataclass(frozen=True)
class Node:
    """One path: type ``d``, ``f``, ``l`` or ``h``; target of a link; data, or the offset and size in the raw tar."""

    kind: str
    mode: int = 0o755
    owner: int = 0
    target: str = ""
    data: bytes = b""
    offset: int = -1
    size: int = 0


Tree = dict[str, Node]


def read(raw: tarfile.TarFile) -> Tree:
    """Return the tar's tree: devices, fifos and sockets left out, hard links as links to the first path in order."""
    tree: Tree = {}
    groups: dict[str, list[str]] = {}
    for member in raw:
        path = "/" + member.name.removeprefix("./").strip("/")
        if member.name in {".", "./"}:
            continue
        mode = member.mode & 0o1777  # no set-uid and set-gid bits: containers run with no-new-privileges anyway
        if member.isdir():
            tree[path] = Node("d", mode)
        elif member.issym():
            tree[path] = Node("l", 0o777, target=member.linkname)
        elif member.islnk():
            groups.setdefault("/" + member.linkname.removeprefix("./"), []).append(path)
        elif member.isreg():
            tree[path] = Node("f", mode, offset=member.offset_data, size=member.size)
    for first, others in groups.items():
        for other in others:
            tree[other] = replace(tree[first], kind="h", target=first)
    return tree


def shape(tree: Tree, description: Description, directory: Path, triplet: str) -> Tree:
    """Return tree without what the description removes and with what it adds.

    directory: where the description lies. triplet: the multiarch name, put for ``@TRIPLET@``.
    """

    def named(text: str) -> str:
        return text.replace("@TRIPLET@", triplet)

    removed = matcher([NOTES, *map(named, description.remove)])
    kept = matcher(map(named, description.keep))
    shaped = {path: node for path, node in tree.items() if not removed(path) or kept(path)}
    for entry in description.directories:
        shaped[entry.path] = Node("d", entry.mode, entry.owner)
    for path in description.empty:
        shaped[path] = Node("f", 0o644)
    for path, target in description.links:
        shaped[named(path)] = Node("l", 0o777, target=named(target))
    for path, data in added_files(description, directory):
        # git and wheels keep less than a mode: the content says what is executable
        shaped[path] = Node("f", 0o755 if data.startswith(b"#!") else 0o644, data=data, size=len(data))
    if description.users:
        shaped |= _accounts(description.users)
    return _hard_links(_with_parents(shaped))


def added_files(description: Description, directory: Path) -> Iterator[tuple[str, bytes]]:
    """Yield path and content of each of the description's own files, sorted by path."""
    if not description.files:
        return
    root = directory / description.files
    for path in sorted(root.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield "/" + path.relative_to(root).as_posix(), path.read_bytes()


def _accounts(users: tuple[User, ...]) -> Tree:
    """Return /etc/passwd and /etc/group with nobody in them but users."""
    passwd = "".join(f"{user.name}:x:{user.uid}:{user.uid}::{user.home}:{user.shell}\n" for user in users).encode()
    group = "".join(f"{user.name}:x:{user.uid}:\n" for user in users).encode()
    return {
        "/etc/passwd": Node("f", 0o644, data=passwd, size=len(passwd)),
        "/etc/group": Node("f", 0o644, data=group, size=len(group)),
    }


def _with_parents(tree: Tree) -> Tree:
    """Return tree with a directory for every parent; EngineError when one is something else."""
    whole = dict(tree)
    for path in tree:
        parent = path.rpartition("/")[0]
        while parent and whole.get(parent, Node("")).kind != "d":
            if parent in whole:
                raise EngineError(
                    f"the base image would have {path}, but {parent} is no directory there",
                    reason="base-path-clash",
                    resolution="Write the path as it is behind the links /bin, /lib and /sbin, below /usr.",
                )
            whole[parent] = Node("d")
            parent = parent.rpartition("/")[0]
    return whole


def _hard_links(tree: Tree) -> Tree:
    """Return tree with the first path in order of each group of hard links as the file itself."""
    first: dict[int, str] = {}
    linked: Tree = {}
    for path in sorted(tree, key=lambda name: name.encode(errors="surrogateescape")):
        node = tree[path]
        if node.offset < 0:
            linked[path] = node
        elif node.offset in first:
            linked[path] = replace(node, kind="h", target=first[node.offset])
        else:
            first[node.offset] = path
            linked[path] = replace(node, kind="f", target="")
    return linked
