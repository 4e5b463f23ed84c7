"""Several at a time."""

import threading

import pytest

from cbuild.source.threads import each


def test_results_come_back_under_their_keys():
    results = each(lambda number: number * 2, {str(n): n for n in range(50)}, 4, threading.Event())
    assert results == {str(n): 2 * n for n in range(50)}
    assert each(str, {}, 4, threading.Event()) == {}


def test_they_run_at_the_same_time():
    barrier = threading.Barrier(3, timeout=5)
    assert len(each(lambda _: barrier.wait(), dict.fromkeys(range(3)), 3, threading.Event())) == 3


def test_a_bug_is_raised_and_stops_the_others():
    stopped = threading.Event()
    with pytest.raises(ZeroDivisionError):
        each(lambda number: 1 // number, dict.fromkeys(range(9), 0), 2, stopped)
    assert stopped.is_set()
