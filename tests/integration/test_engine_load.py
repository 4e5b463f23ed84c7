"""Handing images to an engine: IDs, references, and how little is sent."""

from __future__ import annotations

import os
import secrets

import pytest
from conftest import RUN
from small_image import image, layer

from cbuild.canonical import sha256_bytes
from cbuild.engine.api import ContainerSpec, LayerFile
from cbuild.errors import EngineError


@pytest.fixture
def big_layer(layer_directory):
    """A function that makes a layer of 1 MB that no engine has."""

    def make() -> LayerFile:
        return layer(layer_directory, {"srv": None, f"srv/{secrets.token_hex(8)}": os.urandom(1_000_000)})

    return make


@pytest.fixture
def load(engine):
    """A function that loads an image, and removes it after the test."""
    loaded = []

    def do(loadable) -> str:
        loaded.append(loadable.reference)
        return engine.load(loadable)

    yield do
    for reference in loaded:
        engine.remove_image(reference)


def test_the_id_is_the_digest_of_the_config(engine, load, base_layer, big_layer):
    loadable = image(f"localhost/{RUN}:id", base_layer, big_layer())
    assert load(loadable) == sha256_bytes(loadable.config)
    assert engine.has_image(sha256_bytes(loadable.config))
    assert engine.has_image(loadable.reference)


def test_a_second_image_sends_only_its_new_layer(load, events, base_layer, big_layer):
    first, second = big_layer(), big_layer()
    load(image(f"localhost/{RUN}:one", base_layer, first))
    load(image(f"localhost/{RUN}:two", base_layer, first, second))
    data = events.last("loaded").data
    assert (data["layers_sent"], data["layers_skipped"]) == (1, 2)
    size = second.path.stat().st_size
    assert size < data["bytes"] < size + 10_000


def test_a_new_config_over_known_layers_sends_no_layer(load, events, base_layer, big_layer):
    first = big_layer()
    load(image(f"localhost/{RUN}:one", base_layer, first))
    load(image(f"localhost/{RUN}:two", base_layer, first, User="1:1"))
    assert events.last("loaded").data["layers_sent"] == 0
    assert events.last("loaded").data["bytes"] < 10_000


def test_a_changed_layer_in_the_middle(engine, load, events, base_layer, big_layer):
    """Docker names what it has by the chain of layers, Podman by the layer alone."""
    lower, upper = big_layer(), big_layer()
    load(image(f"localhost/{RUN}:one", base_layer, lower, upper))
    changed = image(f"localhost/{RUN}:two", base_layer, big_layer(), upper)
    assert load(changed) == sha256_bytes(changed.config)
    assert events.last("loaded").data["layers_sent"] == {"docker": 2, "podman": 1}[engine.name]


def test_the_layers_are_really_there_when_they_were_not_sent(engine, load, base_layer, layer_directory):
    first = layer(layer_directory, {"srv": None, "srv/first": b"one"})
    second = layer(layer_directory, {"srv": None, "srv/second": b"two"})
    load(image(f"localhost/{RUN}:one", base_layer, first))
    identity = load(image(f"localhost/{RUN}:two", base_layer, second, first))
    name = f"{RUN}-{secrets.token_hex(4)}"
    command = ("cat", "/srv/first", "/srv/second")
    container = engine.create(ContainerSpec(name, identity, command, labels={"cbuild.test": RUN}))
    engine.start(container)
    assert engine.wait(container, 20) == 0
    assert engine.logs(container) == b"onetwo"
    engine.remove(container)


def test_the_same_image_again_sends_nothing_and_gets_its_new_name(engine, load, events, base_layer, big_layer):
    one = image(f"localhost/{RUN}:one", base_layer, big_layer())
    load(one)
    events.seen.clear()
    assert load(type(one)(one.config, one.layers, f"localhost/{RUN}:again")) == sha256_bytes(one.config)
    assert not events.seen
    assert engine.has_image(f"localhost/{RUN}:again")


def test_a_layer_that_was_lost_in_the_meantime_is_sent_after_all(
    engine, load, events, base_layer, big_layer, monkeypatch
):
    """The engine said that it has the layers; then somebody removed the image: everything is sent."""
    lost = big_layer()
    monkeypatch.setattr(engine, "_present", frozenset)
    loadable = image(f"localhost/{RUN}:lost", base_layer, lost)
    assert load(loadable) == sha256_bytes(loadable.config)
    assert events.last("loaded").data["layers_sent"] == 2


def test_a_config_that_names_other_layers_is_refused(engine, base_layer, big_layer):
    loadable = image(f"localhost/{RUN}:bad", base_layer)
    with pytest.raises(EngineError) as caught:
        engine.load(type(loadable)(loadable.config, (base_layer, big_layer()), loadable.reference))
    assert caught.value.reason == "image-id-mismatch"


def test_a_layer_with_other_bytes_than_its_name_is_refused(engine, base_layer, big_layer):
    wrong = LayerFile(big_layer().diff_id, big_layer().path)
    with pytest.raises(EngineError) as caught:
        engine.load(image(f"localhost/{RUN}:bad", base_layer, wrong))
    assert caught.value.reason == "engine-refused"
    assert not engine.has_image(f"localhost/{RUN}:bad")


def test_remove_image(engine, load, base_layer, big_layer):
    identity = load(image(f"localhost/{RUN}:gone", base_layer, big_layer()))
    engine.remove_image(identity)
    assert not engine.has_image(identity)
    engine.remove_image(identity)
    engine.remove_image(f"localhost/{RUN}:never-was")


def test_an_image_in_use_is_not_removed(engine, small_image, start):
    start()
    with pytest.raises(EngineError) as caught:
        engine.remove_image(small_image)
    assert caught.value.reason == "image-in-use"
    assert engine.has_image(small_image)
