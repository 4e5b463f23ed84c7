"""Several downloads at a time, in threads that an interrupt doesn't have to wait for."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

K = TypeVar("K")
A = TypeVar("A")
R = TypeVar("R")
PATIENCE = 1.0
"""Seconds that an interrupted run waits for its threads to tidy up. One that waits for a silent server for longer is
left behind: the threads of concurrent.futures can't be, they keep the process from ending."""


def each(function: Callable[[A], R], arguments: Mapping[K, A], threads: int, stopped: threading.Event) -> dict[K, R]:
    """Return function's result for each argument, under the argument's key.

    stopped: set when this is interrupted, for function to see. What function raises is raised here.
    """
    waiting = deque(arguments.items())
    done: dict[K, R] = {}
    broken: list[BaseException] = []

    def work() -> None:
        while waiting and not stopped.is_set():
            try:
                key, argument = waiting.popleft()
            except IndexError:  # another thread was quicker
                return
            try:
                done[key] = function(argument)
            except BaseException as problem:  # noqa: BLE001 - raised again in the thread that waits
                broken.append(problem)
                stopped.set()

    workers = [threading.Thread(target=work, daemon=True) for _ in range(min(threads, len(waiting)))]
    try:
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    except BaseException:
        stopped.set()
        end = time.monotonic() + PATIENCE
        for worker in workers:
            worker.join(max(0.0, end - time.monotonic()))
        raise
    if broken:
        raise broken[0]
    return done
