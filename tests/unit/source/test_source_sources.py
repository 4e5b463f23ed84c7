"""Where sources are looked for, in which order, and what is said when they are nowhere."""

import hashlib
import os
import signal
import socket
import subprocess
import sys
import time

import pytest
from source_helpers import kept, md5, sha256

from cbuild.errors import SourceError, UsageError
from cbuild.source import Lock, Request
from cbuild.source.fetch import Downloader
from cbuild.source.index import Index
from cbuild.source.places import Itself
from cbuild.source.search import Places

DATA = b"a tarball, or so" * 200000
MD5 = md5(DATA)


def reason_of(call, *arguments):
    with pytest.raises(SourceError) as error:
        call(*arguments)
    return error.value


def test_the_url_itself_and_then_the_store(site, make, events):
    site.files["/a.tar.gz"] = DATA
    request = Request(f"{site.url}/a.tar.gz", md5=MD5)
    assert make().lookup(request) is None
    found = make().fetch(request)
    assert (found.md5, found.sha256, found.size) == (MD5, "sha256:" + sha256(DATA), len(DATA))
    assert found.path.read_bytes() == DATA
    assert found.origin == request.url
    assert site.agents == {"cbuild"}
    assert [event.kind for event in events] == ["fetching", "fetched"]
    assert events[1].data["bytes"] == len(DATA)
    assert make().fetch(request) == found
    assert make().lookup(Request("https://elsewhere.invalid/b", sha256=sha256(DATA))).path == found.path
    assert site.asked == ["/a.tar.gz"]


def test_redirects(site, make):
    site.redirects["/old"] = f"{site.url}/new"
    site.files["/new"] = DATA
    assert make().fetch(Request(f"{site.url}/old", md5=MD5)).size == len(DATA)


def test_download_cache_by_name_or_by_url_goes_first(site, make, tmp_path):
    cache = tmp_path / "cache"
    cache.mkdir()
    request = Request(f"{site.url}/a.tar.gz", md5=MD5)
    (cache / "a.tar.gz").write_bytes(b"not this one")
    (cache / hashlib.md5(request.url.encode()).hexdigest()).write_bytes(DATA)  # noqa: S324 - buildout's name
    assert make(download_cache=cache).fetch(request).path.read_bytes() == DATA
    assert site.asked == []


def test_a_wrong_file_in_the_download_cache_is_not_used(site, make, tmp_path):
    (tmp_path / "a.tar.gz").write_bytes(b"not this one")
    error = reason_of(make(download_cache=tmp_path).fetch, Request(f"{site.url}/a.tar.gz", md5=MD5))
    assert error.reason == "source-missing"
    assert "another checksum" in error.details
    assert "HTTP 404" in error.details


def test_mirrors_by_checksum_when_the_url_is_dead(site, make, tmp_path):
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    (mirror / sha256(b"two")).write_bytes(b"two")
    site.files[f"/by/{MD5}/a%20b.tar.gz"] = DATA
    mirrors = (f"{site.url}/sums/{{sha256}}", f"{site.url}/by/{{md5}}/{{name}}", str(mirror))
    sources = make(mirrors=mirrors)
    assert sources.fetch(Request(f"{site.url}/gone/a%20b.tar.gz", md5=MD5)).md5 == MD5
    # A template that needs the sha256 isn't asked for a request that has none.
    assert site.asked == ["/gone/a%20b.tar.gz", f"/by/{MD5}/a%20b.tar.gz"]
    assert sources.fetch(Request(f"{site.url}/gone2", sha256=sha256(b"two"))).size == 3


def test_the_other_url_of_the_same_part(site, make):
    site.files |= {"/a": b"changed", "/b": DATA}
    request = Request(f"{site.url}/a", md5=MD5, alternate=f"{site.url}/b")
    assert make().fetch(request).origin == request.alternate
    assert site.asked == ["/a", "/b"]


