"""What a second run costs: nothing for what is the same, one container for one changed part."""

from __future__ import annotations

from dataclasses import replace

import pytest
from software_fixtures import CLI_ALONE, Store, command_part, layer, one_engine, part, project, statuses

from cbuild.image.layout import Layout

TWENTY = [f"part-{number:02}" for number in range(1, 21)]


def twenty(changed: str = "") -> str:
    """Return a profile of 20 parts that don't know each other; the one named has another command."""
    profile = f"[buildout]\nparts = {' '.join(TWENTY)}\n\n"
    return profile + "".join(
        command_part(name, f"echo {'changed' if name == changed else 'first'} > ${{:location}}/text") for name in TWENTY
    )


def test_one_of_twenty_parts_changes(store: Store, tmp_path):
    directory = project(tmp_path / "twenty", twenty())
    with store.recorded() as (recorded, recorder):
        first = recorded.build(directory)
        assert set(statuses(first).values()) == {"built"}
        assert recorder.containers == 20

        seen = recorder.connections
        again = recorded.build(directory)
        assert recorder.connections == seen, "a run with nothing to do opens no connection"
        assert again["image"] == first["image"]
        assert again["engine"] == ""

        project(directory, twenty(changed="part-05"))
        changed = recorded.build(directory)
        assert recorder.containers == 21
    assert [name for name, status in statuses(changed).items() if status == "built"] == ["part-05"]
    assert changed["image"]["digest"] != first["image"]["digest"]
    assert store.files(changed, "part-05") == {"parts/part-05/text": b"changed\n"}
    assert {name for name in TWENTY if layer(changed, name) != layer(first, name)} == {"part-05"}
    # What it was before is still known: going back builds nothing.
    assert set(statuses(store.build(project(directory, twenty()))).values()) == {"cached"}


CHAIN = (
    "[buildout]\nparts = last\n\n"
    + command_part("first", "echo COMMENT >/dev/null\necho same > ${:location}/text")
    + command_part("last", "cat ${first:location}/text > ${:location}/text")
)


@one_engine
def test_a_rebuilt_part_that_came_out_the_same_stops_there(store: Store, tmp_path):
    directory = project(tmp_path, CHAIN.replace("COMMENT", "1"))
    first = store.build(directory)
    with store.recorded() as (recorded, recorder):
        second = recorded.build(project(directory, CHAIN.replace("COMMENT", "2")))
        assert recorder.containers == 1
    assert statuses(second) == {"first": "built", "last": "cached"}
    assert second["image"] == first["image"]


@one_engine
def test_a_change_reaches_what_refers_to_it(store: Store, tmp_path):
    directory = project(tmp_path, CHAIN)
    store.build(directory)
    second = store.build(project(directory, CHAIN.replace("same", "other")))
    assert statuses(second) == {"first": "built", "last": "built"}
    assert store.files(second, "last") == {"parts/last/text": b"other\n"}


def test_nothing_to_do_needs_no_engine_at_all(store: Store, tmp_path):
    """The engine's address leads nowhere, and there is still nothing to complain of."""
    directory = project(tmp_path, CHAIN)
    first = store.build(directory)
    nowhere = Store(store.engine, store.home, f"unix://{tmp_path}/nothing")
    again = nowhere.build(directory)
    assert again["image"] == first["image"]
    assert set(statuses(again).values()) == {"cached"}
    # Neither a lost state file costs a build, nor a profile in another place.
    (directory / ".installed.cfg").unlink()
    lost = nowhere.build(directory, "--no-load")
    assert (lost["image"]["digest"], set(statuses(lost).values())) == (first["image"]["digest"], {"cached"})


def test_nothing_to_do_makes_no_socket_and_starts_no_program(store: Store, tmp_path):
    directory = project(tmp_path, CHAIN)
    first = store.build(directory)
    assert replace(store, program=CLI_ALONE).build(directory)["image"] == first["image"]
    # The same run with something to do ends at the first socket: the watch works.
    done = replace(store, program=CLI_ALONE).run(project(directory, CHAIN.replace("same", "new")), "software")
    assert done.returncode != 0
    assert "socket" in done.stderr


@one_engine
def test_a_part_that_is_no_longer_wanted_is_removed(store: Store, tmp_path):
    one, two = command_part("one", "echo 1 > ${:location}/text"), command_part("two", "echo 2 > ${:location}/text")
    directory = project(tmp_path, f"[buildout]\nparts = one two\n\n{one}{two}")
    both = store.build(directory)
    assert both["removed"] == []
    with store.recorded() as (recorded, recorder):
        less = recorded.build(project(directory, f"[buildout]\nparts = two\n\n{one}{two}"))
        assert recorder.containers == 0
    assert less["removed"] == ["one"]
    assert less["image"]["size"] < both["image"]["size"]
    assert "[one]" not in (directory / ".installed.cfg").read_text()


def test_the_second_engine_gets_the_image_without_building(shared_store, tmp_path):
    """The store is one, the engines are two."""
    store = shared_store("docker")
    directory = project(tmp_path, CHAIN)
    first = store.build(directory)
    other = Store(shared_store("podman").engine, store.home, shared_store("podman").url)
    with other.recorded() as (recorded, recorder):
        second = recorded.build(directory, "--engine", "podman")
        assert recorder.containers == 0
    assert second["image"] == first["image"]
    assert second["engine"] == "podman"


@pytest.mark.parametrize("option", ["--tag", "--output"])
def test_a_further_name_and_a_layout_of_its_own(shared_store, tmp_path, option, run_image):
    store = shared_store("docker")
    directory = project(tmp_path / "app", CHAIN)
    if option == "--tag":
        document = store.build(directory, "--tag", "localhost/cbt-further:1")
        output, image = run_image(store.engine, "localhost/cbt-further:1", "cat", "/opt/cbuild/parts/last/text")
        assert (output, image) == ("same\n", document["image"]["config"])
    else:
        document = store.build(directory, "--output", str(tmp_path / "layout"))
        names = {path.name for path in (tmp_path / "layout" / "blobs" / "sha256").iterdir()}
        assert document["image"]["digest"].removeprefix("sha256:") in names
        assert part(document, "last")["layer"].removeprefix("sha256:") in names


def two(text: str) -> str:
    """Return a profile of two parts; the first one writes text."""
    first = command_part("one", f"echo {text} > ${{:location}}/f")
    return "[buildout]\nparts = one two\n\n" + first + command_part("two", "echo 2 > ${:location}/f")


@one_engine
def test_install_part_leaves_the_other_parts_in_the_image(store, tmp_path):
    directory = project(tmp_path / "partial", two("1"))
    first = store.build(directory)
    project(directory, two("changed"))
    partial = store.build(directory, "install", "one")
    assert statuses(partial) == {"one": "built"}
    assert partial["removed"] == []
    manifest = Layout(store.home.oci).read_json(partial["image"]["digest"])
    layers = {entry["digest"] for entry in manifest["layers"]}
    assert {layer(partial, "one"), layer(first, "two")} <= layers
