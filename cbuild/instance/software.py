"""The software that an instance runs: an image of the store, and its files for the one-shot container."""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cbuild.canonical import CHUNK, hex_of
from cbuild.errors import UsageError
from cbuild.image import load
from cbuild.image.layout import Layout
from cbuild.instance import job
from cbuild.state import installed
from cbuild.state.home import Home

STATE_FILE = ".installed.cfg"


@dataclass(frozen=True)
class Software:
    """An image. manifest: its digest in the store. config: the image ID that an engine has for it."""

    manifest: str
    config: str


def recorded(home: Home, directory: Path) -> Software:
    """Return the software that was built in directory; UsageError (no-software) if none was.

    Its state file has the usual name, or the one for where a zc.buildout has that.
    """
    image = _image(directory / STATE_FILE) or _image(directory / installed.BESIDE)
    if not image:
        raise UsageError(
            f"No software was built in {directory}.",
            reason="no-software",
            details=f"Neither {directory / STATE_FILE} nor {installed.BESIDE} there names an image.",
            resolution="Build it first: cbuild software; or name an image of the store: --image REF",
        )
    return named(home, image)


def _image(state: Path) -> str:
    """Return the image that a state file names; empty if it is a zc.buildout's."""
    try:
        return installed.read(state).image
    except UsageError as error:
        if error.reason != "state-foreign":
            raise
        return ""


def named(home: Home, image: str) -> Software:
    """Return the software of an image of the store, by digest or reference; UsageError (unknown-image) if it lacks."""
    layout = Layout(home.oci)
    manifest = load.find(layout, image)
    return Software(manifest, load.config_digest(layout, manifest))


def reference(manifest: str) -> str:
    """Return the name under which instances' images are loaded into an engine."""
    return f"localhost/cbuild-instance:{hex_of(manifest)[:12]}"


def files(home: Home, software: Software) -> Path:
    """Return a directory with what the image has in /opt/cbuild, unpacked once."""
    target = home.trees / f"software-{hex_of(software.manifest)}"
    if target.is_dir():
        return target
    home.trees.mkdir(parents=True, exist_ok=True)
    image = load.loadable(Layout(home.oci), software.manifest, "")
    with tempfile.TemporaryDirectory(dir=home.trees, prefix=".new-") as scratch:
        root = Path(scratch, "files")
        root.mkdir()
        for layer in image.layers:
            unpack_over(layer.path, job.SOFTWARE.lstrip("/"), root)
        root.chmod(0o755)
        try:
            root.rename(target)
        except OSError:
            if not target.is_dir():  # another cbuild may have been quicker; it made the same
                raise
    return target


def unpack_over(layer: Path, prefix: str, target: Path) -> None:
    """Unpack what a layer has below prefix into target, over what is there.

    Layers come from builders, and one may write over another's files: nothing is followed out of target, a name that
    would lead through a symbolic link replaces the link.
    """
    with tarfile.open(layer, "r:") as tar:
        for member in tar:
            name = member.name.lstrip("/").removeprefix("./")
            if not name.startswith(prefix + "/"):
                continue
            relative = name.removeprefix(prefix + "/")
            path = _place(target, relative)
            if member.isdir():
                if not _real_directory(path):
                    path.unlink(missing_ok=True)
                    path.mkdir()
                path.chmod(0o755)
                continue
            _clear(path)
            if member.issym():
                path.symlink_to(member.linkname)
            elif member.islnk():
                first = member.linkname.lstrip("/").removeprefix("./").removeprefix(prefix + "/")
                os.link(_place(target, first), path, follow_symlinks=False)
            elif member.isreg():
                _write(tar, member, path)


def _place(target: Path, relative: str) -> Path:
    parts = relative.strip("/").split("/")
    if not all(parts) or {".", ".."} & set(parts):
        raise UsageError(
            f"A layer of the image has a file called {relative!r}.",
            reason="bad-image",
            resolution="Build the software again: cbuild software",
        )
    path = target
    for part in parts[:-1]:
        path /= part
        if not _real_directory(path):
            path.unlink(missing_ok=True)
            path.mkdir(mode=0o755)
    return path / parts[-1]


def _real_directory(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _clear(path: Path) -> None:
    if _real_directory(path):
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    data = tar.extractfile(member)
    with path.open("xb") as stream:
        if data is not None:
            shutil.copyfileobj(data, stream, CHUNK)
    # No setuid here, whatever the layer says: this tree lies on the host.
    path.chmod(member.mode & 0o755 | 0o444)
