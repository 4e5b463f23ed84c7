"""The same tar in another compression: unpack what a mirror has, pack it as upstream did, and let the checksum decide.

What upstream used can't be known, but it is nearly always one of a few commands with their default settings. bzip2 and
xz (one block) give the same bytes from the libraries that Python has; GNU gzip's bytes come from no library, so the
program itself is tried as well.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import shutil
import subprocess
import tarfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Protocol

from cbuild.canonical import CHUNK
from cbuild.errors import FULL
from cbuild.source.unavailable import Unavailable

SUFFIXES = {
    ".tar.bz2": "bz2",
    ".tbz2": "bz2",
    ".tbz": "bz2",
    ".tar.gz": "gz",
    ".tgz": "gz",
    ".tar.xz": "xz",
    ".txz": "xz",
    ".tar.lz": "lz",
    ".tar": "tar",
}
LARGEST = 1 << 30
"""Bytes of a tar beyond which it isn't tried: minutes of work for a chance."""

_ZLIB_DEFAULT = 6
_OS_UNIX = 3
Encoder = Callable[[Path], Iterator[bytes]]


class _Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


def suffix_of(filename: str) -> str | None:
    """Return the suffix that says how a tar is packed, None if the name is not a tar's."""
    return next((suffix for suffix in SUFFIXES if filename.endswith(suffix)), None)


def unpack(packed: Path, tar: Path) -> None:
    """Write the tar that is in packed (gzip, bzip2, xz or lzip) to tar; Unavailable if it is none of these."""
    try:
        with packed.open("rb") as raw, tar.open("wb") as target:
            size = 0
            for chunk in _unpacked(packed, raw):
                size += len(chunk)
                if size > LARGEST:
                    raise Unavailable(f"its tar has more than {LARGEST} bytes")
                target.write(chunk)
    except (OSError, EOFError, lzma.LZMAError, zlib.error, subprocess.SubprocessError) as problem:
        if isinstance(problem, OSError) and problem.errno in FULL:
            raise
        raise Unavailable(f"it can't be unpacked: {problem}") from None


def top_directory(tar: Path) -> str:
    """Return the first component of the tar's first member, empty if it isn't a tar."""
    try:
        with tarfile.open(tar, "r:") as archive:
            first = archive.next()
    except (OSError, tarfile.TarError):
        return ""
    return first.name.removeprefix("./").partition("/")[0] if first else ""


def encoders(suffix: str) -> Iterator[tuple[str, Encoder]]:
    """Give the ways in which a tar with that suffix may have been packed: a name for people, and the function."""
    match SUFFIXES[suffix]:
        case "bz2":
            yield "bzip2 -9", lambda tar: _library(tar, bz2.BZ2Compressor(9))
        case "gz":
            yield from _gzip()
        case "xz":
            # automake's dist-xz says -e, and a forge's or a person's xz nothing or -9.
            for level, mark in ((6, "e"), (6, ""), (9, "e"), (9, "")):
                yield f"xz -{level}{mark}", _xz(level | (lzma.PRESET_EXTREME if mark else 0))
        case "lz":
            for level in (9, 6):
                yield f"lzip -{level}", _program("lzip", f"-{level}")
        case _:
            yield "no compression", _plain


def _gzip() -> Iterator[tuple[str, Encoder]]:
    for level in (9, _ZLIB_DEFAULT):
        yield f"gzip -n -{level}", _program("gzip", "-n", f"-{level}")
    for level in (9, _ZLIB_DEFAULT):
        yield f"zlib, level {level}", _zlib(level)


def _zlib(level: int) -> Encoder:
    def encode(tar: Path) -> Iterator[bytes]:
        # RFC 1952: no name, no time; "extra flags" 2 is the best compression.
        yield bytes([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 2 if level > _ZLIB_DEFAULT else 0, _OS_UNIX])
        crc = size = 0
        packer = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
        for chunk in _plain(tar):
            crc, size = zlib.crc32(chunk, crc), size + len(chunk)
            yield packer.compress(chunk)
        yield packer.flush() + crc.to_bytes(4, "little") + (size & 0xFFFFFFFF).to_bytes(4, "little")

    return encode


def _xz(preset: int) -> Encoder:
    return lambda tar: _library(tar, lzma.LZMACompressor(lzma.FORMAT_XZ, lzma.CHECK_CRC64, preset))


def _library(tar: Path, packer: _Compressor) -> Iterator[bytes]:
    for chunk in _plain(tar):
        yield packer.compress(chunk)
    yield packer.flush()


def _program(name: str, *arguments: str) -> Encoder:
    def encode(tar: Path) -> Iterator[bytes]:
        program = shutil.which(name)
        if program is None:
            raise Unavailable(f"{name} is not installed here")
        with tar.open("rb") as stream:
            yield from _output([program, *arguments], stream)

    return encode


def _plain(tar: Path) -> Iterator[bytes]:
    with tar.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            yield chunk


def _unpacked(packed: Path, raw: IO[bytes]) -> Iterator[bytes]:
    magic = raw.read(6)
    raw.seek(0)
    if magic.startswith(b"LZIP") and (lzip := shutil.which("lzip")):
        yield from _output([lzip, "-dc"], raw)
        return
    stream: gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile
    if magic.startswith(b"\x1f\x8b"):
        stream = gzip.GzipFile(fileobj=raw)
    elif magic.startswith(b"BZh"):
        stream = bz2.BZ2File(raw)
    elif magic.startswith(b"\xfd7zXZ"):
        stream = lzma.LZMAFile(raw)  # noqa: SIM115 - the with is below, for all three
    else:
        raise Unavailable(f"{packed.name} is packed in a way that is not known here")
    with stream:
        while chunk := stream.read(CHUNK):
            yield chunk


def _output(command: list[str], stream: IO[bytes]) -> Iterator[bytes]:
    # An empty environment: GZIP and the like would change the options.
    with subprocess.Popen(command, stdin=stream, stdout=subprocess.PIPE, env={}) as process:
        try:
            while process.stdout is not None and (chunk := process.stdout.read(CHUNK)):
                yield chunk
        except GeneratorExit:
            process.kill()
            raise
    if process.returncode:
        raise Unavailable(f"{command[0]} failed with {process.returncode}")
