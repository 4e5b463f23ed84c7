"""slapos.cookbook:wrapper: a shell script that starts a program with its arguments and environment (SLAPOS.md 1.6)."""

from __future__ import annotations

import hashlib
import re
import shlex
from pathlib import Path

from cbuild.recipe.api import Buildout, Options, UserError
from recipes.shell import environment

# Asked for and not given would be a silent omission; each needs rights or tools that a partition doesn't have.
_REFUSED = ("private-tmpfs", "reserve-cpu")
_STREAMS = {"redirect-stdin": "<", "redirect-stdout": ">>", "redirect-stderr": "2>>"}
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Recipe:
    """Write `wrapper-path`: `#!/bin/sh -e`, what was asked for, `exec COMMAND "$@"`.

    Options: command-line (shell words), wrapper-path, environment, wait-for-files, pidfile, sig-ign, redirect-stdin,
    redirect-stdout, redirect-stderr, hash-files (files that parts write), hash-existing-files: with either, the digest
    of those files and of the script is part of the script's name, so that the supervisor starts the service anew.
    """

    def __init__(self, buildout: Buildout, name: str, options: Options) -> None:
        for option in _REFUSED:
            if options.get(option, "").strip():
                raise UserError(f"[{name}] {option} can't be honoured in a partition.")
        self.name = name
        self.options = options
        self.directory = Path(buildout["buildout"]["directory"])
        self.environment = environment(buildout, options)
        if bad := [key for key in self.environment if not _VARIABLE.fullmatch(key)]:
            raise UserError(f"[{name}] environment: {bad[0]!r} is no variable's name.")
        try:
            self.command = shlex.split(options["command-line"])
        except ValueError as error:
            raise UserError(f"[{name}] command-line: {error}") from None
        if not self.command:
            raise UserError(f"[{name}] command-line is empty.")
        self.path = self.directory / options["wrapper-path"].strip()
        self.hashed = [*_paths(options, "hash-files"), *_paths(options, "hash-existing-files")]

    def install(self) -> list[str]:
        """Write the script, readable and executable by its owner alone: arguments may hold secrets."""
        script = self.script()
        path = self.path
        if self.hashed:
            path = path.with_name(f"{path.name}-{self._digest(script)}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o700)
        path.write_text(script, encoding="utf-8")
        path.chmod(0o700)
        return [str(path)]

    def update(self) -> list[str]:
        """Write it again; a script under the name of an older digest is removed."""
        made = self.install()
        if self.hashed:
            for old in self.path.parent.glob(f"{self.path.name}-{'[0-9a-f]' * 32}"):
                if str(old) not in made:
                    old.unlink()
        return made

    def script(self) -> str:
        """Return the script's text."""
        lines = ["#!/bin/sh -e"]
        lines += [f"export {key}={shlex.quote(value)}" for key, value in sorted(self.environment.items())]
        for path in _paths(self.options, "wait-for-files"):
            lines.append(f"while ! [ -e {shlex.quote(path)} ]; do sleep 1; done")
        lines += [f"trap '' {signal.upper().removeprefix('SIG')}" for signal in self.options.get("sig-ign", "").split()]
        lines += self._pidfile()
        for option, operator in _STREAMS.items():
            if target := self.options.get(option, "").strip():
                lines.append(f"exec {operator}{shlex.quote(target)}")
        lines.append(f'exec {shlex.join(self.command)} "$@"')
        return "\n".join(lines) + "\n"

    def _pidfile(self) -> list[str]:
        pidfile = shlex.quote(self.options.get("pidfile", "").strip())
        if pidfile == "''":
            return []
        return [
            f'if [ -s {pidfile} ] && pid=$(cat {pidfile}) && [ "$pid" != $$ ] && kill -0 "$pid" 2>/dev/null; then',
            '  echo "Already running with pid $pid." >&2; exit 1',
            "fi",
            f"echo $$ > {pidfile}",
        ]

    def _digest(self, script: str) -> str:
        whole = hashlib.sha256(script.encode())
        for path in self.hashed:
            try:
                whole.update(Path(self.directory, path).read_bytes())
            except OSError as error:
                raise UserError(f"[{self.name}] hash-files: {path}: {error.strerror}") from None
        return whole.hexdigest()[:32]


def _paths(options: Options, name: str) -> list[str]:
    return options.get(name, "").split()