def test_neither_url_has_it(site, make):
    site.files |= {"/b": b"changed"}
    request = Request(f"{site.url}/a", md5=MD5, alternate=f"{site.url}/b")
    error = reason_of(make().fetch, request)
    assert error.reason == "source-missing"
    assert f"{site.url}/b: another file" in error.details


def test_what_can_not_be_a_mirror(make):
    for spec in ("mirror", "https://mirror.invalid/no-field", "gopher://x/{md5}"):
        sources = make(mirrors=(spec,))
        with pytest.raises(UsageError):
            sources.fetch_all([Request("https://h.invalid/a", md5=MD5)])


def test_a_wrong_checksum_prints_both_and_keeps_nothing(site, make, home):
    site.files["/a"] = b"changed"
    request = Request(f"{site.url}/a", md5=MD5, file="x.cfg", line=7, section="s", option="md5sum")
    error = reason_of(make().fetch, request)
    assert (error.reason, error.exit_code, error.line) == ("checksum-mismatch", 4, 7)
    assert MD5 in error.details
    assert md5(b"changed") in error.details
    assert kept(home) == []
    error = reason_of(make().fetch, Request(f"{site.url}/a", sha256=sha256(DATA)))
    assert sha256(b"changed") in error.details


def test_a_changed_upstream_file_is_found_on_a_mirror(site, make, tmp_path):
    site.files["/a"] = b"made again by the forge"
    (tmp_path / "a").write_bytes(DATA)
    assert make(mirrors=(str(tmp_path),)).fetch(Request(f"{site.url}/a", md5=MD5)).md5 == MD5


def test_nowhere_lists_every_place(site, make):
    sources = make(mirrors=("/nowhere/at/all", f"{site.url}/m/{{md5}}"))
    error = reason_of(sources.fetch, Request(f"{site.url}/a", md5=MD5))
    assert error.reason == "source-missing"
    for part in (f"md5 {MD5}", f"{site.url}/a: HTTP 404", "mirror /nowhere/at/all", f"{site.url}/m/{MD5}: HTTP 404"):
        assert part in error.details


def test_a_connection_that_ends_early(site, make, home):
    site.files["/a"] = DATA
    site.short.add("/a")
    error = reason_of(make().fetch, Request(f"{site.url}/a", md5=MD5))
    assert error.reason == "source-missing"
    assert str(len(DATA)) in error.details
    assert kept(home) == []


def test_no_checksum_is_an_error_that_prints_it(site, make):
    site.files["/a"] = DATA
    error = reason_of(make().fetch, Request(f"{site.url}/a"))
    assert error.reason == "checksum-missing"
    assert f"md5sum = {MD5}" in error.resolution
    assert sha256(DATA) in error.details
    # What was fetched for the message serves the corrected profile.
    site.files.clear()
    assert make().lookup(Request(f"{site.url}/a", md5=MD5))


def test_no_checksum_when_the_profile_allows_it(site, make):
    site.files["/a"] = DATA
    assert make(require_checksum=False).fetch(Request(f"{site.url}/a")).md5 == MD5
    assert make(require_checksum=False, offline=True).fetch(Request(f"{site.url}/a")).md5 == MD5
    assert site.asked == ["/a"]
    assert make().lookup(Request(f"{site.url}/a")) is None


def test_no_checksum_but_a_lock(site, make, tmp_path):
    site.files["/a"] = DATA
    lock = Lock.load(tmp_path / "cbuild.lock")
    make(lock=lock).fetch(Request(f"{site.url}/a", md5=MD5))
    lock.save()
    lock = Lock.load(tmp_path / "cbuild.lock")
    assert make(lock=lock).fetch(Request(f"{site.url}/a")).sha256 == "sha256:" + sha256(DATA)


