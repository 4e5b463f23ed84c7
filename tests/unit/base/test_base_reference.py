"""Bases that cbuild did not build: references, and images taken into the store."""

import gzip
import io
import json
import shutil
import subprocess
import tarfile

import pytest

from cbuild.base import ensure, incoming, store
from cbuild.base.reference import Reference, parse
from cbuild.canonical import canonical_json, sha256_bytes
from cbuild.errors import EngineError, SourceError, UsageError
from cbuild.image.layout import CONFIG, LAYER, MANIFEST, Layout
from cbuild.state.home import Home
from tests.missing import missing

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (DIGEST, Reference("store", "", DIGEST)),
        (f"host/name@{DIGEST}", Reference("docker", "host/name", DIGEST)),
        (f"docker://host/name@{DIGEST}", Reference("docker", "host/name", DIGEST)),
        (f"host:5000/name:tag@{DIGEST}", Reference("docker", "host:5000/name:tag", DIGEST)),
        (f"oci:/some/layout@{DIGEST}", Reference("oci", "/some/layout", DIGEST)),
    ],
)
def test_parse(text, wanted):
    assert parse(text) == wanted


@pytest.mark.parametrize("host", ["localhost", "localhost:5000", "127.0.0.1:5000", "[::1]:5000"])
def test_loopback_may_do_without_tls(host):
    assert parse(f"{host}/name@{DIGEST}").loopback


@pytest.mark.parametrize("host", ["example.org", "localhost.example.org", "127.0.0.1.example.org:80"])
def test_others_may_not(host):
    assert not parse(f"{host}/name@{DIGEST}").loopback


def test_a_tag_alone_is_refused():
    with pytest.raises(UsageError) as caught:
        parse("debian:12")
    assert caught.value.reason == "base-without-digest"
    assert "debian:12@sha256:" in caught.value.resolution


@pytest.mark.parametrize("digest", ["sha256:12", "sha512:" + "a" * 64, "sha256:" + "A" * 64])
def test_no_digest(digest):
    with pytest.raises(UsageError) as caught:
        parse(f"debian@{digest}")
    assert caught.value.reason == "bad-reference"


def plain_layer():
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("x"))
    return buffer.getvalue()


@pytest.fixture
def there(tmp_path):
    """A layout elsewhere, and a function that puts an image with these layer bytes into it."""
    layout = Layout(tmp_path / "there")

    def put(stored, plain, **changes):
        layer = layout.write(stored, LAYER)
        document = {"rootfs": {"type": "layers", "diff_ids": [sha256_bytes(plain)]}, "architecture": "amd64"} | changes
        config = layout.write(json.dumps(document, indent=1).encode(), CONFIG)
        manifest = {"mediaType": MANIFEST, "config": config.as_dict(), "layers": [layer.as_dict()]}
        return layout.write(canonical_json(manifest), MANIFEST).digest, config.digest

    return layout, put


def zstd(data: bytes) -> bytes:
    if shutil.which("zstd") is None:
        missing("zstd is not installed")
    return subprocess.run(["zstd", "-cq"], input=data, capture_output=True, check=True).stdout


@pytest.mark.parametrize("pack", [bytes, lambda data: gzip.compress(data, 1), zstd])
def test_layers_are_stored_plain_and_the_config_as_it_is(there, tmp_path, pack):
    layout, put = there
    plain = plain_layer()
    manifest, config = put(pack(plain), plain)
    base = ensure(f"oci:{layout.root}@{manifest}", Home(tmp_path / "home"))
    assert base.digest == config
    assert sha256_bytes(base.config) == config
    assert base.layers[0].path.read_bytes() == plain
    assert base.description is None
    home = Home(tmp_path / "home")
    for name in (base.digest, base.manifest, f"{layout.root}@{manifest}"):
        assert ensure(name, home).layers == base.layers


def test_an_index_gives_this_machines_image(there, tmp_path):
    layout, put = there
    plain = plain_layer()
    manifest, config = put(plain, plain)
    entries = [
        {"digest": DIGEST, "platform": {"os": "linux", "architecture": "s390x"}},
        {"digest": manifest, "platform": {"os": "linux", "architecture": incoming.debian.architecture()}},
    ]
    index = layout.write(canonical_json({"manifests": entries}), "index").digest
    assert ensure(f"oci:{layout.root}@{index}", Home(tmp_path / "home")).digest == config
    other = layout.write(canonical_json({"manifests": entries[:1]}), "index").digest
    with pytest.raises(EngineError, match="nothing for linux"):
        ensure(f"oci:{layout.root}@{other}", Home(tmp_path / "home"))


def test_what_is_not_what_it_says_is_refused(there, tmp_path):
    layout, put = there
    home = Home(tmp_path / "home")
    wrong_diff, _config = put(plain_layer(), b"something else")
    cut_off, _config = put(gzip.compress(plain_layer())[:-20], plain_layer())
    traversal, _config = put(plain_layer(), b"", rootfs={"diff_ids": ["sha256:../../../../etc/passwd"]})
    malformed = layout.write(b'{"config": 1}', MANIFEST).digest
    changed, _config = put(plain_layer(), plain_layer())
    layout.blob(changed).write_bytes(b"{}")
    for digest in (wrong_diff, cut_off, traversal, malformed, changed, DIGEST):
        with pytest.raises(SourceError) as caught:
            ensure(f"oci:{layout.root}@{digest}", home)
        assert caught.value.reason == "base-damaged"
    assert not list((home.oci / "blobs/sha256").glob("*"))


def test_names_that_nothing_has(tmp_path):
    home = Home(tmp_path / "home")
    for name in ("runtme", DIGEST):
        with pytest.raises(UsageError) as caught:
            ensure(name, home)
        assert caught.value.reason == "unknown-base"


def test_a_damaged_record_counts_as_none(there, tmp_path):
    layout, put = there
    plain = plain_layer()
    manifest, _config = put(plain, plain)
    home, name = Home(tmp_path / "home"), f"oci:{layout.root}@{manifest}"
    base = ensure(name, home)
    (record,) = home.bases.glob("*.json")
    for text in ("", "[]", "{}", '{"format": 2}', '{"format": 1, "config": 5, "description": {}}'):
        record.write_text(text)
        assert store.recorded(home, name, f"sha256:{record.stem}") is None
        assert ensure(name, home) == base
    base.layers[0].path.unlink()
    assert ensure(name, home) == base
