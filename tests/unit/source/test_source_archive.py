"""Debian's source archive: index, order of suites, what is made of the answers; apt itself stands aside."""

import bz2
import contextlib
import errno
import gzip
import io
import os
import tarfile
import time
from dataclasses import replace

import pytest
from source_helpers import kept, md5, sha256

from cbuild.errors import SourceError
from cbuild.source import Request, apt, aptindex
from cbuild.source.apt import Suite
from cbuild.source.aptindex import Index, build, parse
from cbuild.source.indices import Indices
from cbuild.source.unavailable import Unavailable

URI = "http://mirror.invalid/debian/"


def tarball(name):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        member = tarfile.TarInfo(f"{name}/README")
        member.size = 5
        archive.addfile(member, io.BytesIO(b"hello"))
    return stream.getvalue()


class Archive:
    """suites: name -> paths it lists; pool: path -> bytes. What was asked of apt is kept in updates and downloads."""

    def __init__(self):
        self.pool = {}
        self.suites = {"one": [], "two": []}
        self.updates = []
        self.downloads = []

    def text(self, suite):
        for path in self.suites[suite]:
            directory, _, name = path.rpartition("/")
            data = self.pool[path]
            yield f"Package: {directory.rpartition('/')[2]}\nBuild-Depends: a,\n b\n"
            yield f"Files:\n {md5(data)} {len(data)} {name}\n {md5(b'')} 0 x.dsc\n"
            yield f"Checksums-Sha256:\n {sha256(data)} {len(data)} {name}\n {sha256(b'')} 0 x.dsc\n"
            yield f"Directory: {directory}\n\n"

    @contextlib.contextmanager
    def index(self, suite, directory):
        directory.mkdir(parents=True, exist_ok=True)
        self.updates.append(suite.name)
        if suite.name not in self.suites:
            raise Unavailable("no such suite")
        yield io.BytesIO("".join(self.text(suite.name)).encode())

    def download(self, url, target):
        self.downloads.append(url.removeprefix(URI))
        try:
            target.write_bytes(self.pool[url.removeprefix(URI)])
        except KeyError:
            raise Unavailable("404  Not Found") from None


@pytest.fixture
def archive(monkeypatch):
    made = Archive()
    monkeypatch.setattr(apt, "available", lambda: True)
    monkeypatch.setattr(apt, "configured", lambda: (Suite(URI, "one"), Suite(URI, "two")))
    monkeypatch.setattr(apt, "suites", lambda configuration: configuration)
    monkeypatch.setattr(apt, "sources_index", made.index)
    monkeypatch.setattr(apt, "download", made.download)
    return made


@pytest.fixture
def sources(make):
    def again():
        made = make(debian=True)
        made._places = replace(made._places, there=made._places.there[1:])  # the URL itself is dead, without asking
        return made

    return again


def test_the_index(tmp_path):
    archive = Archive()
    archive.pool = {
        "pool/main/x/xz-utils/xz-utils_5.8.1.orig.tar.xz": b"1",
        "pool/main/a/a/a_1_5.8.1.orig.tar.gz": b"2",
    }
    archive.suites["one"] = list(archive.pool)
    build(tmp_path / "i.sqlite", parse("".join(archive.text("one")).encode().splitlines(keepends=True)))
    index = Index(tmp_path / "i.sqlite")
    (file,) = index.by_sum(md5=md5(b"1"), sha256=None)
    assert index.by_sum(md5=None, sha256=sha256(b"1")) == [file]
    assert (file.name, file.directory, file.size) == ("xz-utils_5.8.1.orig.tar.xz", "pool/main/x/xz-utils", 1)
    assert index.by_name("xz-utils", file.name) == [file]
    assert index.by_name("xz", file.name) == []
    assert len(index.originals("5.8.1")) == 2
    assert index.originals("%") == []
    assert index.by_sum(md5=md5(b""), sha256=None) == []
    assert index.tarballs("xz-utils") == [file]
    index.close()


