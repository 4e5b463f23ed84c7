"""What can go wrong around a build: kills at any moment, a full disk, damaged files, another cbuild at once."""

from __future__ import annotations

import os
import pty
import random
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pyte
import pytest
from base_store import base_store
from conftest import Running
from private_engines import dockerd
from software_fixtures import Store, check_whole, command_part, part, project, statuses

from cbuild.image.layout import Layout
from cbuild.state import installed
from cbuild.state.home import Home
from cbuild.state.results import Results

KILLS = 50
SEED = 20261121
PER_VERSION = 5
"""Kills after which all parts change, so that there is always something to build."""

RULE = """'all: 1.o 2.o 3.o 4.o\\n%%.o:\\n\\techo "int f$*(void) { return $*; }" | gcc -x c -c -o $@ -\\n'"""
MAKE = f"printf {RULE} > Makefile; make && cp *.o ${{:location}}"

ASKED = """[asked]
recipe = slapos.recipe.build
version = VERSION
init = options['answer'] = 'of ' + options['version']

"""


@pytest.fixture(params=("docker", "podman"))
def own(request, new_store) -> Store:
    """A store of the test's own, for each engine."""
    return new_store(request.param)


def parts(version: int) -> str:
    """Return a profile of a few quick parts, some of which wait for others."""
    asked = ASKED.replace("VERSION", str(version))
    return f"[buildout]\nparts = first compiled second third last\n\n{asked}" + "".join(
        command_part(name, command.strip(), version=str(version))
        for name, command in {
            "first": "sleep 0.1; head -c 3000000 /dev/zero > ${:location}/zeros; echo ${:version} > ${:location}/text",
            "compiled": MAKE + "; echo ${:version} > ${:location}/text",
            "second": "cat ${first:location}/text > ${:location}/text; ln ${:location}/text ${:location}/link",
            "third": "cat ${first:location}/text > ${:location}/text; echo ${asked:answer}; sleep 0.2",
            "last": "cat ${second:location}/link ${third:location}/text ${compiled:location}/text > ${:location}/text",
        }.items()
    )


def digest_undisturbed(new_store, directory: Path, version: int) -> str:
    """Return the digest that a store gives where nothing happens; make runs one job at a time there."""
    store = new_store("docker")
    document = store.build(project(directory, parts(version)), "--no-load", "--jobs", "1")
    return document["image"]["digest"]


def check_results(home: Home) -> None:
    """Check that what is believed is whole: every result has its layer, which has the digest that it says."""
    results = Results(home)
    for path in home.results.glob("[0-9a-f]*.json"):
        found = results.get(f"sha256:{path.stem}")
        assert found, f"{path} has no layer, or is half"
        assert Layout(home.oci).is_sound(found.layer.diff_id)


