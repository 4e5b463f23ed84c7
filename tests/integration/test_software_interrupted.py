"""Builds that fail, are killed or lose their engine: nothing that was done is lost, nothing half-done is believed."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest
from software_fixtures import Store, check_whole, command_part, project, statuses


@pytest.fixture(params=("docker", "podman"))
def own(request, new_store) -> Store:
    """A store of the test's own, for each engine."""
    return new_store(request.param)


MAKEFILE = """
all:
\t@for number in $$(seq 1 60); do echo line $$number; done
\t@echo the last words >&2
\t@{ending}
install:
\tmkdir -p $(prefix) && echo made > $(prefix)/text
"""

FAILING = (
    """
[buildout]
parts = good broken after

[broken]
recipe = slapos.recipe.cmmi
path = ${:_profile_base_location_}/source
configure-command = true

"""
    + command_part("good", "echo good > ${:location}/text")
    + command_part("after", "cat ${broken:location}/text > ${:location}/text")
)


def test_a_failing_make(own: Store, tmp_path):
    directory = project(tmp_path, FAILING)
    (directory / "source").mkdir()
    makefile = directory / "source" / "Makefile"
    makefile.write_text(MAKEFILE.format(ending="exit 7"))
    error = own.fail(directory, code=1)
    assert (error["reason"], error["section"]) == ("part-failed", "broken")
    assert "the last words" in error["details"]
    assert "line 60" in error["details"]
    assert "line 1\n" not in error["details"], "its end, not all of it"
    assert "after" in error["details"], "what was not tried is named"
    (log,) = [Path(word) for word in error["resolution"].split() if word.endswith(".log")]
    assert "line 1\n" in log.read_text()
    # The others are kept and recorded.
    state = (directory / ".installed.cfg").read_text()
    assert "[good]" in state
    assert "[broken]" not in state
    check_whole(own)

    # The same again: a failure is never cached. Then it's mended, and the run goes on from there.
    with own.recorded() as (recorded, recorder):
        recorded.fail(directory, code=1)
        assert recorder.containers == 1
        makefile.write_text(MAKEFILE.format(ending="true"))
        document = recorded.build(directory)
        assert recorder.containers == 3
    assert statuses(document) == {"good": "cached", "broken": "built", "after": "built"}


def test_two_failures_are_told_together(own: Store, tmp_path):
    profile = "[buildout]\nparts = one two\n\n" + "".join(
        command_part(name, f"echo words of {name}\nsleep 0.2\nexit 1") for name in ("one", "two")
    )
    error = own.fail(project(tmp_path, profile), "--jobs", "2", code=1)
    assert "words of one" in error["details"]
    assert "words of two" in error["details"]


SLOW = (
    "[buildout]\nparts = quick slow\n\n"
    + command_part("quick", "echo quick > ${:location}/text")
    + command_part("slow", "echo ${quick:location} > ${:location}/text\nsleep 4")
)


def test_killed_in_the_middle_and_run_again(own: Store, tmp_path):
    directory = project(tmp_path, SLOW)
    process = own.start(directory, "software")
    container = own.wait_for("slow")
    process.kill()
    process.communicate()
    assert [found.id for found in own.containers()] == [container.id], "nobody could remove it"
    assert "[quick]" in (directory / ".installed.cfg").read_text()

    document = own.build(directory)
    assert statuses(document) == {"quick": "cached", "slow": "built"}
    check_whole(own)


BIG = "[buildout]\nparts = big\n\n" + command_part("big", "head -c 400000000 /dev/zero > ${:location}/zeros")


def test_killed_while_a_layer_is_written(own: Store, tmp_path):
    directory = project(tmp_path, BIG)
    process = own.start(directory, "software", "--no-load")
    half = own.home.oci / "blobs" / "sha256"
    deadline = time.monotonic() + 60
    while not list(half.glob(".new-*")):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.kill()
    process.communicate()
    assert list(half.glob(".new-*")), "the kill came in time"

    document = own.build(directory, "--no-load")
    assert statuses(document) == {"big": "built"}
    check_whole(own)


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(own: Store, tmp_path, kind):
    directory = project(tmp_path, SLOW)
    process = own.start(directory, "software", "--json")
    own.wait_for("slow")
    started = time.monotonic()
    process.send_signal(kind)
    output, errors = process.communicate(timeout=30)
    assert time.monotonic() - started < 3, "it does not wait for the part"
    assert process.returncode == 130
    assert output == ""
    assert "Traceback" not in errors
    assert own.containers() == []
    check_whole(own)
    assert not list(own.home.failures.glob("*")), "what was interrupted has not failed"
    assert "[quick]" in (directory / ".installed.cfg").read_text()
    assert statuses(own.build(directory, "--no-load")) == {"quick": "cached", "slow": "built"}


def test_an_engine_that_goes_away(own: Store, tmp_path):
    directory = project(tmp_path, SLOW)
    with own.recorded() as (recorded, recorder):
        process = recorded.start(directory, "software", "--json")
        own.wait_for("slow")
        recorder.cut()
        output, errors = process.communicate(timeout=30)
    assert process.returncode == 5, errors
    error = json.loads(output)["error"]
    assert error["reason"] == "engine-gone"
    assert "Traceback" not in errors
    # Its container could not be removed then; the next run does it, and goes on.
    assert statuses(own.build(directory, "--no-load")) == {"quick": "cached", "slow": "built"}
    check_whole(own)


def test_no_engine(own: Store, tmp_path):
    nowhere = Store(own.engine, own.home, f"unix://{tmp_path}/nothing")
    error = nowhere.fail(project(tmp_path, SLOW), "--engine", own.engine.name, code=5)
    assert error["reason"] == "engine-absent"
    assert f"{tmp_path}/nothing" in error["details"]
    assert error["resolution"]


def test_two_runs_at_once(own: Store, tmp_path):
    """The same project twice at the same time, on one store: both succeed, and agree."""
    directory = project(tmp_path, SLOW.replace("sleep 4", "sleep 1"))
    both = [own.start(directory, "software", "--json", "--no-load") for _ in range(2)]
    outputs = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    first, second = (json.loads(output) for output, _ in outputs)
    assert first["image"] == second["image"]
    check_whole(own)
