"""The store's layout: blobs appear whole or not at all, and the index names images."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from cbuild.errors import HostError
from cbuild.image.layout import CONFIG, MANIFEST, REFERENCE, Layout

ROOT = Path(__file__).parents[3]


@pytest.fixture
def layout(tmp_path) -> Layout:
    return Layout(tmp_path / "oci")


def entries(layout: Layout) -> list[str]:
    return sorted(path.name for path in (layout.root / "blobs" / "sha256").iterdir())


def test_a_stream_gets_its_digest_for_a_name(layout):
    with layout.writing() as blob:
        blob.write(b"one ")
        blob.write(b"two")
    assert layout.blob(blob.digest).read_bytes() == b"one two"
    assert (blob.size, entries(layout)) == (7, [blob.digest.removeprefix("sha256:")])
    assert layout.blob(blob.digest).stat().st_mode & 0o777 == 0o644


def test_a_stream_that_breaks_leaves_nothing(layout):
    with suppress(RuntimeError), layout.writing() as blob:
        blob.write(b"one ")
        raise RuntimeError
    assert entries(layout) == []


WRITER = """
import sys, time
from pathlib import Path
from cbuild.image.layout import Layout
with Layout(Path(sys.argv[1])).writing() as blob:
    blob.write(b"x")
    print("writing", flush=True)
    time.sleep(60)
"""


def test_what_a_killed_writer_left_is_removed_and_a_living_ones_is_not(layout):
    command = [sys.executable, "-c", WRITER, str(layout.root)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as writer:
        assert writer.stdout.readline() == b"writing\n"
        layout.remove_unfinished()
        assert len(entries(layout)) == 1
        writer.kill()
        writer.wait()
    assert len(entries(layout)) == 1
    layout.remove_unfinished()
    assert entries(layout) == []


def test_nothing_to_remove_where_nothing_was_ever_written(layout):
    layout.remove_unfinished()


def test_the_index_names_images(layout):
    one = layout.write(b'{"a":1}', MANIFEST)
    two = layout.write(b'{"a":2}', MANIFEST)
    layout.tag("localhost/b:1", one.digest)
    layout.tag("localhost/a:1", one.digest)
    layout.tag("localhost/b:1", two.digest)
    assert {name: found.digest for name, found in layout.images().items()} == {
        "localhost/a:1": one.digest,
        "localhost/b:1": two.digest,
    }
    index = json.loads((layout.root / "index.json").read_bytes())
    assert index["schemaVersion"] == 2
    assert index["manifests"][0] == {
        "annotations": {"org.opencontainers.image.ref.name": "localhost/a:1"},
        "digest": one.digest,
        "mediaType": MANIFEST,
        "size": 7,
    }
    assert (layout.root / "oci-layout").read_bytes() == b'{"imageLayoutVersion":"1.0.0"}'


ENTRY = {"annotations": {REFERENCE: "x"}, "digest": "sha256:" + "0" * 64, "mediaType": MANIFEST, "size": 1}


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "5", "{}", '{"manifests": 5}', '{"manifests": [5]}', '{"manifests": [{}]}', "\xff",
        *(json.dumps({"manifests": [ENTRY | {name: 5}]}) for name in ("annotations", "digest", "mediaType")),
        json.dumps({"manifests": [ENTRY | {"digest": "sha256:../x"}]}),
        json.dumps({"manifests": [ENTRY | {"size": "1"}]}),
    ],
)  # fmt: skip
def test_a_damaged_index_is_a_clear_error(layout, text):
    one = layout.write(b"{}", MANIFEST)
    path = layout.root / "index.json"
    path.write_text(text, encoding="latin-1")
    for attempt in (layout.images, lambda: layout.tag("x", one.digest), lambda: layout.untag(["x"])):
        with pytest.raises(HostError) as error:
            attempt()
        assert (error.value.reason, error.value.exit_code, error.value.file) == ("store-damaged", 5, str(path))
    assert path.read_text(encoding="latin-1") == text


def test_an_index_that_is_a_directory(layout):
    (layout.root / "index.json").mkdir(parents=True)
    with pytest.raises(HostError) as error:
        layout.images()
    assert error.value.reason == "store-damaged"


def test_writing_the_same_twice_is_one_blob(layout):
    first = layout.write(b"{}", CONFIG)
    inode = layout.blob(first.digest).stat().st_ino
    assert layout.write(b"{}", CONFIG) == first
    assert layout.blob(first.digest).stat().st_ino == inode
