"""A deliberately different builder: which ways, alone and together."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
import time

import pytest

from cbuild.build import vary
from cbuild.build.surroundings import Surroundings


def test_no_way_is_the_usual_builder():
    assert vary.varied(()) == Surroundings()


@pytest.mark.parametrize("way", vary.WAYS)
def test_each_way_makes_a_difference(way):
    assert vary.varied([way]) != Surroundings()


def test_all_ways_together_have_what_each_has():
    every = vary.varied()
    assert (every.user, every.hostname) == (vary.OTHER, "verify.example.org")
    assert {"LC_ALL", "PYTHONHASHSEED", "TZ", "HOME", "TMPDIR", "MAKEFLAGS"} <= set(every.environment)
    assert "-DSHIFT=34578000 -DONE_CPU -DREVERSE" in every.prelude
    assert f":{vary.OTHER}:" in every.files["passwd"]
    assert every.over == {"passwd": "/etc/passwd"}


@pytest.fixture(scope="module")
def preload(tmp_path_factory):
    """The library, with all that it can do."""
    compiler = shutil.which("gcc") or pytest.fail("needs gcc: apt-get install gcc")
    library = tmp_path_factory.mktemp("vary") / "different.so"
    source = tmp_path_factory.mktemp("vary") / "different.c"
    source.write_text(vary.varied().files["different.c"])
    flags = [
        "-Wall",
        "-Wextra",
        "-Werror",
        "-shared",
        "-fPIC",
        "-O1",
        f"-DSHIFT={vary.SHIFT}",
        "-DREVERSE",
        "-DONE_CPU",
    ]
    subprocess.run([compiler, *flags, "-o", library, source], check=True)
    return library


def python(preload, program: str, directory) -> str:
    environment = os.environ | {"LD_PRELOAD": str(preload)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=directory, capture_output=True, check=True
    )
    return done.stdout.decode().strip()


def test_the_clock_is_ahead_and_the_monotonic_one_is_not(preload, tmp_path):
    now, steady = time.time(), time.monotonic()
    shown = python(preload, "import time; print(time.time(), time.monotonic())", tmp_path).split()
    assert float(shown[0]) == pytest.approx(now + vary.SHIFT, abs=60)
    assert float(shown[1]) == pytest.approx(steady, abs=60)


def test_directories_are_in_reverse_order(preload, tmp_path):
    for name in "abcdefgh":
        (tmp_path / name).touch()
    names = os.listdir(tmp_path)  # noqa: PTH208 - the same call as below
    assert python(preload, "import os; print(*os.listdir())", tmp_path).split() == names[::-1]


def test_a_directory_can_be_read_twice_and_removed_while_it_is_read(preload, tmp_path):
    for name in "abc":
        (tmp_path / "d" / name).mkdir(parents=True)
    subprocess.run(["rm", "-r", "d"], cwd=tmp_path, env=os.environ | {"LD_PRELOAD": str(preload)}, check=True)
    assert not (tmp_path / "d").exists()
    program = (
        "opendir(D, '.'); @a = readdir D; rewinddir D; @b = readdir D; seekdir(D, 0); @c = readdir D; closedir D;"
        "print \"@a\" eq \"@b\" && \"@b\" eq \"@c\" && \"@a\""
    )  # fmt: skip
    done = subprocess.run(
        ["perl", "-e", program],
        cwd=tmp_path,
        env=os.environ | {"LD_PRELOAD": str(preload)},
        capture_output=True,
        check=True,
    )
    assert sorted(done.stdout.split()) == [b".", b".."]


def test_one_processor(preload, tmp_path):
    assert ctypes.CDLL(None).sched_getaffinity, "Linux"
    assert python(preload, "import os; print(len(os.sched_getaffinity(0)))", tmp_path) == "1"
