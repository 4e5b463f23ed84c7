"""The same tar in another compression."""

import bz2
import gzip
import io
import lzma
import shutil
import subprocess
import tarfile

import pytest

from cbuild.source import recompress
from cbuild.source.unavailable import Unavailable
from tests.missing import missing

PROGRAMS = {"bzip2 -9": ["bzip2", "-9"], "xz -6": ["xz", "-T1", "-6"], "xz -6e": ["xz", "-T1", "-6e"]}


@pytest.fixture
def tar(tmp_path):
    path = tmp_path / "a.tar"
    data = b"".join(b"line %d\n" % number for number in range(20000))
    with tarfile.open(path, "w") as archive:
        member = tarfile.TarInfo("a-1.0/lines")
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return path


@pytest.mark.parametrize("how", sorted(PROGRAMS))
def test_the_libraries_give_the_programs_bytes(tar, how):
    if shutil.which(PROGRAMS[how][0]) is None:
        missing(f"{PROGRAMS[how][0]} is not installed")
    expected = subprocess.run(PROGRAMS[how], input=tar.read_bytes(), capture_output=True, check=True).stdout
    suffix = ".tar.bz2" if "bzip2" in how else ".tar.xz"
    assert b"".join(dict(recompress.encoders(suffix))[how](tar)) == expected


def test_gzip_by_the_program_and_by_zlib(tar):
    made = {how: b"".join(encode(tar)) for how, encode in recompress.encoders(".tgz")}
    expected = subprocess.run(["gzip", "-n", "-9"], input=tar.read_bytes(), capture_output=True, check=True).stdout
    assert made["gzip -n -9"] == expected
    assert all(gzip.decompress(data) == tar.read_bytes() for data in made.values())
    assert len(set(made.values())) > 2


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_unpack_goes_by_the_content(tar, tmp_path, pack):
    (tmp_path / "packed").write_bytes(pack(tar.read_bytes()))
    recompress.unpack(tmp_path / "packed", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == tar.read_bytes()
    assert recompress.top_directory(tmp_path / "out") == "a-1.0"


def test_damage(tar, tmp_path):
    (tmp_path / "packed").write_bytes(gzip.compress(tar.read_bytes())[:500])
    with pytest.raises(Unavailable):
        recompress.unpack(tmp_path / "packed", tmp_path / "out")
    (tmp_path / "packed").write_bytes(b"text")
    with pytest.raises(Unavailable, match="packed in a way"):
        recompress.unpack(tmp_path / "packed", tmp_path / "out")
    assert recompress.top_directory(tmp_path / "packed") == ""


def test_suffixes():
    assert recompress.suffix_of("a-1.tar.bz2") == ".tar.bz2"
    assert recompress.suffix_of("a-1.txz") == ".txz"
    assert recompress.suffix_of("a-1.zip") is None
