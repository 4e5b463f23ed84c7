"""Parts side by side, each as soon as what it requires is there; a failure stops what depends on it, nothing else."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress

from cbuild.build.outcome import Failures
from cbuild.errors import CbuildError, PartError

AGAIN = 0.5
"""Seconds between two calls of abort."""


def run(
    names: Sequence[str],
    requires: Mapping[str, Sequence[str]],
    action: Callable[[str], None],
    abort: Callable[[], None],
    jobs: int,
) -> Failures:
    """Call action for every name, jobs at a time, those first that come first in names.

    requires: part to parts; those that aren't in names are there already. A PartError of action is noted; any other
    exception (the engine went away, Ctrl-C) ends the run: abort is called until nothing runs, nothing new is started.
    """
    waiting = list(names)
    done: set[str] = set()
    errors: dict[str, PartError] = {}
    running: dict[Future[None], str] = {}
    with ThreadPoolExecutor(jobs) as pool:
        try:
            while waiting or running:
                todo = {*waiting, *running.values(), *errors}
                for name in [name for name in waiting if not todo & set(requires[name])]:
                    if len(running) < jobs:
                        waiting.remove(name)
                        running[pool.submit(action, name)] = name
                if not running:
                    break
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    name = running.pop(future)
                    _note(name, future, done, errors)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            _end(running, abort)
            raise
    return Failures(errors, tuple(waiting))


def _end(running: Collection[Future[None]], abort: Callable[[], None]) -> None:
    """Call abort until nothing runs any more: an action may have been about to start what abort stops."""
    while True:
        # The reason for the end is what counts, not that the engine which went away can't stop anything either.
        with suppress(CbuildError):
            abort()
        if not wait(running, timeout=AGAIN).not_done:
            return


def _note(name: str, future: Future[None], done: set[str], errors: dict[str, PartError]) -> None:
    try:
        future.result()
        done.add(name)
    except PartError as error:
        errors[name] = error
