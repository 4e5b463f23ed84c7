"""Runs on a store: which are alive, and what is removed of those that are not."""

from __future__ import annotations

import os
import shutil
import threading
import time
from dataclasses import dataclass, field

import pytest

from cbuild.build.runs import clean, label, running
from cbuild.engine.api import ContainerState, Limits
from cbuild.state.home import Home

DEAD, GONE = "1-dead0000", "2-0dd00000"


@dataclass
class Containers:
    """What `clean` asks of an engine."""

    held: list[ContainerState] = field(default_factory=list)

    def add(self, identity: str, labels: dict[str, str]) -> None:
        self.held.append(ContainerState(identity, identity, "", True, "running", None, False, None, Limits(), labels))

    def containers(self, labels):
        return [one for one in self.held if labels.items() <= one.labels.items()]

    def remove(self, identity: str) -> None:
        self.held = [one for one in self.held if one.id != identity]


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path / "home")


def test_a_run_has_a_directory_while_it_lasts(home):
    with running(home) as first, running(home) as second:
        assert sorted(path.name for path in home.work.iterdir()) == sorted([first, second])
    assert list(home.work.iterdir()) == []
    assert sorted(path.name for path in home.root.iterdir()) == [".in-use", ".runs", "work"]


def test_builders_can_read_what_a_run_writes_whatever_the_umask(home):
    before = os.umask(0o077)
    try:
        with running(home) as run:
            (home.work / run / "part").mkdir()
            assert (home.work / run / "part").stat().st_mode & 0o777 == 0o755
            (home.work / run / "part").rmdir()
        assert os.umask(0o077) == 0o077, "it is the caller's again"
    finally:
        os.umask(before)


def test_what_was_kept_stays_when_the_run_ends(home):
    with running(home) as run:
        (home.work / run / "part").mkdir()
    assert (home.work / run / "part").is_dir()
    clean(home, Containers())
    assert (home.work / run / "part").is_dir()


def test_only_what_dead_runs_left_is_removed(home):
    engine = Containers()
    dead = home.work / DEAD
    dead.mkdir(parents=True)
    (dead / "lock").touch()
    (dead / "part").mkdir()
    other = Home(home.root / "other")
    with running(home) as alive:
        engine.add("alive", label(home) | {"cbuild.run": alive})
        engine.add("dead", label(home) | {"cbuild.run": DEAD})
        engine.add("gone", label(home) | {"cbuild.run": GONE})
        engine.add("partition", label(home))
        engine.add("of another store", label(other) | {"cbuild.run": DEAD})
        clean(home, engine)
        assert (home.work / alive).is_dir()
    assert not dead.exists()
    assert [one.id for one in engine.held] == ["alive", "partition", "of another store"]


def test_what_a_dead_run_was_writing_is_removed(home):
    old, new = 1, time.time()
    with running(home) as alive:
        paths = {
            "tree of the living": home.trees / f".run-{alive}.abc",
            "tree of the dead": home.trees / f".run-{DEAD}.abc",
            "somebody's else": home.trees / ".new-abc",
            "whole tree": home.trees / "0123",
            "of an earlier boot": home.trees.parent / "earlier" / "0123",
        }
        for path in paths.values():
            path.mkdir(parents=True)
        for path, time_ in ((home.results / ".a.json.xyz", old), (home.keys / ".b.json.xyz", new)):
            path.parent.mkdir()
            path.touch()
            os.utime(path, (time_, time_))
        home.locks.mkdir()
        (home.locks / "left").touch()
        clean(home, Containers())
    assert [name for name, path in paths.items() if path.exists()] == [
        "tree of the living",
        "somebody's else",
        "whole tree",
    ]
    assert not paths["of an earlier boot"].parent.exists()
    assert [path.name for directory in (home.results, home.keys) for path in directory.iterdir()] == [".b.json.xyz"]
    assert list(home.locks.iterdir()) == []


def test_an_empty_directory_is_a_dead_runs_only_if_it_has_a_runs_name(home):
    for name in (DEAD, "instance-abc", "base-builder-xyz"):
        (home.work / name).mkdir(parents=True)
    clean(home, Containers())
    assert sorted(path.name for path in home.work.iterdir()) == ["base-builder-xyz", "instance-abc"]


def test_a_run_starts_while_another_cleans(home):
    """Neither takes the other for dead, whenever it looks."""
    done = threading.Event()
    lost = []

    def cleaning() -> None:
        while not done.is_set():
            clean(home, Containers())

    def starting() -> None:
        for _ in range(100):
            with running(home) as run:
                if not (home.work / run / "lock").exists():
                    lost.append(run)

    cleaner, starters = threading.Thread(target=cleaning), [threading.Thread(target=starting) for _ in range(3)]
    for thread in (cleaner, *starters):
        thread.start()
    for thread in starters:
        thread.join()
    done.set()
    cleaner.join()
    assert not lost


def test_who_is_killed_while_it_cleans_leaves_it_to_the_next(home, monkeypatch):
    dead = home.work / DEAD
    for name in ("one", "two", "three"):
        (dead / name).mkdir(parents=True)
    (dead / "lock").touch()
    really, calls = shutil.rmtree, []

    def killed(path, **options):
        calls.append(path)
        if len(calls) > 1:
            raise KeyboardInterrupt
        really(path, **options)

    monkeypatch.setattr(shutil, "rmtree", killed)
    with pytest.raises(KeyboardInterrupt):
        clean(home, Containers())
    monkeypatch.undo()
    assert (dead / "lock").exists()
    clean(home, Containers())
    assert not dead.exists()
