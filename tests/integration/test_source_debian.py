"""Real tarballs that real profiles name, from Debian's real archive through this machine's apt."""

from __future__ import annotations

import time

import pytest

from cbuild.errors import SourceError
from cbuild.source import Request, Sources
from cbuild.state.home import Home

# Upstream's URL and the md5 that SlapOS's profile gives, as of August 2026; none of these hosts need answer.
PROFILES = {
    "gzip": ("https://ftp.gnu.org/pub/gnu/gzip/gzip-1.14.tar.xz", "4bf5a10f287501ee8e8ebe00ef62b2c2"),
    "lz4": (
        "https://github.com/lz4/lz4/releases/download/v1.10.0/lz4-1.10.0.tar.gz",
        "dead9f5f1966d9ae56e1e32761e4e675",
    ),
    "xxhash": (
        "https://github.com/Cyan4973/xxHash/archive/refs/tags/v0.8.3.tar.gz",
        "599804eb9555e51c05f1b821f9212a07",
    ),
}
REPACKED = {
    "xz-utils": (
        "https://github.com/tukaani-project/xz/releases/download/v5.8.1/xz-5.8.1.tar.bz2",
        "a814a04a94c5ce757e2f90e387bd1a5c",
    ),
    "pcre2": (
        "https://github.com/PCRE2Project/pcre2/releases/download/pcre2-10.42/pcre2-10.42.tar.bz2",
        "a8e9ab2935d428a4807461f183034abe",
    ),
}
BOOKWORM = {
    "debian:zlib/zlib_1.2.13.dfsg.orig.tar.bz2": None,
    "debian:pcre2/pcre2_10.42.orig.tar.gz": "c33b418e3b936ee3153de2c61cc638e7e4fe3156022a5c77d0711bcbb9d64f1f",
    "debian:nginx/nginx_1.22.1.orig.tar.gz": "9ebb333a9e82b952acd3e2b4aeb1d4ff6406f72491bab6cd9fe69f0dea737f31",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Return one store for the module: the indices are fetched once."""
    return Home(tmp_path_factory.mktemp("home"))


@pytest.mark.parametrize("part", sorted(PROFILES))
def test_the_same_bytes_by_checksum(home, part):
    url, md5 = PROFILES[part]
    found = Sources(home).fetch(Request(url, md5=md5))
    assert found.md5 == md5


@pytest.mark.parametrize("part", sorted(REPACKED))
def test_the_same_tar_packed_as_the_profile_has_it(home, part):
    url, md5 = REPACKED[part]
    assert Sources(home).fetch(Request(url, md5=md5)).md5 == md5


@pytest.mark.parametrize("url", sorted(BOOKWORM))
def test_by_name_checked_by_the_signed_index(home, url):
    found = Sources(home).fetch(Request(url))
    assert BOOKWORM[url] in {None, found.sha256.removeprefix("sha256:")}


def test_again_costs_nothing(home):
    requests = [Request(url, md5=md5) for url, md5 in {**PROFILES, **REPACKED}.values()]
    requests += [Request(url) for url in BOOKWORM]
    Sources(home).fetch_all(requests)
    begin = time.monotonic()
    assert len(Sources(home, offline=True).fetch_all(requests)) == len(requests)
    assert time.monotonic() - begin < 0.2


def test_a_wrong_checksum_of_a_file_of_the_archive(tmp_path):
    home = Home(tmp_path)
    with pytest.raises(SourceError) as error:
        Sources(home).fetch(Request("debian:gzip/gzip_1.12.orig.tar.xz", md5="0" * 32))
    assert error.value.reason == "checksum-mismatch"
    assert [path for path in home.sources.rglob("*") if path.is_file()] == []


def test_what_nothing_has(home):
    with pytest.raises(SourceError) as error:
        Sources(home).fetch(Request("https://nowhere.invalid/no-such-thing-1.0.tar.gz", md5="0" * 32))
    assert error.value.reason == "source-missing"
    assert "Debian's source archive, by checksum" in error.value.details
