"""Constructors that run in a builder: asked when nothing is kept under the question's digest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from cbuild.base import Base
from cbuild.build.site import Sites
from cbuild.engine.api import Engine
from cbuild.events import Event, Report
from cbuild.plan.asking import Answer
from cbuild.plan.key import key_of, question
from cbuild.plan.part import Part
from cbuild.source import Sources
from cbuild.state.answers import Answers
from cbuild.state.home import Home

if TYPE_CHECKING:
    from cbuild.build.asker import Asker


class Constructors:
    """Answers the planner's questions (cbuild.plan.asking.Construct).

    builder, engine: made and connected when they are called for the first time; a run whose answers are all kept never
    calls the engine. What was started for the questions is ended by ``ended``.
    """

    def __init__(
        self, home: Home, builder: Callable[[], Base], sources: Sources, engine: Callable[[], Engine], report: Report
    ) -> None:
        self._home = home
        self._report = report
        self._builder = builder
        self._sources = sources
        self._engine = engine
        self._answers = Answers(home)
        self.sites = Sites(home, builder, sources)
        self._started = ExitStack()
        self._asker: Asker | None = None

    @contextmanager
    def ended(self) -> Iterator[None]:
        """End, after a block, the container that answered questions in it."""
        with self._started:
            yield
        self._asker = None

    def __call__(self, part: Part) -> Answer:
        """Return the constructor's answer; failures are not kept."""
        sources = {url: self._sources.fetch(request) for url, request in part.sources.items()}
        document = question(part, self._builder().digest, {url: found.sha256 for url, found in sources.items()})
        digest = key_of(document)
        kept = self._answers.get(digest)
        if kept is not None:
            return kept
        from cbuild.build.sandbox import Task  # noqa: PLC0415 - 30 ms that kept answers don't cost

        asker = self._running()
        self._report(Event("debug", part.name, f"Asking the recipe of {part.name}."))
        task = Task.construct(part, sources, self._sources.fetch_all(part.recipe.develop))
        answer = asker.ask(replace(task, site=self.sites.of(part, asker.sandbox)))
        self._answers.keep(digest, answer)
        return answer

    def _running(self) -> Asker:
        """Return the container that answers, started at the first question of the run."""
        if self._asker is None:
            from cbuild.build.asker import Asker  # noqa: PLC0415 - as above
            from cbuild.build.runs import clean, running  # noqa: PLC0415
            from cbuild.build.sandbox import Sandbox  # noqa: PLC0415

            engine = self._engine()
            self._report(Event("info", "constructors", "Asking recipes in a builder."))
            run = self._started.enter_context(running(self._home))
            clean(self._home, engine)
            sandbox = Sandbox(engine, self._home, self._builder(), run, make_jobs=1)
            sandbox.load()
            self._asker = self._started.enter_context(Asker(engine, sandbox, self._home.work / run))
        return self._asker
