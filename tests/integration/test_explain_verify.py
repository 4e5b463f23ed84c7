"""`cbuild verify`: what is reproducible is, what is not is found out, and the store stays as it was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from software_fixtures import Store, check_whole, command_part, project

RECIPE = """
import os, sys

class Recipe:
    def __init__(self, buildout, name, options):
        options["location"] = os.path.join(buildout["buildout"]["parts-directory"], name)
        self.location = options["location"]

    def install(self):
        os.makedirs(self.location)
        with open(self.location + "/seed", "w") as stream:
            print(sys.flags.hash_randomization, file=stream)
        with open(self.location + "/sorted", "w") as stream:
            print(sorted(os.listdir(".")), file=stream)
        return self.location
"""
SETUP = """
from setuptools import setup
setup(name="own", version="1", py_modules=["own"], entry_points={"zc.buildout": ["default = own:Recipe"]})
"""
NOISY = """
cd ${:location}
mkdir d && touch d/a d/b d/c
python3 -c "import time; print(time.gmtime().tm_year)" > clock
hostname > hostname
id -u > user
python3 -c "import os; print(os.listdir('d'))" > order
python3 -c "print({'a', 'b', 'c', 'd'})" > hash
"""
# What perl and ncurses do: the time of a plain `date`, the kernel, an archive with times and owners in it.
QUIET = """
cd ${:location}
echo 'int main(void) { return 0; }' > /tmp/q.c
gcc -o q /tmp/q.c
umask > umask
date > date
uname -srv > kernel
gcc -c -o /tmp/q.o /tmp/q.c
ar -curvU libq.a /tmp/q.o
"""
PROFILE = (
    "[buildout]\ndevelop = own\nparts = own quiet noisy\n\n[own]\nrecipe = own\n\n"
    + command_part("quiet", QUIET)
    + command_part("noisy", NOISY)
)


@pytest.fixture(params=("docker", "podman"))
def own(request, new_store) -> Store:
    return new_store(request.param)


def snapshot(store: Store) -> dict[Path, int]:
    files = [path for path in store.home.root.rglob("*") if path.is_file() and path.name != ".runs"]
    return {path: path.stat().st_mtime_ns for path in files}


def test_verify(own: Store, tmp_path):
    directory = project(tmp_path, PROFILE)
    (directory / "own").mkdir()
    (directory / "own" / "own.py").write_text(RECIPE)
    (directory / "own" / "setup.py").write_text(SETUP)
    early = own.run(directory, "verify", "--json")
    assert (early.returncode, json.loads(early.stdout)["error"]["reason"]) == (2, "not-built")

    # A caller's umask is no builder's.
    built = own.build(directory, "--no-load", prefix=("sh", "-c", 'umask 077; exec "$@"', "sh"))
    assert own.files(built, "own")["parts/own/seed"] == b"0\n", "PYTHONHASHSEED counts for recipes, too"
    assert own.files(built, "quiet")["parts/quiet/date"] == b"Wed Jan  2 00:00:00 UTC 1980\n"
    assert own.files(built, "quiet")["parts/quiet/kernel"] == b"Linux 6.1.0 #1\n"
    state = (directory / ".installed.cfg").read_bytes()
    before = snapshot(own)
    done = own.run(directory, "verify", "--json")
    assert done.returncode == 6, done.stderr
    # Each verdict is told when it is known, not hours later with the last one.
    for told in ("own: different.", "quiet: reproducible.", "noisy: different."):
        assert f"] {told}\n" in done.stderr
    parts = {part["name"]: part for part in json.loads(done.stdout)["parts"]}
    assert {name: part["reproducible"] for name, part in parts.items()} == {"own": False, "quiet": True, "noisy": False}
    assert {part["runs"] for part in parts.values()} == {2}
    assert parts["quiet"]["differences"] == []
    assert [difference["path"] for difference in parts["own"]["differences"]] == ["/opt/cbuild/parts/own/seed"]
    found = {difference["path"].rpartition("/")[2]: difference for difference in parts["noisy"]["differences"]}
    assert set(found) == {"clock", "hostname", "user", "order", "hash"}
    assert found["user"]["diff"] == ["@@ -1 +1 @@", "-30001", "+41234"]
    # Nothing is recorded, nothing is left.
    assert snapshot(own) == before
    assert (directory / ".installed.cfg").read_bytes() == state
    check_whole(own)

    if own.engine.name == "docker":
        # A dozen containers: once is enough.
        causes = own.run(directory, "verify", "noisy", "--causes")
        assert causes.returncode == 6
        assert (
            "noisy  different; what it depends on: clock, directory-order, hash-seed, hostname, user" in causes.stdout
        )
    assert own.run(directory, "verify", "quiet").stdout == "quiet  reproducible\nAll 1 parts are reproducible.\n"


def test_a_part_that_can_not_be_installed_again(own: Store, tmp_path):
    directory = project(
        tmp_path, "[buildout]\nparts = one\n\n" + command_part("one", "echo here\ntest `hostname` = cbuild")
    )
    own.build(directory, "--no-load")
    done = own.run(directory, "verify", "--json")
    (part,) = json.loads(done.stdout)["parts"]
    assert done.returncode == 6
    assert (part["reproducible"], part["differences"]) == (False, [])
    assert "here" in part["error"]
    check_whole(own)