def test_killed_at_any_moment(new_store, tmp_path):
    """kill -9 of the process group, again and again; each run goes on from where the one before was stopped."""
    store = new_store("docker")
    chance = random.Random(SEED)
    directory = tmp_path / "project"
    killed = 0
    for number in range(KILLS):
        project(directory, parts(number // PER_VERSION))
        process = store.start(directory, "software", "--no-load")
        time.sleep(chance.uniform(0.05, 1.4))
        killed += process.poll() is None
        with_its_children(process)
        installed.read(directory / ".installed.cfg")
        if number % PER_VERSION == PER_VERSION - 1:
            check_results(store.home)
    assert killed > KILLS * 0.6, "most were killed while they worked"

    last = (KILLS - 1) // PER_VERSION
    document = store.build(directory, "--no-load")
    assert document["image"]["digest"] == digest_undisturbed(new_store, tmp_path / "undisturbed", last)
    # A container may come into being after its cbuild was killed: the next run that builds something removes it.
    project(directory, parts(last + 1))
    store.build(directory, "--no-load")
    check_results(store.home)
    check_whole(store)
    assert [path.name for path in directory.iterdir() if path.name.startswith("..")] == []


def with_its_children(process: subprocess.Popen[str]) -> None:
    """Kill a process and all that it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def test_the_engine_is_killed(tmp_path):
    """Its daemon dies in the middle of a build, and comes back; the containers that it had are gone or removed."""
    with dockerd(in_memory=True) as engine:
        running = Running("docker", engine.url, Home(tmp_path / "engine"))
        home = Home(tmp_path / "home")
        shutil.copytree(base_store().root / "bases", home.root / "bases")
        home.oci.symlink_to(base_store().root / "oci")
        store = Store(running, home, engine.url)
        slow = command_part("quick", "echo a > ${:location}/a") + command_part(
            "slow", "echo ${quick:location} > ${:location}/b; sleep 2"
        )
        directory = project(tmp_path / "project", "[buildout]\nparts = quick slow\n\n" + slow)
        process = store.start(directory, "software", "--json")
        store.wait_for("slow")
        engine.kill()
        output, errors = process.communicate(timeout=60)
        assert process.returncode == 5, errors
        assert '"engine-' in output
        assert "Traceback" not in errors
        error = store.fail(directory, code=5)
        assert error["reason"].startswith("engine-")

        engine.start()
        assert statuses(store.build(directory, "--no-load")) == {"quick": "cached", "slow": "built"}
        assert not store.containers()
        assert [path.name for path in home.work.iterdir()] == ["trees"]


@contextmanager
def tmpfs(path: Path, megabytes: int) -> Iterator[None]:
    """Mount an empty file system of this size at path."""
    path.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", path], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", path], check=True)


ROOM = 40


@pytest.mark.parametrize(
    ("megabytes", "where"), [(80, "in the builder"), (25, "when the layer is written")], ids=["builder", "layer"]
)
def test_a_full_disk(new_store, tmp_path, megabytes, where):
    """The store's disk fills up during a build: an error that says so; with more room the next run goes on."""
    store = new_store("docker")
    bases = sum(path.stat().st_size for path in (store.home.oci / "blobs" / "sha256").iterdir()) >> 20
    small = Home(tmp_path / "small")
    with tmpfs(small.root, bases + ROOM):
        shutil.copytree(store.home.root, small.root, dirs_exist_ok=True, symlinks=True)
        store = Store(store.engine, small, store.url)
        profile = command_part("little", "echo little > ${:location}/text") + command_part(
            "big", f"head -c {megabytes}000000 /dev/zero > ${{:location}}/zeros; cat ${{little:location}}/text"
        )
        directory = project(tmp_path / "project", "[buildout]\nparts = little big\n\n" + profile)
        error = store.fail(directory, "--no-load", code=5)
        assert error["reason"] == "disk-full", where
        assert str(small.root) in error["brief"]
        assert "[little]" in (directory / ".installed.cfg").read_text()
        check_whole(store)

        subprocess.run(["mount", "-o", f"remount,size={bases + 300}m", small.root], check=True)
        assert statuses(store.build(directory, "--no-load")) == {"little": "cached", "big": "built"}
        check_whole(store)


def test_work_on_another_file_system(own: Store, tmp_path):
    """Hard links from the store lead nowhere there."""
    with tmpfs(own.home.work, 200):
        profile = command_part("a", "echo a > ${:location}/text") + command_part(
            "b", "cat ${a:location}/text > ${:location}/text"
        )
        directory = project(tmp_path / "project", "[buildout]\nparts = b\nkeep-all-parts = true\n\n" + profile)
        document = own.build(directory, "--no-load")
        assert own.files(document, "b") == {"parts/b/text": b"a\n"}
        check_whole(own)


AB = "[buildout]\nparts = a b\n\n" + command_part("a", "echo a > ${:location}/text")
B = command_part("b", "cat ${a:location}/text > ${:location}/text; echo @ >> ${:location}/text")


def flip(path: Path) -> None:
    """Change one bit in the middle of a file."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_a_damaged_layer_is_built_again(own: Store, tmp_path):
    # An engine that had this layer from an earlier run of the tests would never look at it.
    salt = secrets.token_hex(8)
    directory = project(tmp_path / "project", AB + B)
    before = own.build(directory, "--no-load")
    blob = Layout(own.home.oci).blob(part(before, "a")["layer"])

    # Shorter than it should be, as after a crash: noticed whenever it is used.
    blob.write_bytes(blob.read_bytes()[:5000])
    done = own.run(directory, "software", "--no-load")
    assert done.returncode == 0
    assert f"{blob} is damaged" in done.stderr
    check_whole(own)

    # Changed: noticed when it is unpacked for another part's builder …
    shutil.rmtree(own.home.trees)
    flip(blob)
    project(directory, AB + B.replace("@", salt))
    assert own.fail(directory, "--no-load", code=5)["reason"] == "store-damaged"
    assert statuses(own.build(directory, "--no-load")) == {"a": "built", "b": "built"}

    # … and when an engine refuses it.
    flip(Layout(own.home.oci).blob(part(own.build(directory, "--no-load"), "b")["layer"]))
    assert own.fail(directory, code=5)["reason"] == "store-damaged"
    assert statuses(own.build(directory)) == {"a": "cached", "b": "built"}
    check_whole(own)


SLOW = "[buildout]\nparts = slow\n\n" + command_part("slow", "echo slow > ${:location}/text\nsleep 2")


def test_a_part_that_another_cbuild_installs_is_waited_for(own: Store, tmp_path):
    one, two = (project(tmp_path / name, SLOW) for name in ("one", "two"))
    with own.recorded() as (recorded, recorder):
        first = recorded.start(one, "software", "--json", "--no-load")
        own.wait_for("slow")
        second = recorded.start(two, "software", "--json", "--no-load")
        documents = [Store.finish(process) for process in (first, second)]
        assert recorder.containers == 1
    assert [statuses(document)["slow"] for document in documents] == ["built", "cached"]
    assert 0 < part(documents[0], "slow")["started"] < documents[0]["seconds"]
    assert part(documents[1], "slow")["started"] is None
    assert documents[0]["image"]["digest"] == documents[1]["image"]["digest"]
    check_whole(own)


def test_who_waits_goes_on_when_the_other_one_is_killed(new_store, tmp_path):
    store = new_store("docker")
    one, two = (project(tmp_path / name, SLOW) for name in ("one", "two"))
    first = store.start(one, "software", "--no-load")
    store.wait_for("slow")
    second = store.start(two, "software", "--no-load")
    for line in second.stderr:
        if "Waiting for another cbuild that installs slow." in line:
            break
    with_its_children(first)
    output, errors = second.communicate(timeout=60)
    assert second.returncode == 0, errors
    assert "slow  built" in output
    project(two, SLOW.replace("sleep 2", "true"))
    store.build(two, "--no-load")
    check_whole(store)


def test_a_state_file_is_one_runs_at_a_time(new_store, tmp_path):
    """Two profiles with one state file: the second waits, and takes out what only the first one has."""
    store = new_store("docker")
    directory = project(tmp_path, SLOW, other_cfg=SLOW.replace("slow", "other").replace("sleep 2", "true"))
    first = store.start(directory, "software", "--json", "--no-load")
    store.wait_for("slow")
    second = store.run(directory, "software", "other.cfg", "--no-load")
    assert "Waiting for another cbuild that writes" in second.stderr
    Store.finish(first)
    assert "slow   removed" in second.stdout
    assert [found.name for found in installed.read(directory / ".installed.cfg").parts] == ["other"]


def test_ctrl_c_leaves_the_terminal_as_it_was(new_store, tmp_path):
    """The display is taken away, the cursor is back, and no container runs."""
    store = new_store("docker")
    directory = project(tmp_path, SLOW.replace("sleep 2", "echo the words of slow; sleep 20"))
    controller, terminal = pty.openpty()
    process = store.start(directory, "software", stderr=terminal, more={"TERM": "xterm", "COLUMNS": "80"})
    os.close(terminal)
    screen = pyte.Screen(80, 24)
    stream = pyte.ByteStream(screen)
    while "slow   0:01  the words of slow" not in "\n".join(screen.display):
        stream.feed(os.read(controller, 4096))
    assert screen.cursor.hidden
    process.send_signal(signal.SIGINT)
    with suppress(OSError):  # what a terminal gives when nobody has its other end any more
        while data := os.read(controller, 4096):
            stream.feed(data)
    assert process.wait(30) == 130
    assert not screen.cursor.hidden
    lines = [line.strip() for line in screen.display if line.strip()]
    assert lines[-1] == "Interrupted: what was built is kept."
    assert not [line for line in lines if "the words" in line or "waiting" in line]
    assert not store.containers()