def test_the_lock_notices_a_change(site, make, home, tmp_path):
    lock = Lock.load(tmp_path / "cbuild.lock")
    site.files["/a"] = DATA
    make(lock=lock, require_checksum=False).fetch(Request(f"{site.url}/a"))
    for path in (home.sources / "files").iterdir():
        path.unlink()
    site.files["/a"] = b"changed"
    error = reason_of(make(lock=lock, require_checksum=False).fetch, Request(f"{site.url}/a"))
    assert error.reason == "checksum-mismatch"
    assert "cbuild.lock" in error.brief


def test_locked_refuses_what_the_lock_lacks(site, make, tmp_path):
    site.files["/a"] = DATA
    lock = Lock.load(tmp_path / "cbuild.lock")
    error = reason_of(make(lock=lock, locked=True).fetch, Request(f"{site.url}/a", md5=MD5))
    assert error.reason == "not-locked"
    assert site.asked == []
    make().fetch(Request(f"{site.url}/a", md5=MD5))
    assert reason_of(make(lock=lock, locked=True).fetch_all, [Request(f"{site.url}/a", md5=MD5)]).reason == "not-locked"
    assert not lock.save()


def test_offline_opens_nothing_and_lists_everything(site, make, tmp_path):
    site.files["/a"] = DATA
    (tmp_path / "c").write_bytes(b"c")
    requests = [Request(f"{site.url}/{name}", md5=md5(name.encode())) for name in "abc"]
    error = reason_of(make(offline=True, mirrors=(str(tmp_path), f"{site.url}/{{md5}}")).fetch_all, requests)
    assert error.reason == "offline"
    assert f"{site.url}/a" in error.details
    assert f"{site.url}/b" in error.details
    assert f"{site.url}/c" not in error.details
    assert site.asked == []


def test_fetch_all(site, make, events):
    requests = []
    for number in range(12):
        data = b"%d" % number
        site.files[f"/{number}"] = data
        requests.append(Request(f"{site.url}/{number}", md5=md5(data), section=f"s{number}"))
    found = make().fetch_all([*requests, requests[0]])
    assert [f.request for f in found] == [*requests, requests[0]]
    assert sorted(site.asked) == sorted(set(site.asked))
    assert sum(event.kind == "fetched" for event in events) == 12


def test_fetch_all_says_everything_that_failed(site, make):
    site.files.update({"/a": b"a", "/b": b"b", "/c": b"c"})
    requests = [
        Request(f"{site.url}/a", md5=md5(b"a")),
        Request(f"{site.url}/b", md5=MD5, section="wrong"),
        Request(f"{site.url}/c", section="unchecked"),
        Request(f"{site.url}/d", md5=MD5, section="gone"),
    ]
    sources = make()
    error = reason_of(sources.fetch_all, requests)
    assert "3 sources" in error.brief
    for text in ("[wrong]", "checksum-mismatch", "[unchecked]", "checksum-missing", "[gone]", "source-missing"):
        assert text in error.details
    assert sources.lookup(requests[0])


def test_local_files(make, tmp_path):
    path = tmp_path / "a b.c"
    path.write_bytes(b"int x;")
    first = make(offline=True).lookup(Request(str(path)))
    assert first.path != path
    path.write_bytes(b"int y;")
    second = make(offline=True).fetch(Request(path.as_uri()))
    assert second.md5 == md5(b"int y;")
    assert first.path.read_bytes() == b"int x;"
    error = reason_of(make().fetch, Request(str(path), md5=MD5))
    assert error.reason == "checksum-mismatch"
    assert make().lookup(Request(str(path), md5=MD5)) is None
    assert make().lookup(Request("/nowhere/x")) is None
    assert reason_of(make().fetch, Request("/nowhere/x")).reason == "source-missing"
    assert "directory" in reason_of(make().fetch, Request(str(tmp_path))).details


