"""Which parts an image has, and its config and manifest to the byte."""

from __future__ import annotations

import json

import pytest

from cbuild.image.assemble import assemble, members
from cbuild.image.layout import LAYER, Layout
from cbuild.layer.write import Layer


def part(owns: str, mentions: str = "") -> Layer:
    return Layer("sha256:0", 0, tuple(owns.split()), tuple(mentions.split()))


@pytest.mark.parametrize(
    ("layers", "wanted", "found"),
    [
        ({"m4": part("parts/m4"), "bison": part("parts/bison")}, "bison", "bison"),
        ({"lz4": part("parts/lz4"), "hello": part("parts/hello", "parts/lz4")}, "hello", "lz4 hello"),
        # From one to the next; in the order of the plan, not of discovery.
        ({"a": part("parts/a", "parts/b"), "b": part("parts/b", "parts/c"), "c": part("parts/c")}, "a", "a b c"),
        # In a text, a full stop ends the sentence.
        ({"a": part("parts/a"), "t": part("t.txt", "parts/a.")}, "t", "a t"),
        ({"a": part("parts/a.b"), "t": part("t.txt", "parts/a.b.")}, "t", "a t"),
        # A directory of its own at the top, mentioned by a file in it.
        ({"a": part("mydata"), "t": part("t.txt", "mydata/file")}, "t", "a t"),
        # A name that begins like another one is another one.
        ({"a": part("parts/lib"), "b": part("parts/lib64"), "t": part("t", "parts/lib64")}, "t", "b t"),
        ({"a": part("parts/a")}, "a", "a"),
        ({"a": part("")}, "a", "a"),
        ({"a": part("parts/a", "parts/nobody bin etc/x")}, "a", "a"),
        # Two mention each other.
        ({"a": part("parts/a", "parts/b"), "b": part("parts/b", "parts/a")}, "b", "a b"),
        # apache-php writes below apache's prefix: each alone would be half.
        ({"apache": part("parts/apache"), "php": part("parts/apache")}, "php", "apache php"),
        ({"web": part("parts/web"), "php": part("parts/web"), "t": part("t", "parts/web")}, "t", "web php t"),
    ],
)  # fmt: skip
def test_members(layers, wanted, found):
    assert members(wanted.split(), layers) == found.split()


BASE = {
    "architecture": "amd64",
    "os": "linux",
    "created": "1970-01-01T00:00:00Z",
    "config": {"Env": ["LANG=C.UTF-8", "PATH=/usr/bin"], "Cmd": ["/bin/sh"]},
    "history": [{"created_by": "mmdebstrap"}],
    "rootfs": {"type": "layers", "diff_ids": ["sha256:ignored"]},
}

CONFIG = (
    '{"architecture":"amd64","config":{"Cmd":["/bin/sh"],"Env":["LANG=C.UTF-8",'
    '"PATH=/opt/cbuild/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]},'
    '"created":"1980-01-02T00:00:00Z","history":[{"created_by":"mmdebstrap"},'
    '{"created":"1980-01-02T00:00:00Z","created_by":"cbuild part one"},'
    '{"created":"1980-01-02T00:00:00Z","created_by":"cbuild part two"}],"os":"linux","rootfs":{"diff_ids":['
    '"sha256:cae662172fd450bb0cd710a769079c05bfc5d8e35efa6576edc7d0377afdd4a2",'
    '"sha256:7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed",'
    '"sha256:3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3"],"type":"layers"}}'
)

MANIFEST = (
    '{"config":{"digest":"sha256:CONFIG_DIGEST","mediaType":"application/vnd.oci.image.config.v1+json","size":CONFIG_SIZE},'
    '"layers":['
    '{"digest":"sha256:cae662172fd450bb0cd710a769079c05bfc5d8e35efa6576edc7d0377afdd4a2",'
    '"mediaType":"application/vnd.oci.image.layer.v1.tar","size":4},'
    '{"digest":"sha256:7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed",'
    '"mediaType":"application/vnd.oci.image.layer.v1.tar","size":3},'
    '{"digest":"sha256:3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3",'
    '"mediaType":"application/vnd.oci.image.layer.v1.tar","size":3}],'
    '"mediaType":"application/vnd.oci.image.manifest.v1+json","schemaVersion":2}'
)


def test_config_and_manifest_to_the_byte(tmp_path):
    """Golden bytes: whoever changes them changes the digest of every image that anybody has built."""
    layout = Layout(tmp_path)
    below = layout.write(b"base", LAYER).digest
    layers = {
        name: Layer(layout.write(name.encode(), LAYER).digest, 3, (f"parts/{name}",), ()) for name in ("one", "two")
    }
    layers["empty"] = Layer(layout.write(b"nothing", LAYER).digest, 7, (), ())
    image = assemble(layout, BASE, [below], layers)
    config = layout.blob(image.config).read_bytes()
    assert config.decode() == CONFIG
    expected = MANIFEST.replace("CONFIG_DIGEST", image.config[7:]).replace("CONFIG_SIZE", str(len(config)))
    assert layout.blob(image.digest).read_bytes().decode() == expected
    assert image.size == 10
    assert json.loads(config)["rootfs"]["diff_ids"] == [entry["digest"] for entry in json.loads(expected)["layers"]]


def test_the_order_of_the_parts_is_the_order_of_the_layers(tmp_path):
    layout = Layout(tmp_path)
    layers = {name: Layer(layout.write(name.encode(), LAYER).digest, 3, (name,), ()) for name in ("one", "two")}
    one, other = (assemble(layout, BASE, [], dict(order)) for order in (layers.items(), reversed(layers.items())))
    assert one.digest != other.digest
    assert one == assemble(layout, BASE, [], layers)
