"""Runs on a store: which are alive, and what is removed of those that are not."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

import pytest

from cbuild.build.runs import clean, label, running
from cbuild.engine.api import ContainerState, Limits
from cbuild.state.home import Home


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
    assert [path.name for path in home.root.iterdir()] == ["work"]


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
    dead = home.work / "1-dead"
    dead.mkdir(parents=True)
    (dead / "lock").touch()
    (dead / "part").mkdir()
    other = Home(home.root / "other")
    with running(home) as alive:
        engine.add("alive", label(home) | {"cbuild.run": alive})
        engine.add("dead", label(home) | {"cbuild.run": "1-dead"})
        engine.add("gone", label(home) | {"cbuild.run": "2-gone"})
        engine.add("partition", label(home))
        engine.add("of another store", label(other) | {"cbuild.run": "1-dead"})
        clean(home, engine)
        assert (home.work / alive).is_dir()
    assert not dead.exists()
    assert [one.id for one in engine.held] == ["alive", "partition", "of another store"]