def test_suites_configured_first_then_the_rest_without_third_parties():
    configured = (
        Suite("http://m.invalid/debian/", "bookworm"),
        Suite("http://s.invalid/debian-security/", "bookworm-security"),
        Suite("https://vendor.invalid/apt/", "nodistro"),
    )
    found = apt.suites(configured)
    assert found[:2] == configured[:2]
    assert [suite.name for suite in found[2:6]] == ["trixie", "forky", "sid", "bullseye"]
    assert Suite("http://s.invalid/debian-security/", "trixie-security") in found
    assert not [suite for suite in found if "vendor" in suite.uri]
    assert len(set(found)) == len(found)


def test_by_checksum_the_next_index_is_fetched_only_when_needed(archive, sources, events):
    archive.pool["pool/main/g/gzip/gzip_1.14.orig.tar.xz"] = b"gzip"
    archive.suites["one"] = list(archive.pool)
    found = sources().fetch(Request("https://ftp.invalid/gzip-1.14.tar.xz", md5=md5(b"gzip")))
    assert found.origin == "Debian, pool/main/g/gzip/gzip_1.14.orig.tar.xz"
    assert archive.updates == ["one"]
    archive.pool["pool/main/x/x/x_1.orig.tar.xz"] = b"x"
    archive.suites["two"] = ["pool/main/x/x/x_1.orig.tar.xz"]
    assert sources().fetch(Request("https://ftp.invalid/x", sha256=sha256(b"x"))).size == 1
    assert archive.updates == ["one", "two"]
    assert [event.kind for event in events[:4]] == ["fetching", "fetching", "fetched", "fetched"]


def test_missing_everywhere_asks_each_index_once(archive, sources):
    again = sources()
    for number in range(3):
        with pytest.raises(SourceError) as error:
            again.fetch(Request(f"https://ftp.invalid/{number}-1.0.tar.gz", md5=md5(b"%d" % number)))
    assert error.value.reason == "source-missing"
    assert "no suite's index lists it" in error.value.details
    assert archive.updates == ["one", "two"]


def test_old_indices_are_refreshed(archive, home):
    def age(days):
        for path in (home.sources / "apt").glob("*.sqlite"):
            os.utime(path, (time.time() - days * 86400,) * 2)

    def ask():
        archive.updates.clear()
        indices = Indices(home.sources / "apt", lambda _: None)
        return [file.name for _, file in indices.find(lambda index: index.by_sum(md5=md5(b"a"), sha256=None))]

    assert ask() == []
    assert archive.updates == ["one", "two"]
    archive.pool["pool/main/a/a/a.tar"] = b"a"
    archive.suites["two"] = ["pool/main/a/a/a.tar"]
    assert ask() == []
    assert archive.updates == []
    age(2)  # it may have come since
    assert ask() == ["a.tar"]
    assert archive.updates == ["one", "two"]
    age(2)
    found = Indices(home.sources / "apt", lambda _: None).find(lambda index: index.by_sum(md5=md5(b"a"), sha256=None))
    assert next(iter(found))[1].name == "a.tar"
    age(8)
    archive.suites["two"] = []
    assert ask() == []


def test_offline_uses_no_apt(archive, make):
    with pytest.raises(SourceError) as error:
        make(debian=True, offline=True).fetch(Request("debian:a/a_1.orig.tar.gz"))
    assert error.value.reason == "offline"
    assert archive.updates == archive.downloads == []


def test_debian_url_checked_by_the_index(archive, sources, make):
    archive.pool["pool/main/libz/libzip/libzip_1.orig.tar.gz"] = b"zip"
    archive.suites["two"] = list(archive.pool)
    request = Request("debian:libzip/libzip_1.orig.tar.gz")
    assert sources().fetch(request).md5 == md5(b"zip")
    assert make(offline=True).lookup(request).md5 == md5(b"zip")
    archive.pool["pool/main/libz/libzip/libzip_1.orig.tar.gz"] = b"evil"
    with pytest.raises(SourceError):
        sources().fetch(Request("debian:libzip/libzip_2.orig.tar.gz"))