def test_a_dead_host_is_asked_once_and_not_for_long(make):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    sources = make()
    begin = time.monotonic()
    errors = [reason_of(sources.fetch, Request(f"http://127.0.0.1:{port}/{n}", md5=MD5)) for n in range(3)]
    assert time.monotonic() - begin < 1
    assert "not asked again" not in errors[0].details
    assert "not asked again" in errors[2].details


def hurried(sources, downloader):
    sources._places = Places((), (Itself(sources._store, downloader),), Index(downloader))


def test_a_host_that_does_not_answer(make):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/a"
        sources = make()
        hurried(sources, Downloader(connect=0.2, read=0.2))
        begin = time.monotonic()
        assert "timed out" in reason_of(sources.fetch, Request(url, md5=MD5)).details
        assert time.monotonic() - begin < 2


def test_a_name_that_never_resolves(make, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(0.5) or [])
    sources = make()
    hurried(sources, Downloader(connect=0.1))
    begin = time.monotonic()
    assert "did not resolve" in reason_of(sources.fetch, Request("https://a.invalid/b", md5=MD5)).details
    assert time.monotonic() - begin < 1


@pytest.mark.parametrize("host", ["ex..ample", "a" * 64 + ".invalid"])
def test_a_name_that_can_not_be_one(make, host, capfd):
    begin = time.monotonic()
    assert "idna" in reason_of(make().fetch, Request(f"http://{host}/x", md5=MD5)).details
    assert time.monotonic() - begin < 1
    assert capfd.readouterr().err == ""


def test_an_alternate_that_only_looks_like_a_url(make):
    request = Request("/nowhere/x", md5=MD5, alternate="http://[::1/x")
    assert reason_of(make().fetch, request).reason == "source-missing"
    request = Request("http://127.0.0.1:1/x", md5=MD5, alternate="http://[::1/x")
    assert "127.0.0.1:1" in reason_of(make().fetch, request).details


@pytest.mark.parametrize("url", ["/{}", "http://127.0.0.1:1/{}"])
def test_a_name_that_is_too_long_for_a_file(make, tmp_path, url):
    request = Request(url.format("a" * 5000), md5=MD5)
    assert reason_of(make(download_cache=tmp_path).fetch, request).reason == "source-missing"


KILLED = """
import sys
from pathlib import Path
from cbuild.source import Request, Sources
from cbuild.state.home import Home
Sources(Home(Path(sys.argv[1])), debian=False).fetch(Request(sys.argv[2], md5=sys.argv[3]))
"""


def test_a_download_that_is_killed_is_not_taken_for_whole(site, make, home):
    site.files["/a"] = DATA
    site.hang.add("/a")
    command = [sys.executable, "-c", KILLED, str(home.root), f"{site.url}/a", MD5]
    with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}) as process:
        while not any(path.stat().st_size for path in (home.sources / "tmp").glob("*")):
            assert process.poll() is None
            time.sleep(0.01)
        process.kill()
    assert [name.partition("/")[0] for name in kept(home)] == ["tmp"]
    site.hang.clear()
    assert make().fetch(Request(f"{site.url}/a", md5=MD5)).path.read_bytes() == DATA


def test_an_interrupt_does_not_wait_for_a_silent_server(site, home):
    site.files["/a"] = DATA
    site.hang.add("/a")
    code = KILLED.replace(".fetch(", ".fetch_all([").replace("sys.argv[3]))", "sys.argv[3])])")
    command = [sys.executable, "-c", code, str(home.root), f"{site.url}/a", MD5]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as process:
        while not any(path.stat().st_size for path in (home.sources / "tmp").glob("*")):
            assert process.poll() is None
            time.sleep(0.01)
        begin = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert b"KeyboardInterrupt" in process.stderr.read()
    assert time.monotonic() - begin < 3


def test_no_password_in_any_message(site, make):
    url = site.url.replace("http://", "http://me:secret@") + "/a"
    error = reason_of(make().fetch, Request(url, md5=MD5))
    assert "secret" not in str(error.as_dict())
