"""The last program that a recipe started: where it ran and in which environment, for whoever looks at a failure."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

NAME = "last-program"
"""The file beside the result: a shell script that goes there and sets the environment."""


class LastProgram:
    """Notes each program that this process starts from now on (audit event ``subprocess.Popen``)."""

    def __init__(self) -> None:
        self._command: object = ()
        self._directory = ""
        self._environment: dict[str, str] | None = None
        sys.addaudithook(self._see)

    def _see(self, event: str, arguments: tuple[object, ...]) -> None:
        if event != "subprocess.Popen":
            return
        _, self._command, directory, environment = arguments
        self._directory = os.fsdecode(directory or ".")  # type: ignore[arg-type]  # a path, as Popen takes it
        # The caller may change both afterwards.
        self._directory = os.path.abspath(self._directory)  # noqa: PTH100 - it need not be there
        given = os.environ if environment is None else environment
        self._environment = {os.fsdecode(key): os.fsdecode(value) for key, value in given.items()}  # type: ignore[attr-defined]

    def write(self, path: Path) -> None:
        """Write the script; nothing if no program was started."""
        if self._environment is not None:
            path.write_text(
                script(self._command, self._directory, self._environment), encoding="utf-8", errors="replace"
            )


def script(command: object, directory: str, environment: Mapping[str, str]) -> str:
    """Return shell commands that go to directory and set environment; command stands there as a comment."""
    words = [command] if isinstance(command, str | bytes | os.PathLike) else list(command)  # type: ignore[call-overload]
    shown = shlex.join(os.fsdecode(word) for word in words)
    lines = [f"# {line}" for line in shown.splitlines()]
    lines += [f"export {key}={shlex.quote(environment[key])}" for key in sorted(environment) if key.isidentifier()]
    return "\n".join([*lines, f"cd {shlex.quote(directory)}", ""])
