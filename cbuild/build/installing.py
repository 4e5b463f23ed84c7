"""Installing what the store lacks: parts side by side, each in a sandbox, each by one cbuild at a time."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from cbuild.build import schedule
from cbuild.build.alone import Alone
from cbuild.build.outcome import Failures
from cbuild.build.parts import Parts, Progress
from cbuild.build.sandbox import NeedsMore, Sandbox
from cbuild.engine.api import Engine
from cbuild.errors import PartError
from cbuild.events import Event, Report
from cbuild.plan.key import key_of
from cbuild.plan.part import Part, Plan
from cbuild.plan.priority import guess, longest_first
from cbuild.state import failures, seconds
from cbuild.state.home import Home


class Installing:
    """One run over parts that the store lacks.

    parts: looks into the store, and gets what was made. progress: told what happens to each part. keep: leave a failed
    part's scratch directory for a look.
    """

    def __init__(
        self,
        plan: Plan,
        parts: Parts,
        home: Home,
        engine: Engine,
        sandbox: Sandbox,
        progress: Progress,
        report: Report,
        *,
        keep: bool,
    ) -> None:
        self._plan = plan
        self._parts = parts
        self._home = home
        self._engine = engine
        self._sandbox = sandbox
        self._progress = progress
        self._report = report
        self._keep = keep
        self._alone = Alone(home, report)
        self._lock = threading.Lock()
        self._aborted = False
        self._left_out: set[str] = set()

    def run(self, missing: Sequence[str], jobs: int) -> Failures:
        """Install the missing parts (in plan order), jobs at a time; return what failed, when all others are done."""
        requires = {name: part.requires for name, part in self._plan.parts.items()}
        order = longest_first(missing, requires, {name: self._seconds(name) for name in missing})
        self._report(Event("parts", "", data={"waiting": order, "there": len(self._parts.built)}))
        try:
            return schedule.run(order, requires, self._bring, self._abort, jobs)
        finally:
            self._report(Event("parts-done", ""))

    def _seconds(self, name: str) -> float:
        part = self._plan.parts[name]
        known = seconds.last(self._home, name, part.recipe.module or part.recipe.spec)
        return guess(self._parts.source_size(part)) if known is None else known

    def _bring(self, name: str, share: int) -> None:
        """Bring a part into the store; share: by how many the processors are shared."""
        part = self._plan.parts[name]
        # Early cutoff: a part whose requirements came out the same has the same key as before.
        if not self._parts.cached(part):
            key = key_of(self._parts.document(part))
            with self._alone.at(key, name, f"Waiting for another cbuild that installs {name}."):
                # While this one waited, the other one may have stored it.
                if not self._parts.cached(part):
                    self._progress.starting(name)
                    self._install(part, share)
        with self._lock:
            self._progress.finished(name, self._parts.built[name])
        self._report(Event("part-done", name))

    def _abort(self) -> None:
        self._aborted = True
        self._alone.stop()
        for state in self._engine.containers({"cbuild.run": self._sandbox.run}):
            self._engine.remove(state.id)

    def _install(self, part: Part, share: int) -> None:
        make_jobs = math.ceil(schedule.cpus() / share)
        log = str(self._sandbox.growing_log(part.name))
        self._report(Event("part-running", part.name, data={"log": log, "make_jobs": make_jobs}))
        result = None
        while result is None:
            details = self._parts.document(part)
            key = key_of(details)
            with self._noted(part.name, key):
                task = replace(self._parts.task(part, self._sandbox), make_jobs=make_jobs, background=share > 1)
                try:
                    result = self._sandbox.install(task, self._parts.log(key), keep=self._keep)
                except NeedsMore as more:
                    self._parts.learn(part, key, more.result)
                    # An answer that was lost or forgotten (gc) may lead to a result that is still there.
                    if self._parts.cached(part):
                        return
        self._parts.store(part, details, result)
        seconds.note(self._home, part.name, part.recipe.module or part.recipe.spec, result.seconds)
        message = f"Installed {part.name} in {result.seconds:.1f} s ({result.layer.size} bytes)."
        self._report(Event("part-built", part.name, message, {"seconds": result.seconds}))
        for lint in result.lints:
            self._report(Event("warning", part.name, f"Lint in {part.name}: {lint}"))

    @contextmanager
    def _noted(self, part: str, key: str) -> Iterator[None]:
        """Tell that a part failed, and keep it for `cbuild graph` and `why`.

        What an end of the whole run stopped has not failed.
        """
        at, started = time.time(), time.monotonic()
        try:
            yield
        except PartError as error:
            if not self._aborted:
                took = round(time.monotonic() - started, 3)
                failure = failures.Failure(part, error.brief, self._sandbox.run, round(at, 3), took)
                failures.note(self._home, key, failure)
                self._report(Event("part-failed", part, f"Failed {part} after {took:.1f} s."))
                self._leave_out(part)
            raise
        failures.forget(self._home, key)

    def _leave_out(self, failed: str) -> None:
        """Tell, once, of each part that can't be installed because one failed that it refers to."""
        with self._lock:
            names = [name for name, part in self._plan.parts.items() if failed in part.requires]
            names = [name for name in names if name not in self._left_out]
            self._left_out.update(names)
        for name in names:
            self._report(Event("part-skipped", name, f"Left out {name}: it needs {failed}."))
