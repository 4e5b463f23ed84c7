"""Measuring in turns: A B A B, so that what else the machine does meets both; medians, and their ratio."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Action = Callable[[int], object]
"""Called with the number of the round; what it costs is measured."""


@dataclass(frozen=True)
class Times:
    """One contender's times in seconds, one a round."""

    name: str
    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """Return the median in seconds."""
        return statistics.median(self.seconds)


def in_turns(contenders: Sequence[tuple[str, Action]], rounds: int) -> list[Times]:
    """Run each contender once a round and return their times, in the contenders' order."""
    times: list[list[float]] = [[] for _ in contenders]
    for number in range(rounds):
        for (_, action), seconds in zip(contenders, times, strict=True):
            started = time.perf_counter()
            action(number)
            seconds.append(time.perf_counter() - started)
    return [Times(name, tuple(seconds)) for (name, _), seconds in zip(contenders, times, strict=True)]


def show(title: str, times: Sequence[Times], size: int = 0) -> None:
    """Print a table: median, fastest and slowest round, and the ratio to the first; with size (bytes) also GB/s."""
    first = times[0].median
    width = max(len(each.name) for each in times)
    say(f"\n{title}; {len(times[0].seconds)} rounds in turns")
    rate = f"{'GB/s':>8}" if size else ""
    say(f"  {'':{width}}  {'median s':>9} {'fastest':>9} {'slowest':>9} {'ratio':>7}{rate}")
    for each in times:
        rate = f"{size / each.median / 1e9:8.2f}" if size else ""
        say(
            f"  {each.name:{width}}  {each.median:9.3f} {min(each.seconds):9.3f} {max(each.seconds):9.3f}"
            f" {each.median / first:7.2f}{rate}"
        )


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)  # noqa: T201 - benchmarks print
