"""Other parts' files for a builder: layers unpacked once, then hard-linked into each scratch directory."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from cbuild.build.damage import damaged
from cbuild.canonical import hex_of
from cbuild.image.layout import Layout
from cbuild.layer import tar
from cbuild.state.home import Home

Inherited = dict[bytes, tuple[int, int]]
"""What a scratch directory has before the build; see layer.entries.Inherited."""

UNPACKING = ".run-"
"""How the names of trees begin that are being unpacked; the run's name follows, and a dot."""


def tree(home: Home, diff_id: str, run: str) -> Path:
    """Return the unpacked layer, unpacking it at first use; two processes may do so at once.

    run: the run that asks: what it leaves behind when it is killed goes by that name. HostError (``store-damaged``) if
    the layer's bytes aren't those that were stored.
    """
    path = home.trees / hex_of(diff_id)
    if path.is_dir():
        return path
    home.trees.mkdir(parents=True, exist_ok=True)
    layout = Layout(home.oci)
    if not layout.is_sound(diff_id):
        raise damaged(layout, diff_id)
    unpacking = Path(tempfile.mkdtemp(dir=home.trees, prefix=f"{UNPACKING}{run}."))
    try:
        tar.unpack(layout.blob(diff_id), unpacking)
        unpacking.chmod(0o755)
        unpacking.rename(path)
    except OSError:
        # Somebody else was faster: rename to a directory that isn't empty fails.
        if not path.is_dir():
            raise
    finally:
        shutil.rmtree(unpacking, ignore_errors=True)
    return path


def run_of(path: Path) -> str:
    """Return the run that unpacks a tree."""
    return path.name.removeprefix(UNPACKING).rpartition(".")[0]


def link(trees: Iterable[Path], scratch: Path, owner: int) -> Inherited:
    """Make scratch look like all the trees on top of each other; return what is there (see layer.entries.Inherited).

    Files are hard links, still owned by root: a build can't change them, only put others in their place. Directories
    are new and belong to owner (a uid), so that a part can write below a part that it refers to.
    """
    inherited: Inherited = {}
    for root in trees:
        for directory, names, files in os.walk(root):
            below = scratch / Path(directory).relative_to(root)
            make_directory(below, scratch, inherited)
            os.chown(below, owner, owner, follow_symlinks=False)
            for name in [*files, *(name for name in names if Path(directory, name).is_symlink())]:
                target = below / name
                _clear(target, scratch, inherited)
                os.link(Path(directory, name), target, follow_symlinks=False)
                status = target.lstat()
                inherited[os.fsencode(target.relative_to(scratch))] = (status.st_dev, status.st_ino)
    return inherited


def make_directory(path: Path, scratch: Path, inherited: Inherited) -> None:
    """Make a directory in one that is real, scratch or below it, and note it.

    Layers come from builders: a link that one of them has in this place is replaced, never followed out of scratch.
    """
    try:
        path.mkdir()
    except FileExistsError:
        if path.is_symlink() or not path.is_dir():
            path.unlink()
            path.mkdir()
    if path != scratch:
        inherited[os.fsencode(path.relative_to(scratch))] = (0, 0)


def _clear(path: Path, scratch: Path, inherited: Inherited) -> None:
    """Remove what earlier trees have in a place: the later one wins, as in an image."""
    try:
        path.unlink(missing_ok=True)
    except IsADirectoryError:
        shutil.rmtree(path)
        below = os.fsencode(path.relative_to(scratch)) + b"/"
        for name in [name for name in inherited if name.startswith(below)]:
            del inherited[name]
