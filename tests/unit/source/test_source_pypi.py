"""Distributions through pip's configuration."""

import hashlib
import json

import pytest
from source_helpers import md5, sha256

from cbuild.errors import SourceError
from cbuild.source import Request, index
from cbuild.source.index import Settings, pip_settings
from cbuild.source.pypi import PyPI

SDIST, WHEEL = b"an sdist", b"a wheel"


@pytest.fixture
def sources(make, site):
    def again(*indices, links=()):
        made = make()
        for place in made._places.there:
            if isinstance(place, PyPI):
                place.index.settings = Settings(indices or (f"{site.url}/simple",), links)
        return made

    return again


def html(site, *names):
    files = {"a_b-1.0.tar.gz": SDIST, "a_b-1.0-py3-none-any.whl": WHEEL, "a_b-2.0-py3-none-any.whl": WHEEL}
    links = [f'<a href="../../files/{name}#sha256={sha256(files[name])}">{name}</a>' for name in names or files]
    site.files["/simple/a-b/"] = "\n".join(links).encode()
    site.types["/simple/a-b/"] = "text/html"
    site.files.update({f"/files/{name}": data for name, data in files.items()})


def test_the_source_distribution_goes_before_wheels(site, sources):
    html(site)
    assert sources().fetch(Request("pypi:A.b==1.0")).md5 == md5(SDIST)
    assert sources().fetch(Request("pypi:a_b==2")).md5 == md5(WHEEL)
    asked = len(site.asked)
    assert sources().fetch(Request("pypi:A.b==1.0")).md5 == md5(SDIST)
    assert len(site.asked) == asked


def test_a_given_sha256_chooses(site, sources):
    html(site)
    assert sources().fetch(Request("pypi:a-b==1.0", sha256=sha256(WHEEL))).md5 == md5(WHEEL)


def test_json(site, sources):
    document = {"files": [{"filename": "a_b-1.0.zip", "url": f"{site.url}/z", "hashes": {"sha256": sha256(SDIST)}}]}
    site.files.update({"/simple/a-b/": json.dumps(document).encode(), "/z": SDIST})
    site.types["/simple/a-b/"] = "application/vnd.pypi.simple.v1+json"
    assert sources().fetch(Request("pypi:a-b==1.0")).size == len(SDIST)


def test_the_indexs_hash_is_checked(site, sources):
    html(site)
    site.files["/files/a_b-1.0.tar.gz"] = b"changed"
    with pytest.raises(SourceError):
        sources().fetch(Request("pypi:a-b==1.0"))


def test_no_such_version(site, sources):
    html(site)
    with pytest.raises(SourceError) as error:
        sources(f"{site.url}/other", f"{site.url}/simple").fetch(Request("pypi:a-b==3.0"))
    assert error.value.reason == "source-missing"
    assert "other/a-b/: HTTP 404" in error.value.details
    assert "has no 3.0" in error.value.details


def test_directories_without_hashes_need_a_checksum(tmp_path, sources):
    (tmp_path / "a_b-1.0.tar.gz").write_bytes(SDIST)
    again = sources("file:///nowhere", links=(str(tmp_path),))
    with pytest.raises(SourceError) as error:
        again.fetch(Request("pypi:a-b==1.0"))
    assert "gives no sha256" in error.value.details
    assert again.fetch(Request("pypi:a-b==1.0", md5=md5(SDIST))).size == len(SDIST)


def test_links_to_files_themselves(tmp_path, site, sources):
    """As SlapOS's software/kvm has one: the archive, and no page that names it."""
    site.files["/v1/a_b-1.0.tar.gz"] = SDIST
    (tmp_path / "a_b-2.0-py3-none-any.whl").write_bytes(WHEEL)
    links = (f"{site.url}/v1/a_b-1.0.tar.gz#sha256={sha256(SDIST)}", str(tmp_path / "a_b-2.0-py3-none-any.whl"))
    assert sources(links=links).fetch(Request("pypi:a-b==1.0")).md5 == md5(SDIST)
    assert sources(links=links).fetch(Request("pypi:a-b==2.0", sha256=sha256(WHEEL))).md5 == md5(WHEEL)


def test_a_link_to_a_file_that_is_not_there(tmp_path, site, sources):
    """The next that has it is taken; a directory may be called as it likes."""
    (tmp_path / "dir.zip").mkdir()
    (tmp_path / "dir.zip" / "a_b-1.0.tar.gz").write_bytes(SDIST)
    names = ("/nowhere/a_b-1.0.tar.gz", f"{site.url}/dead/a_b-1.0.tar.gz", str(tmp_path / "dir.zip"))
    assert sources(links=names).fetch(Request("pypi:a-b==1.0", sha256=sha256(SDIST))).md5 == md5(SDIST)


def test_a_url_of_pypis_file_store_on_a_dead_host(site, sources):
    html(site)
    digits = hashlib.blake2b(SDIST, digest_size=32).hexdigest()
    path = f"/packages/{digits[:2]}/{digits[2:4]}/{digits[4:]}/a_b-1.0.tar.gz"
    assert sources().fetch(Request(f"{site.url}{path}", md5=md5(SDIST))).size == len(SDIST)


def test_a_release_on_a_dead_forge_that_the_index_has(site, sources):
    html(site)
    request = Request("http://forge.invalid/releases/1.0/a_b-1.0.tar.gz", md5=md5(SDIST))
    assert sources().fetch(request).md5 == md5(SDIST)
    with pytest.raises(SourceError) as caught:
        sources().fetch(Request("http://forge.invalid/releases/1.0/a_b-1.0.tar.gz", md5=md5(b"something else")))
    assert caught.value.reason == "source-missing"
    assert "a_b-1.0.tar.gz: another file" in caught.value.details


@pytest.mark.parametrize("name", ["a_b.tar.gz", "a_b-1.0.rpm", "1.0.tar.gz"])
def test_a_name_that_is_no_source_distributions_is_not_looked_for(site, sources, name):
    html(site)
    with pytest.raises(SourceError):
        sources().fetch(Request(f"http://forge.invalid/{name}", md5=md5(SDIST)))
    assert site.asked == []


def test_pips_settings(monkeypatch):
    answers = {
        "config": "global.index-url='https://one.invalid/simple'\n:env:.index-url='https://two.invalid/simple'\n"
        "global.extra-index-url='\\nhttps://three.invalid/s\\nfile:///four'\nwheel.index-url='x'\n",
        "download": "  -i, --index-url <url>  The index (default\n   https://default.invalid/simple). This\n",
    }
    monkeypatch.setattr(index, "_pip", lambda command, *_: answers[command])
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)
    assert pip_settings().indices == ("https://two.invalid/simple", "https://three.invalid/s", "file:///four")
    answers["config"] = ""
    assert pip_settings().indices == ("https://default.invalid/simple",)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "/wheels")
    assert pip_settings() == Settings((), ("/wheels",))
