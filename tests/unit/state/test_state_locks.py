"""Locks between processes: one holder at a time, and none outlives its process."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from cbuild.state import locks
from cbuild.state.home import Home

HOLDER = """
import sys, time
from pathlib import Path
from cbuild.state.home import Home
from cbuild.state.locks import held
with held(Home(Path(sys.argv[1])), "x", lambda: time.sleep(0.01)):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path / "home")


def holder(home: Home) -> subprocess.Popen[bytes]:
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(home.root)], stdout=subprocess.PIPE, env=environment)
    assert process.stdout.readline() == b"held\n"
    return process


class GaveUpError(Exception):
    pass


def give_up() -> None:
    raise GaveUpError


def test_a_lock_leaves_nothing_behind(home):
    with locks.held(home, "x", give_up), locks.held(home, "y", give_up):
        assert len(list(home.locks.iterdir())) == 2
    assert list(home.locks.iterdir()) == []


def test_who_waits_may_give_up(home):
    with locks.held(home, "x", give_up):
        with pytest.raises(GaveUpError), locks.held(home, "x", give_up):
            pass
        assert len(list(home.locks.iterdir())) == 1


def test_a_killed_holder_has_no_lock(home):
    with holder(home) as process:
        with pytest.raises(GaveUpError), locks.held(home, "x", give_up):
            pass
        locks.sweep(home)
        assert len(list(home.locks.iterdir())) == 1, "it is held"
        process.kill()
    assert len(list(home.locks.iterdir())) == 1, "nobody could remove it"
    with locks.held(home, "x", give_up):
        pass
    with holder(home) as process:
        process.kill()
    locks.sweep(home)
    assert list(home.locks.iterdir()) == []


def test_one_at_a_time_though_the_file_comes_and_goes(home):
    inside = most = 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(50):
            with locks.held(home, "x", lambda: None):
                inside += 1
                most = max(most, inside)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="root may write everywhere, and only root can become another user")
def test_who_may_not_write_needs_no_lock(home):
    home.root.mkdir()
    child = os.fork()
    if not child:
        os.setuid(65534)
        with locks.held(home, "x", give_up):
            os._exit(7)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
