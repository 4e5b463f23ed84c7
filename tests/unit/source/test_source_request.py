"""What a request may be."""

import pytest

from cbuild.errors import SourceError
from cbuild.source.request import Request

MD5 = "4bf5a10f287501ee8e8ebe00ef62b2c2"


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://example.invalid/a.tar.gz", "remote"),
        ("ftp://example.invalid/a.tar.gz", "remote"),
        ("/srv/a.tar.gz", "local"),
        ("file:///srv/a.tar.gz", "local"),
        ("debian:zlib/zlib_1.2.13.dfsg.orig.tar.bz2", "debian"),
        ("pypi:slapos.core==1.2", "pypi"),
    ],
)
def test_kinds(url, kind):
    assert Request(url).kind == kind


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.tar.gz",
        "gopher://x/y",
        "debian:zlib",
        "pypi:six",
        "http:///a",
        "file://host/a",
        "debian:../x/y/z",
        "http://[::1/x",
        "git+https://[::1/x",
    ],
)
def test_other_urls_are_refused(url):
    with pytest.raises(SourceError) as error:
        Request(url, file="a.cfg", line=3, section="s", option="url")
    assert error.value.reason == "url-unsupported"
    assert (error.value.file, error.value.line, error.value.section, error.value.option) == ("a.cfg", 3, "s", "url")


def test_a_checksum_behind_the_url():
    assert Request(f"http://h.invalid/p.patch#{MD5.upper()}").md5 == MD5
    request = Request(f"http://h.invalid/p.patch#sha256={MD5}{MD5}")
    assert (request.url, request.sha256) == ("http://h.invalid/p.patch", MD5 + MD5)
    assert Request("http://h.invalid/p#section").url == "http://h.invalid/p#section"


def test_checksums_have_one_form():
    assert Request("/a", md5=f" {MD5.upper()} ").md5 == MD5
    assert Request("/a", sha256=f"sha256:{MD5}{MD5}").sha256 == MD5 + MD5
    assert Request("/a", md5="").md5 is None
    with pytest.raises(SourceError, match="not an md5") as error:
        Request("/a", md5="1234")
    assert error.value.reason == "checksum-invalid"


def test_names_and_paths():
    assert Request("http://h.invalid/x/zip%203.x.tar.gz?a=b").filename == "zip 3.x.tar.gz"
    assert Request("http://h.invalid/x/%2Fetc%2Fcron.d%2Fjob").filename == "job"
    assert Request("http://h.invalid/x/%2E%2E").filename == ""
    assert str(Request("file:///srv/a%20b").path) == "/srv/a b"
    assert Request("debian:zlib/z.tar.gz").debian == ("zlib", "z.tar.gz")
    assert Request("pypi:a.b==1").pypi == ("a.b", "1")
