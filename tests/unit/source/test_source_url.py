"""URLs with user name and password, and what only looks like a URL."""

import json

import pytest
from source_helpers import md5, sha256

from cbuild.errors import SourceError
from cbuild.source import Request
from cbuild.source.url import redact, signed_in, split, with_user

DATA = b"behind a password"


def named(url, user="me:s%20cret%40"):
    return url.replace("http://", f"http://{user}@")


def test_no_password_is_shown():
    assert redact("https://me:secret@h.invalid:8/a") == "https://h.invalid:8/a"
    assert redact("https://me:secret@[::1/a@b") == "https://[::1/a@b"


def test_user_and_password_become_a_header():
    # The example of RFC 7617, section 2.
    header = "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    assert signed_in("https://Aladdin:open%20sesame@h.invalid:8/a?b") == ("https://h.invalid:8/a?b", header)
    assert signed_in("https://h.invalid/a@b") == ("https://h.invalid/a@b", "")
    assert signed_in("ftp://me:secret@h.invalid/a") == ("ftp://me:secret@h.invalid/a", "")


@pytest.mark.parametrize("url", ["http://[::1/x", "http://127.0.0.1\u2100:1/x"])
def test_what_can_not_be_taken_apart(url):
    assert (split(url).scheme, split(url).hostname) == ("", None)


def test_a_link_has_the_user_of_its_page():
    page = "https://me:secret@h.invalid/simple/"
    assert with_user("https://h.invalid/f", page) == "https://me:secret@h.invalid/f"
    others = [
        "http://h.invalid/f",
        "https://h.invalid:8/f",
        "https://i.invalid/f",
        "https://you@h.invalid/f",
        "file:///f",
    ]
    assert [with_user(url, page) for url in others] == others


def test_a_source_behind_a_password(site, make):
    site.user = "me:s cret@"
    site.files["/a"] = DATA
    found = make().fetch(Request(named(site.url) + "/a", md5=md5(DATA)))
    assert (found.size, found.origin) == (len(DATA), f"{site.url}/a")


def test_a_wrong_password_does_not_block_the_host(site, make):
    site.user = "me:s cret@"
    site.files["/a"] = DATA
    request = Request(named(site.url, "me:wrong") + "/a", md5=md5(DATA), alternate=named(site.url) + "/a")
    assert make().fetch(request).size == len(DATA)
    with pytest.raises(SourceError) as error:
        make().fetch(Request(named(site.url, "me:wrong") + "/b", md5=md5(b"")))
    assert "HTTP 401" in error.value.details
    assert "wrong" not in str(error.value.as_dict())


def test_a_redirect_takes_no_password_to_another_host(site, make):
    other = site.url.replace("127.0.0.1", "localhost")
    site.redirects |= {"/a": "/b", "/b": f"{other}/c", "/c": f"{other}/d", "/d": f"{named(other, 'you:x')}/e"}
    site.files["/e"] = DATA
    assert make().fetch(Request(named(site.url) + "/a", md5=md5(DATA))).size == len(DATA)
    mine, yours = "Basic bWU6cyBjcmV0QA==", "Basic eW91Ong="
    assert site.authorized == [
        ("127.0.0.1/a", mine),
        ("127.0.0.1/b", mine),
        ("localhost/c", None),
        ("localhost/d", None),
        ("localhost/e", yours),
    ]


@pytest.mark.parametrize("kind", ["html", "json"])
def test_an_index_behind_a_password(site, make, kind):
    site.user = "me:s cret@"
    url, checksum = f"{site.url}/files/a-1.0.tar.gz", sha256(DATA)
    if kind == "json":
        files = [{"filename": "a-1.0.tar.gz", "url": url, "hashes": {"sha256": checksum}}]
        page, site.types["/simple/a/"] = json.dumps({"files": files}), "application/vnd.pypi.simple.v1+json"
    else:
        page, site.types["/simple/a/"] = f'<a href="../../files/a-1.0.tar.gz#sha256={checksum}">a</a>', "text/html"
    site.files |= {"/simple/a/": page.encode(), "/files/a-1.0.tar.gz": DATA}
    found = make(index=named(site.url) + "/simple").fetch(Request("pypi:a==1.0"))
    assert (found.size, found.origin) == (len(DATA), url)
