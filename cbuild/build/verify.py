"""Installing parts again in a deliberately different builder, and comparing; the store stays as it is."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cbuild.build import schedule
from cbuild.build.explain import known
from cbuild.build.prepare import Prepared
from cbuild.build.runs import clean, running
from cbuild.build.sandbox import NeedsMore, Sandbox
from cbuild.build.surroundings import Surroundings
from cbuild.build.vary import WAYS, varied
from cbuild.engine.api import Engine
from cbuild.errors import PartError, UsageError
from cbuild.events import Event, Report
from cbuild.image.layout import Layout
from cbuild.layer.compare import Difference, compare
from cbuild.layer.write import Layer
from cbuild.state.home import Home, file_name

__all__ = ["Difference", "Verified", "verify"]

EVERY_RUN = "every-run"
"""The cause where a part comes out different even in the builder that it was installed in first."""

REPORT = 200
"""Lines of diffoscope's report that are kept."""


@dataclass(frozen=True)
class Verified:
    """What came of one part.

    runs: how often it was installed in all, the stored time included. error: why it could not be installed again, empty
    if it could. causes: the ways to be different (cbuild.build.vary) that alone make a difference; asked for only.
    report: diffoscope's, where it is installed.
    """

    name: str
    reproducible: bool
    runs: int
    differences: tuple[Difference, ...] = ()
    error: str = ""
    causes: tuple[str, ...] = ()
    report: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """In one word."""
        return "reproducible" if self.reproducible else "failed" if self.error else "different"


def verify(
    ready: Prepared,
    home: Home,
    connect: Callable[[], Engine],
    names: Sequence[str],
    jobs: int,
    report: Report,
    *,
    causes: bool = False,
) -> list[Verified]:
    """Install each of the parts (all if names is empty) again and compare; the order is the plan's.

    causes: look for what makes the difference: up to a dozen more installations of a part that came out different.
    UsageError (``unknown-part``, ``not-built``) before an engine is asked for with connect.
    """
    found: dict[str, Verified] = {}
    _chosen(ready, Layout(home.oci), names)
    engine = connect()
    with _again(ready, home, engine) as again:
        # Only now gc is kept from taking what is to be compared with.
        chosen = _chosen(ready, Layout(home.oci), names)

        def action(name: str, share: int) -> None:
            del share  # of the processors: each has one
            report(Event("part-started", name, f"Installing {name} again in a different builder."))
            found[name] = again.verify(name, causes=causes)
            report(Event("part-verified", name, f"{name}: {found[name].verdict}."))

        def abort() -> None:
            for state in engine.containers({"cbuild.run": again.run}):
                engine.remove(state.id)

        # The longest first: one of them alone in the end would leave the other processors idle.
        longest = sorted(chosen, key=lambda name: -ready.parts.built[name].result.seconds)
        schedule.run(longest, dict.fromkeys(chosen, ()), action, abort, jobs)
    return [found[name] for name in chosen]


def _chosen(ready: Prepared, layout: Layout, names: Sequence[str]) -> list[str]:
    for name in names:
        known(ready, name)
    chosen = [name for name in ready.plan.parts if name in names or not names]
    built = ready.parts.built
    missing = [name for name in chosen if name not in built or not layout.has(built[name].result.layer.diff_id)]
    if missing:
        raise UsageError(
            f"There is nothing to compare {missing[0]} with: the store doesn't have it as the profile is now.",
            reason="not-built",
            details=f"not built: {', '.join(missing)}",
            resolution="Build it: cbuild software",
        )
    return chosen


@contextmanager
def _again(ready: Prepared, home: Home, engine: Engine) -> Iterator[_Again]:
    with running(home) as run:
        clean(home, engine)
        store = home.work / run / ".again"
        again = _Again(ready, home, engine, run, Layout(store))
        try:
            again.sandbox(Surroundings()).load()
            yield again
        finally:
            shutil.rmtree(store, ignore_errors=True)


class _Again:
    """Installs parts into a store of their own, which is removed in the end."""

    def __init__(self, ready: Prepared, home: Home, engine: Engine, run: str, store: Layout) -> None:
        self._ready = ready
        self._home = home
        self._engine = engine
        self._store = store
        self._usual = Sandbox(engine, home, ready.builder, run, schedule.cpus())
        self.run = run

    def sandbox(self, surroundings: Surroundings) -> Sandbox:
        """Return a sandbox of these surroundings."""
        return Sandbox(
            self._engine, self._home, self._ready.builder, self.run, schedule.cpus(), surroundings, self._store
        )

    def verify(self, name: str, *, causes: bool) -> Verified:
        """Install a part again and compare."""
        stored = self._ready.parts.built[name].result.layer
        try:
            layer = self._install(name, varied())
        except PartError as error:
            return Verified(name, reproducible=False, runs=2, error=f"{error.brief}\n{error.details}".strip())
        if layer.diff_id == stored.diff_id:
            return Verified(name, reproducible=True, runs=2)
        paths = Layout(self._home.oci).blob(stored.diff_id), self._store.blob(layer.diff_id)
        responsible, more = self._causes(name) if causes else ((), 0)
        return Verified(
            name, False, 2 + more, tuple(compare(*paths)), causes=responsible, report=_diffoscope(*paths)
        )  # fmt: skip

    def _install(self, name: str, surroundings: Surroundings) -> Layer:
        task = self._ready.parts.task(self._ready.plan.parts[name], self._usual)
        log = self._home.work / self.run / ".again" / f"{file_name(name)}.log"
        try:
            return self.sandbox(surroundings).install(task, log, keep=False).layer
        except NeedsMore as more:
            raise PartError(f"The part {name} asks for something else than before: {more}.", section=name) from more

    def _causes(self, name: str) -> tuple[tuple[str, ...], int]:
        """Return the ways that alone make a difference, and how many installations that took."""
        if self._differs(name, Surroundings()):
            return (EVERY_RUN,), 1
        return tuple(way for way in WAYS if self._differs(name, varied([way]))), 1 + len(WAYS)

    def _differs(self, name: str, surroundings: Surroundings) -> bool:
        try:
            return self._install(name, surroundings).diff_id != self._ready.parts.built[name].result.layer.diff_id
        except PartError:
            return True


def _diffoscope(stored: Path, again: Path) -> tuple[str, ...]:
    """Return the report of diffoscope on two layers, where it is installed."""
    program = shutil.which("diffoscope")
    if not program:
        return ()
    done = subprocess.run(
        [program, "--text", "-", "--max-text-report-size", "100000", stored, again],
        capture_output=True, text=True, errors="replace", check=False,
    )  # fmt: skip
    lines = done.stdout.splitlines()
    return (*lines[:REPORT], f"… {len(lines) - REPORT} lines more") if len(lines) > REPORT else tuple(lines)
