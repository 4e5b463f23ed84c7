import hashlib

import pytest
from source_helpers import sha256

from cbuild.errors import ProfileError, SourceError
from cbuild.profile import load
from cbuild.source.lock import Lock
from cbuild.source.profiles import ProfileFiles

ONLINE = {"newest": "true"}
OFFLINE = {"offline": "true"}


@pytest.fixture
def lock(tmp_path):
    return tmp_path / "cbuild.lock"


@pytest.fixture
def files(home, lock, events):
    def files(**options):
        return ProfileFiles(home, lock, report=events.append, **options)

    return files


@pytest.fixture
def page(site):
    site.files["/a.cfg"] = b"[s]\na = 1\n"
    return f"{site.url}/a.cfg"


def test_a_url_is_pinned(site, files, lock, page):
    reading = files()
    assert reading(page, ONLINE) == b"[s]\na = 1\n"
    assert not lock.exists()
    reading.save()
    assert sha256(b"[s]\na = 1\n") in lock.read_text()
    site.server.shutdown()
    site.server.server_close()
    assert files()(page, ONLINE) == b"[s]\na = 1\n"
    assert site.asked == ["/a.cfg"]


def test_what_is_not_pinned_is_asked_anew(site, files, page):
    files()(page, ONLINE)
    site.files["/a.cfg"] = b"[s]\na = 2\n"
    assert files()(page, ONLINE) == b"[s]\na = 2\n"
    assert files()(page, {"newest": "false"}) == b"[s]\na = 2\n"
    assert len(site.asked) == 3
    assert files()(page, OFFLINE) == b"[s]\na = 2\n"
    assert len(site.asked) == 3
    site.files["/a.cfg"] = 500
    with pytest.raises(SourceError) as caught:
        files()(page, ONLINE)
    assert caught.value.reason == "source-missing"
    assert "-o" in caught.value.resolution


def test_with_a_cache_the_last_copy_is_the_fall_back(site, files, page, events, tmp_path):
    cache = {"extends-cache": str(tmp_path)}
    files()(page, cache)
    site.files["/a.cfg"] = b"[s]\na = 2\n"
    assert files()(page, cache | {"newest": "false"}) == b"[s]\na = 1\n"
    assert files()(page, cache) == b"[s]\na = 2\n"
    assert (tmp_path / hashlib.md5(page.encode()).hexdigest()).read_bytes() == b"[s]\na = 2\n"  # noqa: S324 - buildout's
    site.files["/a.cfg"] = 500
    assert files()(page, cache) == b"[s]\na = 2\n"
    assert [event.kind for event in events][-1] == "warning"


def test_a_cache_that_is_not_there(files, page, tmp_path):
    with pytest.raises(SourceError) as caught:
        files()(page, {"extends-cache": str(tmp_path / "nosuch")})
    assert caught.value.reason == "no-cache-directory"


@pytest.mark.parametrize("settings", [OFFLINE, {"install-from-cache": "true"}])
def test_offline_without_a_copy(site, files, page, settings):
    with pytest.raises(SourceError) as caught:
        files()(page, settings)
    assert caught.value.reason == "offline"
    assert site.asked == []


def test_a_pinned_url_that_changed(site, files, lock, home, page):
    reading = files()
    reading(page, ONLINE)
    reading.save()
    before = lock.read_bytes()
    site.files["/a.cfg"] = b"[s]\na = 2\n"
    for path in [*home.sources.rglob("*")]:
        if path.is_file():
            path.unlink()
    with pytest.raises(SourceError) as caught:
        files()(page, ONLINE)
    assert caught.value.reason == "checksum-mismatch"
    assert sha256(b"[s]\na = 1\n") in caught.value.details
    assert sha256(b"[s]\na = 2\n") in caught.value.details
    assert "--update-lock" in caught.value.resolution
    renewing = files(renew=True)
    assert renewing(page, ONLINE) == b"[s]\na = 2\n"
    renewing.save()
    assert lock.read_bytes() != before
    assert files()(page, OFFLINE) == b"[s]\na = 2\n"


def test_a_renewed_pin_is_never_the_old_copy(site, files, page):
    reading = files()
    reading(page, ONLINE)
    reading.save()
    site.files["/a.cfg"] = 404
    with pytest.raises(SourceError) as caught:
        files(renew=True)(page, ONLINE)
    assert caught.value.reason == "source-missing"
    assert files()(page, ONLINE) == b"[s]\na = 1\n"


def test_locked(files, lock, page):
    with pytest.raises(SourceError) as caught:
        files(locked=True)(page, ONLINE)
    assert caught.value.reason == "not-locked"
    reading = files()
    reading(page, ONLINE)
    reading.save()
    before = lock.read_bytes()
    again = files(locked=True)
    assert again(page, ONLINE) == b"[s]\na = 1\n"
    again.save()
    assert lock.read_bytes() == before


