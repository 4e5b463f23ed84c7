"""Somebody else's constructors: run in a builder, their answers kept under the question's digest."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import cast

from cbuild.base import Base
from cbuild.canonical import canonical_json, hex_of, sha256_bytes, write_atomic
from cbuild.engine.api import Engine
from cbuild.plan.part import RecipeUse
from cbuild.plan.resolve import Answer, Question
from cbuild.source import Request, Sources
from cbuild.state.home import Home


class Constructors:
    """Answers questions of the planner (cbuild.plan.resolve.Construct).

    engine: connects when it is called for the first time; a run whose answers are all kept never calls it.
    """

    def __init__(self, home: Home, builder: Base, sources: Sources, engine: Callable[[], Engine]) -> None:
        self._home = home
        self._builder = builder
        self._sources = sources
        self._engine = engine

    def __call__(self, question: Question, develop: tuple[Request, ...]) -> Answer:
        """Return the constructor's answer; failures are not kept."""
        path = self._home.answers / f"{hex_of(sha256_bytes(canonical_json(question)))}.json"
        try:
            return cast("Answer", json.loads(path.read_bytes()))
        except (FileNotFoundError, ValueError):
            answer = self._run(question, develop)
        if answer["ok"] or answer["kind"] == "needs":
            write_atomic(path, canonical_json(answer))
        return answer

    def _run(self, question: Question, develop: tuple[Request, ...]) -> Answer:
        from cbuild.build.runs import clean, running  # noqa: PLC0415 - 30 ms that kept answers don't cost
        from cbuild.build.sandbox import Sandbox, Task  # noqa: PLC0415

        engine = self._engine()
        part, options = str(question["part"]), cast("Mapping[str, str]", question["options"])
        visible = cast("Mapping[str, Mapping[str, str]]", question["visible"])
        recipe = RecipeUse(str(question["code"]), spec=str(question["spec"]))
        fetched = self._sources.fetch_all(develop)
        task = Task(part, "construct", recipe, {**visible, part: options}, {}, fetched, ())
        with running(self._home) as run:
            clean(self._home, engine)
            sandbox = Sandbox(engine, self._home, self._builder, run, make_jobs=1)
            sandbox.load()
            return sandbox.construct(task)
