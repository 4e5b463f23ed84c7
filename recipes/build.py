"""Python of the profile's own as a part: slapos.recipe.build (SLAPOS.md 1.3). It runs in a builder only."""

from __future__ import annotations

import ast
import linecache
import logging
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, cast

from cbuild.recipe.api import Buildout, Options, UserError
from recipes import promise, say, setup_eggs, shell, working_set
from recipes.unpack import unpack

SCRIPTS = ("init", "install", "update")

_ITSELF = re.compile(r"""self\.download\(\s*(\)|(url\s*=\s*)?(self\.)?options\[(['"])url\4\])""")


class _InBuilder(Protocol):
    """What a builder's buildout has besides."""

    def changed(self, part: str) -> dict[str, dict[str, str]]:
        """Return what was set in other sections than part."""


class Recipe:
    """Run init in the constructor, install (which makes location) or update when the part is installed.

    Options: init, install, update (one at least), location, environment, setup-eggs, shared, slapos_promise,
    keep-on-error; the rest is the scripts' own. A script sees `self` (this object), `options`, `location`, call,
    guessworkdir, is_true.
    """

    def __init__(self, buildout: Buildout, name: str, options: Options) -> None:
        self.buildout = buildout
        self.name = name
        self.options = options
        self.cleanup_list: list[str] = []
        self._extracted = 0
        # As they are now: what init makes of these options changes nothing.
        self._scripts = {script: options.get(script) for script in SCRIPTS}
        if not any(self._scripts.values()):
            raise UserError(f"[{name}] needs one at least of {', '.join(SCRIPTS)}.")
        self._eggs = self._install_eggs()
        self.shared = options.flag("shared")
        self.keep_on_error = options.flag("keep-on-error")
        self._environment = shell.environment(buildout, options)
        self.location = str(Path(buildout["buildout"]["parts-directory"], name))
        self._construct()

    def _install_eggs(self) -> list[Path]:
        """Make setup-eggs importable, tell which they are; return their directories."""
        lines = [line.strip() for line in self.options.get("setup-eggs", "").splitlines() if line.strip()]
        if not lines:
            return []
        try:
            found = setup_eggs.install(lines, self.buildout.distributions(*lines))
        except UserError as error:
            raise UserError(f"[{self.name}] setup-eggs: {error}") from None
        self.options["setup-eggs"] = "\n".join(setup_eggs.pins(found))
        sys.path[:0] = map(str, found)
        return found

    def _construct(self) -> None:
        options, default = self.options, self.location
        script = self._scripts["install"]
        if script and not options.get("location"):
            options["location"] = default
        self._run("init")
        if self.shared and (self._scripts["update"] or not script):
            raise UserError(f"[{self.name}] shared: a shared part has install and no update.")
        if script:
            self.location = options["location"]
            if self.shared and self.location != default:
                raise UserError(f"[{self.name}] location: that of a shared part can't be chosen.")
            self._declare(script)

    def _declare(self, script: str) -> None:
        """Ask now for what the script is going to ask for, as far as that can be read off it: it saves a run."""
        for section in sections_of(script, self.name):
            self.buildout.get(section)
        if self.options.get("url") and _ITSELF.search(script):
            self.buildout.source(self.options["url"], self.options.get("md5sum"))

    def install(self) -> list[str]:
        """Run install, check its promises; without one, run update."""
        buildout = cast("_InBuilder", self.buildout)
        before = buildout.changed(self.name)
        paths = self._install()
        if after := {name for name, options in buildout.changed(self.name).items() if options != before.get(name)}:
            say.warn(f"[{', '.join(sorted(after))}] is changed here for this part alone: others see what init has set")
        return paths

    def _install(self) -> list[str]:
        if not self._scripts["install"]:
            self._run("update")
            return []
        if not self.location:
            self._run("install")
            return []
        path = Path(self.location)
        _remove(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._run("install")
            promise.check(self.options.get("slapos_promise", ""), path)
        finally:
            for left in self.cleanup_list:
                _remove(Path(left))
        if not path.exists():
            raise UserError(f"install has not made {path}.")
        if self.shared and not path.is_dir():
            raise UserError(f"{path} is no directory, which shared needs.")
        return [self.location]

    def update(self) -> None:
        """Run update."""
        self._run("update")

    def _run(self, option: str) -> None:
        script = self._scripts[option]
        if not script:
            return
        file = f"{self.name}:{option}"
        working_set.offer()
        linecache.cache[file] = (len(script), None, script.splitlines(keepends=True), file)
        names = {**GLOBALS, "self": self, "options": self.options}
        if "location" in self.options:
            names["location"] = self.options["location"]
        try:
            with setup_eggs.exported(self._eggs):
                exec(compile(script, file, "exec"), names)  # noqa: S102 - the script is the profile's
        except UserError:
            raise
        except Exception as error:
            traceback.print_exc(file=sys.stdout)
            raise UserError(f"[{self.name}] {option}{_line(error, file)}: {_told(error)}") from error

    # What scripts call ------------------------------------------------------------------------------------------------

    @cached_property
    def logger(self) -> logging.Logger:
        """Return the part's logger; it writes to the part's log."""
        logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(name)s: %(message)s")
        return logging.getLogger(self.name)

    @cached_property
    def environ(self) -> dict[str, str]:
        """Return the process's environment with the option environment over it."""
        return shell.expand(self._environment)

    @property
    def cleanup_dir_list(self) -> list[str]:
        """Return cleanup_list, under its older name."""
        return self.cleanup_list

    cleanup_file_list = cleanup_dir_list

    def download(self, url: str | None = None, md5sum: str | None = None, path: str | None = None, **_: object) -> str:
        """Return the path of the file at url, or of the option url; with path it is copied there."""
        if url is None:
            url, md5sum = self.options["url"], self.options.get("md5sum")
        found = self.buildout.source(url, md5sum).path
        return str(shutil.copyfile(found, path)) if path else str(found)

    def extract(self, path: str) -> str:
        """Unpack an archive into a directory of its own, which goes when the part is done; return the directory."""
        # The name must be the same in every run: compilers write it into what they make.
        base = os.environ.get("CBUILD_BUILD") or tempfile.gettempdir()
        directory = Path(base, f"{self.name}.{self._extracted}")
        self._extracted += 1
        directory.mkdir(parents=True)
        self.cleanup_list.append(str(directory))
        unpack(Path(path), directory, self.environ)
        return str(directory)

    def copyTree(self, origin: str, destination: str, ignore_dir_list: Sequence[str] = ()) -> None:  # noqa: N802 - the scripts' name
        """Copy a directory to where nothing is yet; names in ignore_dir_list are left out."""
        if os.path.lexists(destination):
            raise UserError(f"{destination} is there already.")
        self.logger.info("Copying %r to %r", origin, destination)
        try:
            shutil.copytree(origin, destination, symlinks=True, ignore=lambda *_: list(ignore_dir_list))
        except BaseException:
            self.cleanup_list.append(destination)
            raise

    def pipeCommand(self, command_list_list: Sequence[Sequence[str]], *args: Any, **kwargs: Any) -> None:  # noqa: ANN401, N802 - Popen's arguments; the scripts' name
        """Run commands as a pipe; UserError if one of them fails. The last one's output is not read."""
        line = " | ".join(" ".join(command) for command in command_list_list)
        self.logger.info("Running: %s", line)
        processes: list[subprocess.Popen[bytes]] = []
        for command in command_list_list:
            if processes:
                kwargs["stdin"] = processes[-1].stdout
            processes.append(subprocess.Popen(command, *args, **kwargs | {"stdout": subprocess.PIPE}))
            if len(processes) > 1 and (given := processes[-2].stdout):
                given.close()
        if processes and (last := processes[-1].stdout):
            last.read()
        failed = [process.args for process in processes if process.wait()]
        if failed:
            raise UserError(f"exit code not 0 of: {', '.join(' '.join(map(str, command)) for command in failed)}")  # type: ignore[arg-type]  # argv, given above

    def applyPatchList(  # noqa: N802 - the scripts' name
        self,
        patch_string: str | None,
        patch_options: str | None = None,
        patch_binary: str | None = None,
        cwd: str | None = None,
    ) -> None:
        """Apply the patches that lines of ``URL [MD5 [OPTIONS]]`` name."""
        usual = shlex.split(patch_options or "")
        for line in filter(None, map(str.strip, (patch_string or "").splitlines())):
            url, _, rest = line.partition(" ")
            md5sum, _, own = rest.strip().partition(" ")
            usual = own.split() or usual  # for the lines after it, too, as with the original
            self.logger.info("Applying patch %r", url)
            with Path(self.download(url, None if md5sum.lower() == "unknown" else md5sum)).open("rb") as patch:
                command = [(patch_binary or "patch").strip(), *usual]
                subprocess.run(command, stdin=patch, cwd=cwd, check=True)


def call(*args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Popen's arguments
    """Run a command without standard input; CalledProcessError if it fails."""
    kwargs["stdin"] = subprocess.DEVNULL
    subprocess.run(*args, **kwargs, check=True)


def guessworkdir(path: str) -> str:
    """Return the only entry of a directory, or the directory if it has several."""
    found = os.listdir(path)  # noqa: PTH208 - scripts get and give text
    return os.path.join(path, *found) if len(found) == 1 else path  # noqa: PTH118 - as above


def is_true(value: str | None, default: object = False) -> object:
    """Return whether an option's value is ``true``; default without one."""
    if value is None:
        return default
    if value not in ("true", "false"):
        raise UserError(f"{value!r} is neither true nor false.")
    return ("false", "true").index(value)  # a number, as scripts that write it down expect


GLOBALS: dict[str, Callable[..., object]] = {function.__name__: function for function in (call, guessworkdir, is_true)}


def sections_of(script: str, name: str) -> Iterator[str]:
    """Give the sections that a script reads for certain: ``self.buildout["x"]`` outside of conditions and functions."""
    try:
        statements = ast.parse(script, name).body
    except SyntaxError:  # said when it runs
        return
    branches = (ast.If, ast.For, ast.While, ast.Try, ast.FunctionDef, ast.ClassDef)
    for statement in statements:
        if isinstance(statement, branches):
            continue
        for node in ast.walk(statement):
            match node:
                case ast.Subscript(value=ast.Attribute(attr="buildout"), slice=ast.Constant(value=str(section))):
                    yield section


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _line(error: Exception, file: str) -> str:
    """Return where in the script it happened."""
    if isinstance(error, SyntaxError) and error.filename == file:
        return f", line {error.lineno}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return f", line {lines[-1]}" if lines else ""


def _told(error: Exception) -> str:
    return str(error) if isinstance(error, subprocess.CalledProcessError) else f"{type(error).__name__}: {error}"
