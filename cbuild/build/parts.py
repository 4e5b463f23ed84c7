"""Keys, the store, and building what the store lacks."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from cbuild.base import Base
from cbuild.build.outcome import Failures
from cbuild.engine.api import Engine
from cbuild.errors import PartError
from cbuild.events import Event, Report
from cbuild.plan.key import Document, document, key_of
from cbuild.plan.part import Part, Plan
from cbuild.plan.priority import longest_first
from cbuild.source import Fetched, Request
from cbuild.state import failures, seconds
from cbuild.state.home import Home
from cbuild.state.results import Result, Results

if TYPE_CHECKING:
    from cbuild.build.late import Late
    from cbuild.build.sandbox import Sandbox, Task
    from cbuild.build.site import Sites

UNBUILT = "not built yet"


@dataclass(frozen=True)
class Built:
    """A part that is in the store: its key, what the key gave, and whether this run installed it."""

    key: str
    result: Result
    fresh: bool


class Progress(Protocol):
    """Is told of parts while they are being installed; called from several threads, ``finished`` by one at a time."""

    def starting(self, name: str) -> None:
        """Note that a part is about to be installed."""

    def finished(self, name: str, built: Built) -> None:
        """Note that a part is in the store."""


class Parts:
    """Brings every part of a plan into the store.

    sources: URL as the options have it to the fetched file, of all parts. late: finds what recipes ask for while they
    are installed. sites: makes what recipes are imported from.
    """

    def __init__(
        self,
        plan: Plan,
        home: Home,
        builder: Base,
        sources: Mapping[str, Fetched],
        late: Late,
        sites: Sites,
        report: Report,
    ) -> None:
        self._plan = plan
        self._home = home
        self._builder = builder
        self._sources = dict(sources)
        self._late = late
        self._sites = sites
        self._report = report
        self._results = Results(home, report)
        self._lock = threading.Lock()
        self._aborted = False
        self.built: dict[str, Built] = {}

    def look_up(self) -> list[str]:
        """Take what the store has; return the parts that it lacks, in plan order."""
        missing = []
        for name, part in self._plan.parts.items():
            if all(required in self.built for required in part.requires) and self._cached(part):
                continue
            missing.append(name)
        return missing

    def install(self, missing: list[str], engine: Engine, jobs: int, progress: Progress, *, keep: bool) -> Failures:
        """Install the missing parts side by side; return what failed."""
        from cbuild.build.runs import clean, running  # noqa: PLC0415 - all of this is 30 ms of imports that a run
        from cbuild.build.sandbox import Sandbox  # noqa: PLC0415 - with nothing to do need not pay

        with running(self._home) as run:
            clean(self._home, engine)
            sandbox = Sandbox(engine, self._home, self._builder, run, make_jobs=1)
            sandbox.load()
            return self._schedule(missing, sandbox, engine, jobs, progress, keep=keep)

    def _schedule(
        self, missing: list[str], sandbox: Sandbox, engine: Engine, jobs: int, progress: Progress, *, keep: bool
    ) -> Failures:
        from cbuild.build import schedule  # noqa: PLC0415 - see install
        from cbuild.build.alone import Alone  # noqa: PLC0415

        alone = Alone(self._home, self._report)

        def action(name: str, share: int) -> None:
            part = self._plan.parts[name]
            # Early cutoff: a part whose requirements came out the same has the same key as before.
            if not self._cached(part):
                key = key_of(self.document(part))
                with alone.at(key, name, f"Waiting for another cbuild that installs {name}."):
                    # While this one waited, the other one may have stored it.
                    if not self._cached(part):
                        progress.starting(name)
                        self._install(part, sandbox, math.ceil(cpus() / share), keep=keep)
            with self._lock:
                progress.finished(name, self.built[name])
            self._report(Event("part-done", name))

        def abort() -> None:
            self._aborted = True
            alone.stop()
            for state in engine.containers({"cbuild.run": sandbox.run}):
                engine.remove(state.id)

        requires = {name: part.requires for name, part in self._plan.parts.items()}
        order = longest_first(missing, requires, {name: self._seconds(name) for name in missing})
        self._report(Event("parts", "", data={"waiting": order, "there": len(self.built)}))
        try:
            ended = schedule.run(order, requires, action, abort, jobs)
        finally:
            self._report(Event("parts-done", ""))
        for name in ended.skipped:
            needed = ", ".join(part for part in requires[name] if part in ended.errors)
            self._report(Event("part-skipped", name, f"Left out {name}: it needs {needed}."))
        return ended

    def _seconds(self, name: str) -> float | None:
        recipe = self._plan.parts[name].recipe
        return seconds.last(self._home, name, recipe.module or recipe.spec)

    def document(self, part: Part) -> Document:
        """Return the part's key document; a requirement that the store lacks stands as UNBUILT in it."""
        return self._document(self._whole(part))

    def _document(self, part: Part) -> Document:
        built = self.built
        layers = {name: built[name].result.layer.diff_id if name in built else UNBUILT for name in part.requires}
        sources = {url: found.sha256 for url, found in self._fetched(part).items()}
        return document(part, self._builder.digest, sources, layers)

    def task(self, part: Part, sandbox: Sandbox) -> Task:
        """Return what a sandbox has to do to install part; what it requires is in the store.

        sandbox: makes what the recipe is imported from, unless the store has it.
        """
        from cbuild.build.sandbox import Task  # noqa: PLC0415 - see install

        whole = self._whole(part)
        layers = [self.built[name].result.layer.diff_id for name in whole.requires]
        develop = [self._sources[request.url] for request in whole.recipe.develop]
        task = Task.install(whole, self._fetched(whole), develop, layers)
        return replace(task, site=self._sites.of(whole, sandbox))

    def _whole(self, part: Part) -> Part:
        """Return part with all that its recipe is known to ask for while it is installed."""
        while (need := self._late.need(key_of(self._document(part)))) is not None:
            part = self._late.added(part, need)
        return part

    def _fetched(self, part: Part) -> dict[str, Fetched]:
        return {url: self._source(url, request) for url, request in part.sources.items()}

    def _source(self, url: str, request: Request) -> Fetched:
        found = self._sources.get(url)
        if found is None or request.md5 not in (None, found.md5):
            found = self._sources[url] = self._late.fetch(request)
        return found

    def _cached(self, part: Part) -> bool:
        key = key_of(self.document(part))
        result = self._results.get(key)
        if result is not None:
            self.built[part.name] = Built(key, result, fresh=False)
        return result is not None

    def _install(self, part: Part, sandbox: Sandbox, make_jobs: int, *, keep: bool) -> None:
        from cbuild.build.sandbox import NeedsMore  # noqa: PLC0415 - see install

        log = str(sandbox.growing_log(part.name))
        self._report(Event("part-running", part.name, data={"log": log, "make_jobs": make_jobs}))
        result = None
        while result is None:
            details = self.document(part)
            key = key_of(details)
            with self._noted(part.name, key, sandbox.run):
                task = replace(self.task(part, sandbox), make_jobs=make_jobs)
                try:
                    result = sandbox.install(task, self._results.log(key), keep=keep)
                except NeedsMore as more:
                    self._late.keep(self._whole(part), key, more.result)
        self._results.put(key, details, result)
        seconds.note(self._home, part.name, part.recipe.module or part.recipe.spec, result.seconds)
        self.built[part.name] = Built(key, result, fresh=True)
        message = f"Installed {part.name} in {result.seconds:.1f} s ({result.layer.size} bytes)."
        self._report(Event("part-built", part.name, message, {"seconds": result.seconds}))
        for lint in result.lints:
            self._report(Event("warning", part.name, f"Lint in {part.name}: {lint}"))

    @contextmanager
    def _noted(self, part: str, key: str, run: str) -> Iterator[None]:
        """Tell that a part failed, and keep it for `cbuild graph` and `why`.

        What an end of the whole run stopped has not failed.
        """
        at, started = time.time(), time.monotonic()
        try:
            yield
        except PartError as error:
            if not self._aborted:
                took = round(time.monotonic() - started, 3)
                failures.note(self._home, key, failures.Failure(error.brief, run, round(at, 3), took))
                self._report(Event("part-failed", part, f"Failed {part} after {took:.1f} s."))
            raise
        failures.forget(self._home, key)


def cpus() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0))
