"""`cbuild gc` beside a build, and killed in the middle."""

from __future__ import annotations

import json
import time

import pytest
from software_fixtures import Store, check_whole, command_part, project, statuses


@pytest.fixture
def own(new_store) -> Store:
    return new_store("docker")


def parts(text: str, *, seconds: float = 0) -> str:
    one = command_part("one", f"echo {text} > ${{:location}}/text\nhead -c 20000000 /dev/zero > ${{:location}}/zeros")
    return (
        "[buildout]\nparts = one two\n\n"
        + one
        + command_part("two", f"sleep {seconds}\necho {text} > ${{:location}}/text")
    )


def test_gc(own: Store, tmp_path):
    directory = project(tmp_path, parts("first"))
    own.build(directory, "--no-load")
    project(directory, parts("second", seconds=3))

    # It waits for a build, and takes nothing that the build has made.
    process = own.start(directory, "software", "--json", "--no-load")
    own.wait_for("two")
    gc = own.start(directory, "gc", "--json")
    time.sleep(1)
    assert gc.poll() is None
    second = own.finish(process)
    output, errors = gc.communicate(timeout=60)
    assert gc.returncode == 0, errors
    assert "Waiting" in errors
    removed = [(item["kind"], item["name"]) for item in json.loads(output)["removed"]]
    assert ("layer", "one") in removed
    assert ("layer", "two") in removed
    assert set(statuses(own.build(directory, "--no-load")).values()) == {"cached"}
    check_whole(own)

    # The first is built again; the second's state file is gone now. Killed at some moment, and then to the end.
    (directory / ".installed.cfg").unlink()
    first = own.build(project(directory, parts("first")), "--no-load")
    assert set(statuses(first).values()) == {"built"}
    dying = own.start(directory, "gc")
    time.sleep(0.15)
    dying.kill()
    dying.communicate()
    assert set(statuses(own.build(directory, "--no-load")).values()) == {"cached"}
    done = own.run(directory, "gc", "--max-size", "1k")
    assert done.returncode == 0, done.stderr
    assert "all of it is needed" in done.stdout
    check_whole(own)
    assert set(statuses(own.build(directory, "--no-load")).values()) == {"cached"}
    assert second["image"]["digest"] != first["image"]["digest"]
