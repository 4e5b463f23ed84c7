"""Parts side by side, each as soon as what it requires is there; a failure stops what depends on it, nothing else."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress

from cbuild.build.outcome import Failures
from cbuild.errors import CbuildError, PartError

AGAIN = 0.5
"""Seconds between two calls of abort."""


def run(
    names: Sequence[str],
    requires: Mapping[str, Sequence[str]],
    action: Callable[[str, int], None],
    abort: Callable[[], None],
    jobs: int,
) -> Failures:
    """Call action for every name, jobs at a time, those first that come first in names.

    requires: part to parts; those that aren't in names are there already. action's second argument: by how many the
    machine is shared. That is 1 for the first name of those that aren't done (everything else waits for that one in
    the end), and for others how many run now. A PartError of action is noted; any other exception (the engine went
    away, Ctrl-C) ends the run: abort is called until nothing runs, nothing new is started.
    """
    waiting = list(names)
    errors: dict[str, PartError] = {}
    running: dict[Future[None], str] = {}
    with ThreadPoolExecutor(jobs) as pool:
        try:
            while waiting or running:
                starting = _ready(waiting, running.values(), errors, requires)[: jobs - len(running)]
                beside = len(running) + len(starting)
                first = next((name for name in names if name in {*starting, *running.values()}), "")
                for name in starting:
                    waiting.remove(name)
                    running[pool.submit(action, name, 1 if name == first else beside)] = name
                if not running:
                    break
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    _note(running.pop(future), future, errors)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            _end(running, abort)
            raise
    return Failures(errors, tuple(waiting))


def _ready(
    waiting: Sequence[str], running: Iterable[str], failed: Iterable[str], requires: Mapping[str, Sequence[str]]
) -> list[str]:
    """Return what can be started: all that it requires is done."""
    missing = {*waiting, *running, *failed}
    return [name for name in waiting if missing.isdisjoint(requires[name])]


def _end(running: Collection[Future[None]], abort: Callable[[], None]) -> None:
    """Call abort until nothing runs any more: an action may have been about to start what abort stops."""
    while True:
        # The reason for the end is what counts, not that the engine which went away can't stop anything either.
        with suppress(CbuildError):
            abort()
        if not wait(running, timeout=AGAIN).not_done:
            return


def _note(name: str, future: Future[None], errors: dict[str, PartError]) -> None:
    try:
        future.result()
    except PartError as error:
        errors[name] = error


def cpus() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0))
