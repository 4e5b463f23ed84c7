"""One builder container for all questions of a run: some hundredths of a second each, instead of 0.4 s."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Self

from cbuild.build.sandbox import Sandbox, Scratch, Task
from cbuild.engine.api import Engine, Mount
from cbuild.errors import EngineError
from cbuild.plan.resolve import FOREIGN
from cbuild.recipe import code, serve
from cbuild.recipe.registry import BUILD

QUESTIONS = "questions"
"""The fifo that has a line for each question. When cbuild dies its end closes, and the container ends by itself."""

SERVER = "serve.py"

MODULES = (code.RUNNER, *BUILD.modules, FOREIGN)
"""What most questions take."""

# The options are those of every builder's Python (cbuild.build.sandbox.RUN).
COMMAND = ("python3", "-P", "-s", "-B", f"/run/cbuild/{SERVER}", f"/run/cbuild/{QUESTIONS}", *MODULES)

LOOK = 1.0
"""Seconds between two looks at whether the container still runs."""


class Asker:
    """Answers questions one after the other, each in a process of its own and in empty directories.

    Every question finds the same paths, so nothing tells how many were asked before it. directory: the run's own.
    """

    def __init__(self, engine: Engine, sandbox: Sandbox, directory: Path) -> None:
        self._engine = engine
        self.sandbox = sandbox
        self._scratch = Scratch(directory / ".questions", keep=False)
        self._tmp = self._scratch.root / "tmp"
        self._container = ""
        self._fifo = -1

    def __enter__(self) -> Self:
        """Start the container."""
        self._scratch.__enter__()
        self._tmp.mkdir()
        os.mkfifo(self._scratch.job / QUESTIONS)
        (self._scratch.job / QUESTIONS).chmod(0o644)
        code.copy(self._scratch.job / "code", *MODULES)
        (self._scratch.job / SERVER).write_bytes(Path(serve.__file__).read_bytes())
        # For reading and writing: opening it doesn't wait for the other end.
        self._fifo = os.open(self._scratch.job / QUESTIONS, os.O_RDWR)
        spec = self.sandbox.spec(QUESTIONS, self._scratch)
        mounts = (*spec.mounts, Mount(self._tmp, "/tmp", read_only=False))  # noqa: S108 - a mount in the container
        try:
            self._container = self._engine.create(replace(spec, command=COMMAND, mounts=mounts, tmpfs={}))
            self._engine.start(self._container)
            # Until it has imported what every question takes: the code is put anew for each.
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        """Remove the container and what it had."""
        try:
            os.close(self._fifo)
            if self._container:
                # The reason for the end is what counts, not that an engine which went away can't remove anything.
                with suppress(EngineError):
                    self._engine.remove(self._container)
        finally:
            self._scratch.__exit__(None)

    def ask(self, task: Task) -> dict[str, object]:
        """Return the result document of a task (see cbuild.recipe.run); of one that failed with its ``log``."""
        self._scratch.empty(self._tmp, keep=(QUESTIONS, SERVER))
        self._tmp.chmod(0o1777)
        self._scratch.fill((), task.directories)
        self._scratch.write_job(task, self.sandbox.site(task))
        os.write(self._fifo, b"\n")
        self._wait()
        result = self._scratch.result()
        return result if result["ok"] else {**result, "log": self._scratch.last_words()}

    def _wait(self) -> None:
        done = self._scratch.log / "done"
        look, pause = time.monotonic() + LOOK, 0.001
        while not os.path.lexists(done):
            time.sleep(pause)
            pause = min(pause * 1.2, 0.02)
            if time.monotonic() > look:
                look = time.monotonic() + LOOK
                state = self._engine.state(self._container)
                if state is None or not state.running:
                    raise EngineError(
                        "The builder that answers questions has ended.",
                        reason="engine-container-gone",
                        resolution="Run cbuild again; what was answered is kept.",
                    )
