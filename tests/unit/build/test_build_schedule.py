"""Parts side by side: order, failures, and what ends a run at once."""

from __future__ import annotations

import threading
import time

import pytest

from cbuild.build import schedule
from cbuild.errors import EngineError, PartError


class Work:
    """Actions that note when they start and end."""

    def __init__(self, **outcomes: BaseException) -> None:
        self.outcomes = outcomes
        self.log: list[str] = []
        self.aborted = threading.Event()
        self.running = self.most = 0
        self.shares: dict[str, int] = {}
        self._lock = threading.Lock()

    def action(self, name: str, share: int) -> None:
        with self._lock:
            self.shares[name] = share
            self.running += 1
            self.most = max(self.most, self.running)
            self.log.append(name)
        time.sleep(0.01)
        with self._lock:
            self.running -= 1
        if name in self.outcomes:
            raise self.outcomes[name]
        with self._lock:
            self.log.append(f"{name} done")

    def run(self, names: str, jobs: int = 2, **requires: str) -> schedule.Failures:
        wanted = names.split()
        complete = {name: requires.get(name, "").split() for name in wanted}
        return schedule.run(wanted, complete, self.action, self.aborted.set, jobs)


def test_what_is_required_comes_first():
    work = Work()
    failures = work.run("c b a", c="b a", b="a")
    assert (failures.errors, failures.skipped) == ({}, ())
    assert work.log == ["a", "a done", "b", "b done", "c", "c done"]


def test_what_is_not_in_the_run_is_there_already():
    work = Work()
    work.run("b", b="a")
    assert work.log == ["b", "b done"]


@pytest.mark.parametrize(("jobs", "most"), [(1, 1), (3, 3)])
def test_no_more_at_a_time_than_asked_for(jobs, most):
    work = Work()
    work.run("a b c d e f", jobs)
    assert work.most == most
    assert len(work.log) == 12


def test_the_order_of_names_is_kept_among_equals():
    work = Work()
    work.run("c a b", 1)
    assert work.log[::2] == ["c", "a", "b"]


@pytest.mark.parametrize(("jobs", "shares"), [(1, "a1 b1 c1"), (2, "a1 b2"), (3, "a1 b3 c3"), (9, "a1 b3 c3")])
def test_the_first_in_line_shares_the_machine_with_nobody(jobs, shares):
    """The others are told how many run beside them; here the names that are started together."""
    names = [word[0] for word in shares.split()]
    work = Work()
    together = threading.Barrier(min(jobs, 3))

    def action(name: str, share: int) -> None:
        work.shares[name] = share
        together.wait(10)

    schedule.run(names, dict.fromkeys(names, ()), action, work.aborted.set, jobs)
    assert " ".join(f"{name}{work.shares[name]}" for name in names) == shares


def test_a_failure_stops_what_needs_it_and_nothing_else():
    work = Work(b=PartError("b failed"), f=PartError("f failed"))
    failures = work.run("a b c d e f", 1, c="b", d="c a", e="a")
    assert list(failures.errors) == ["b", "f"]
    assert failures.skipped == ("c", "d")
    assert "e done" in work.log
    assert not work.aborted.is_set()


def test_anything_else_ends_the_run():
    work = Work(a=EngineError("gone"))
    with pytest.raises(EngineError):
        work.run("a b c", 1)
    assert work.aborted.is_set()
    assert "c" not in work.log


def test_ctrl_c_does_not_wait_for_what_runs():
    """What runs ends because abort removes its container; nothing new starts."""
    aborted = threading.Event()
    started: list[str] = []

    def action(name: str, _: int) -> None:
        started.append(name)
        if name == "a":
            raise KeyboardInterrupt
        assert aborted.wait(10)

    with pytest.raises(KeyboardInterrupt):
        schedule.run(["b", "a", "c"], dict.fromkeys("abc", ()), action, aborted.set, 2)
    assert sorted(started) == ["a", "b"]


def test_what_was_about_to_start_is_stopped_as_well():
    """Its container comes into being after the first abort: it takes a second one."""
    aborts = threading.Semaphore(0)

    def action(name: str, _: int) -> None:
        if name == "a":
            raise KeyboardInterrupt
        for _ in range(2):
            assert aborts.acquire(timeout=10)

    def abort() -> None:
        aborts.release()
        raise EngineError("gone")

    with pytest.raises(KeyboardInterrupt):
        schedule.run(["b", "a"], dict.fromkeys("ab", ()), action, abort, 2)
