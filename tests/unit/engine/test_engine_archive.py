"""The archive that an engine is given."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cbuild.canonical import canonical_json, sha256_bytes
from cbuild.engine.api import LayerFile, LoadableImage
from cbuild.engine.archive import Sent, chain_prefix, check_layers, docker_archive


@pytest.fixture
def image(tmp_path):
    """An image of layers with the given bytes."""

    def make(*contents: bytes) -> LoadableImage:
        layers = []
        for data in contents:
            path = tmp_path / hashlib.sha256(data).hexdigest()
            path.write_bytes(data)
            layers.append(LayerFile(sha256_bytes(data), path))
        config = canonical_json({"rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]}})
        return LoadableImage(config, tuple(layers), "localhost/x:1")

    return make


def unpacked(image, skip=frozenset()) -> tuple[dict[str, bytes], Sent]:
    sent = Sent()
    data = b"".join(docker_archive(image, skip, sent))
    assert sent.bytes == len(data)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return {member.name: archive.extractfile(member).read() for member in archive}, sent


def test_what_is_in_it(image):
    wanted = image(b"one" * 1000, b"two")
    files, sent = unpacked(wanted)
    names = [layer.diff_id.removeprefix("sha256:") + ".tar" for layer in wanted.layers]
    config = hashlib.sha256(wanted.config).hexdigest() + ".json"
    assert json.loads(files["manifest.json"]) == [{"Config": config, "Layers": names, "RepoTags": ["localhost/x:1"]}]
    assert files[config] == wanted.config
    assert [files[name] for name in names] == [b"one" * 1000, b"two"]
    assert (sent.layers, sent.skipped) == (2, 0)


def test_layers_that_are_there_are_empty(image):
    wanted = image(b"one", b"two")
    files, sent = unpacked(wanted, frozenset({wanted.layers[0].diff_id}))
    names = [layer.diff_id.removeprefix("sha256:") + ".tar" for layer in wanted.layers]
    assert [files[name] for name in names] == [b"", b"two"]
    assert (sent.layers, sent.skipped) == (1, 1)


def test_a_layer_that_occurs_twice_is_sent_once(image):
    wanted = image(b"one", b"two", b"one")
    files, sent = unpacked(wanted)
    assert len(files) == 4
    assert sent.layers == 2
    assert len(json.loads(files["manifest.json"])[0]["Layers"]) == 3


def test_it_is_a_stream(image):
    """No chunk is bigger than a mebibyte and a block, whatever the layer's size."""
    wanted = image(b"x" * 5_000_000)
    assert max(len(chunk) for chunk in docker_archive(wanted, frozenset(), Sent())) <= (1 << 20) + 512


def test_a_layer_that_shrinks_is_an_error(image):
    wanted = image(b"x" * 3_000_000)
    stream = docker_archive(wanted, frozenset(), Sent())
    chunk = next(stream)
    while len(chunk) < 1 << 20:
        chunk = next(stream)
    wanted.layers[0].path.write_bytes(b"short")
    with pytest.raises(OSError, match="shorter"):
        list(stream)


def test_a_layer_of_more_than_8_gib_has_a_header(tmp_path):
    path = tmp_path / "big"
    with path.open("wb") as stream:
        stream.truncate(9 << 30)
    big = LoadableImage(b"{}", (LayerFile("sha256:" + "0" * 64, path),), "localhost/x:1")
    chunks = docker_archive(big, frozenset(), Sent())
    header = next(chunk for chunk in chunks if chunk.startswith(b"0" * 64))
    assert tarfile.TarInfo.frombuf(header, "ascii", "strict").size == 9 << 30
    chunks.close()


def test_check_layers(image):
    wanted = image(b"one", b"two")
    check_layers(wanted)
    with pytest.raises(ValueError, match="other layers"):
        check_layers(LoadableImage(wanted.config, wanted.layers[:1], "x"))


@pytest.mark.parametrize(
    ("wanted", "stacks", "there"),
    [
        ("abc", [], ""),
        ("abc", ["abc"], "abc"),
        ("abc", ["abd", "a"], "ab"),
        ("abc", ["bc", "c"], ""),
        ("abc", ["abcd"], "abc"),
        ("aba", ["ab"], "b"),
    ],
)
def test_chain_prefix(wanted, stacks, there):
    assert chain_prefix(tuple(wanted), map(tuple, stacks)) == set(there)


@given(st.lists(st.sampled_from("abcd")), st.lists(st.lists(st.sampled_from("abcd"))))
def test_chain_prefix_leaves_out_only_what_is_below_in_the_same_order(wanted, stacks):
    skipped = chain_prefix(tuple(wanted), iter(map(tuple, stacks)))
    needed = [index for index, layer in enumerate(wanted) if layer in skipped]
    assert not skipped or any(wanted[: max(needed) + 1] == stack[: max(needed) + 1] for stack in stacks)