def test_debian_url_with_another_version_says_which_there_are(archive, sources):
    archive.pool["pool/main/a/a/a_1.orig.tar.gz"] = b"a"
    archive.suites["one"] = list(archive.pool)
    with pytest.raises(SourceError) as error:
        sources().fetch(Request("debian:a/a_2.orig.tar.gz"))
    assert "a has a_1.orig.tar.gz" in error.value.details


def test_debian_url_with_a_checksum_needs_no_index(archive, sources, home):
    archive.pool["pool/contrib/a/a/a_1.orig.tar.gz"] = b"a"
    assert sources().fetch(Request("debian:a/a_1.orig.tar.gz", md5=md5(b"a"))).size == 1
    assert archive.updates == []
    before = kept(home)
    with pytest.raises(SourceError) as error:
        sources().fetch(Request("debian:a/a_1.orig.tar.gz", md5=md5(b"other")))
    assert error.value.reason == "checksum-mismatch"
    assert [name for name in kept(home) if not name.startswith("apt/")] == before


def test_a_url_of_some_mirrors_pool(archive, sources):
    archive.pool["pool/main/f/find/find_1.orig.tar.gz"] = b"a"
    request = Request("http://old.invalid/debian/pool/main/f/find/find_1.orig.tar.gz", md5=md5(b"a"))
    assert sources().fetch(request).size == 1
    assert archive.updates == []


def test_another_compression(archive, sources):
    tar = tarball("xz-5.8.1")
    archive.pool["pool/main/x/xz-utils/xz-utils_5.8.1.orig.tar.gz"] = gzip.compress(tar)
    archive.suites["two"] = list(archive.pool)
    found = sources().fetch(Request("https://forge.invalid/xz-5.8.1.tar.bz2", md5=md5(bz2.compress(tar, 9))))
    assert found.path.read_bytes() == bz2.compress(tar, 9)
    assert found.origin.endswith("repacked by bzip2 -9")


def test_another_compression_under_another_name_by_what_is_in_it(archive, sources):
    tar = tarball("httpd-2.4")
    archive.pool = {
        "pool/main/a/apache2/apache2_2.4.orig.tar.gz": gzip.compress(tar),
        "pool/main/b/b/b_2.4.orig.tar.gz": gzip.compress(tarball("b")),
        "pool/main/c/c/c_2.4.orig.tar.gz": b"not a tarball",
    }
    archive.suites["one"] = list(archive.pool)
    request = Request("https://forge.invalid/httpd-2.4.tar.bz2", md5=md5(bz2.compress(tar, 9)))
    assert "apache2" in sources().fetch(request).origin


def test_repacking_that_gives_another_checksum_keeps_nothing(archive, sources, home):
    archive.pool["pool/main/a/a/a_1.0.orig.tar.gz"] = gzip.compress(tarball("a-1.0"))
    archive.suites["one"] = list(archive.pool)
    with pytest.raises(SourceError) as error:
        sources().fetch(Request("https://forge.invalid/a-1.0.tar.bz2", md5=md5(b"?")))
    assert error.value.reason == "source-missing"
    assert "bzip2 -9 gives another checksum" in error.value.details
    assert [name for name in kept(home) if not name.startswith("apt/")] == []


def test_no_apt(make, monkeypatch):
    monkeypatch.setattr(apt, "available", lambda: False)
    with pytest.raises(SourceError) as error:
        make(debian=True).fetch(Request("debian:a/a_1.orig.tar.gz"))
    assert "no apt" in error.value.details


def test_a_full_disk_under_an_index(tmp_path, monkeypatch):
    """sqlite has an error of its own for it, which everybody who waits for the system's would miss."""
    monkeypatch.setattr(aptindex, "_SCHEMA", "PRAGMA max_page_count = 8;" + aptindex._SCHEMA)
    files = (aptindex.PoolFile(f"{n}.tar.gz", "pool/main/a/a" * 20, n, "0" * 32, "0" * 64) for n in range(1000))
    with pytest.raises(OSError, match="No space left") as caught:
        aptindex.build(tmp_path / "index", files)
    assert caught.value.errno == errno.ENOSPC
