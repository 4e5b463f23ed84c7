"""Unpacking archives so that the result depends on the archive alone."""

from __future__ import annotations

import lzma
import os
import shutil
import subprocess
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from cbuild.recipe.api import UserError

# What Python's tarfile can't read goes through a program of the part's PATH, as slapos.recipe.build does.
FILTERS = {b"LZIP": "lunzip -c", b"\x28\xb5\x2f\xfd": "zstdcat"}


def unpack(archive: Path, target: Path, environ: Mapping[str, str]) -> None:
    """Unpack a tar (any compression) or zip into target, a directory that exists.

    Absolute names and ``..`` are skipped, owners ignored, symbolic links kept; every mtime becomes the epoch, so that
    no timestamp of the archive reaches the result, and make sees nothing older than anything else.
    """
    try:
        if _is_zip(archive):
            _unpack_zip(archive, target)
        else:
            _unpack_tar(archive, target, environ)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError) as error:
        raise UserError(f"{archive.name} can't be unpacked: {str(error).splitlines()[0]}") from None
    _set_times(target)


def top(target: Path) -> Path:
    """Return target's only entry if that is a directory, else target."""
    found = list(target.iterdir())
    return found[0] if len(found) == 1 and found[0].is_dir() and not found[0].is_symlink() else target


def lift(target: Path) -> None:
    """Move what is in target's only directory up into target."""
    inner = top(target)
    if inner == target:
        return
    aside = inner.rename(target / f".{inner.name}.lift")
    for item in list(aside.iterdir()):
        item.rename(target / item.name)
    aside.rmdir()


def strip(target: Path, what: str) -> None:
    """Take away the one directory at the top; UserError if there isn't exactly one. what: the archive, for people."""
    found = list(target.iterdir())
    if len(found) != 1 or not found[0].is_dir():
        raise UserError(f"strip-top-level-dir: {what} has {len(found)} entries at its top, not one directory.")
    lift(target)


def _is_zip(archive: Path) -> bool:
    # is_zipfile alone looks at the end, which a tar with a zip in it may have, too.
    with archive.open("rb") as stream:
        return stream.read(2) == b"PK" and zipfile.is_zipfile(archive)


def _unpack_zip(archive: Path, target: Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        for member in opened.infolist():
            if _leads_outside(member.filename):
                continue
            path = Path(opened.extract(member, target))
            if path.is_file() and (mode := member.external_attr >> 16) & 0o111:
                path.chmod(mode & 0o777)


def _unpack_tar(archive: Path, target: Path, environ: Mapping[str, str]) -> None:
    filtered = _filter(archive, environ)
    if filtered is None:
        with tarfile.open(archive) as tar:
            tar.extractall(target, _safe(tar))  # noqa: S202 - _safe leaves out what leads outside
        return
    with (
        archive.open("rb") as packed,
        subprocess.Popen(filtered.split(), stdin=packed, stdout=subprocess.PIPE, env=dict(environ)) as process,
    ):
        with tarfile.open(fileobj=process.stdout, mode="r|") as tar:
            tar.extractall(target, _safe(tar))  # noqa: S202 - _safe leaves out what leads outside
            # Padding behind the end: the program must be able to write it.
            while process.stdout and process.stdout.read(1 << 16):
                pass
        if process.wait():
            raise UserError(f"{filtered} could not read {archive.name}.")


def _filter(archive: Path, environ: Mapping[str, str]) -> str | None:
    with archive.open("rb") as stream:
        start = stream.read(6)
    for magic, command in FILTERS.items():
        if start.startswith(magic):
            if shutil.which(command.split()[0], path=environ.get("PATH")) is None:
                raise UserError(f"{archive.name} needs {command.split()[0]}: add its part to the PATH of environment.")
            return command
    return None


def _safe(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Yield the members that stay below the target (tarfile's filters came after the builder's Python 3.11.2)."""
    for member in tar:
        if _leads_outside(member.name) or member.isdev():
            continue
        member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
        yield member


def _leads_outside(name: str) -> bool:
    return name.startswith("/") or ".." in name.split("/")


def _set_times(target: Path) -> None:
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
    for directory, names, files in os.walk(target):
        for name in names + files:
            os.utime(Path(directory, name), (epoch, epoch), follow_symlinks=False)
    os.utime(target, (epoch, epoch))