def test_a_checksum_behind_the_url(files, page):
    good, bad = (sha256(data) for data in (b"[s]\na = 1\n", b"x"))
    assert files()(f"{page}#sha256={good}", ONLINE) == b"[s]\na = 1\n"
    with pytest.raises(SourceError) as caught:
        files()(f"{page}#{bad}", ONLINE)
    assert caught.value.reason == "checksum-mismatch"
    assert "--update-lock" not in caught.value.resolution


def test_buildouts_extends_cache(site, files, tmp_path, page):
    name = hashlib.md5(page.encode()).hexdigest()  # noqa: S324 - buildout's name
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / name).write_bytes(b"[s]\na = 0\n")
    settings = {"extends-cache": str(tmp_path / "cache")}
    assert files()(page, {**settings, **OFFLINE}) == b"[s]\na = 0\n"
    assert site.asked == []
    assert files()(page, settings) == b"[s]\na = 1\n"


def test_a_profile_of_urls(site, files, tmp_path):
    """Relative names, a base location, a file reached twice, and one request each."""
    site.files |= {
        "/r/1/software/a.cfg": b"[buildout]\nextends = ../stack/b.cfg c.cfg\n[s]\np = ${:_profile_base_location_}/x\n",
        "/r/1/stack/b.cfg": b"[buildout]\nextends = ../software/./c.cfg\n[t]\np += ${:_profile_base_location_}/y\n",
        "/r/1/software/c.cfg": b"[t]\np = 0\n",
        "/r/1/software/./c.cfg": b"[t]\np = 0\n",
    }
    url = f"{site.url}/r/1/software/a.cfg"
    (tmp_path / "root.cfg").write_text(f"[buildout]\nextends = {url} {url}\n")
    profile = load(tmp_path / "root.cfg", read=files())
    assert len(site.asked) == 3
    assert profile.sections["s"]["_profile_base_location_"] == f"{site.url}/r/1/software"
    assert profile.sections["t"]["_profile_base_location_"] == f"{site.url}/r/1/stack"
    assert profile.bases == (f"{site.url}/r/1/software", f"{site.url}/r/1/stack")
    assert load(url, read=files()).files[0] == url


def test_a_cycle_across_urls(site, files):
    site.files |= {
        "/x/a.cfg": b"[buildout]\nextends = ../y/../x/b.cfg\n",
        "/y/../x/b.cfg": b"[buildout]\nextends = ../x/a.cfg\n",
    }
    with pytest.raises(ProfileError) as caught:
        load(f"{site.url}/x/a.cfg", read=files())
    assert caught.value.reason == "cycle"
    assert len(site.asked) == 2


def test_a_page_that_is_gone_is_told_with_its_place(site, files, tmp_path):
    site.files["/a.cfg"] = b"# first\n[buildout]\nextends = gone.cfg\n"
    (tmp_path / "root.cfg").write_text(f"[buildout]\nextends = {site.url}/a.cfg\n")
    with pytest.raises(SourceError) as caught:
        load(tmp_path / "root.cfg", read=files())
    assert (caught.value.file, caught.value.line, caught.value.column) == (f"{site.url}/a.cfg", 3, 11)
    assert caught.value.chain == (str(tmp_path / "root.cfg"), f"{site.url}/a.cfg")


def test_nothing_is_pinned_without_urls(files, lock):
    files().save()
    assert not lock.exists()
    assert not Lock.load(lock).save()


@pytest.mark.parametrize(
    "url", ["http://[::1/x", "file://[::1/x", "http://127.0.0.1\u2100:1/x", "http://me:secret@[::1/x"]
)
def test_what_only_looks_like_a_url(files, tmp_path, url):
    (tmp_path / "root.cfg").write_text(f"[buildout]\nextends =\n  {url}\n")
    with pytest.raises(SourceError) as caught:
        load(tmp_path / "root.cfg", read=files())
    error = caught.value
    assert (error.reason, error.line, error.column, error.option) == ("url-unsupported", 3, 3, "extends")
    assert "secret" not in error.brief
    with pytest.raises(SourceError) as caught:
        load(url, read=files())
    assert caught.value.reason == "url-unsupported"


def test_a_base_location_that_is_no_url(tmp_path):
    (tmp_path / "root.cfg").write_text("[s]\n_profile_base_location_ = http://[::1\n")
    assert load(tmp_path / "root.cfg").bases == ("http://[::1",)


def test_a_missing_file_and_a_dead_url_are_told_together(site, files, tmp_path):
    (tmp_path / "root.cfg").write_text(f"[buildout]\nextends = nope.cfg {site.url}/gone.cfg http://[::1/x no.cfg\n")
    with pytest.raises(ProfileError) as caught:
        load(tmp_path / "root.cfg", read=files())
    every = [caught.value, *caught.value.others]
    assert [error.reason for error in every] == ["missing-file", "source-missing", "url-unsupported", "missing-file"]
    assert {error.line for error in every} == {2}
