"""Configure, make, make install: slapos.recipe.cmmi's options and order (SLAPOS.md 1.2)."""

from __future__ import annotations

import hashlib
import os
import shutil
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cbuild.recipe.api import Buildout, Options, Source, UserError
from recipes import shell
from recipes.unpack import top, unpack

SHEBANG_LIMIT = 127
"""Linux cuts a longer ``#!`` line (BINPRM_BUF_SIZE); before 5.1 silently."""

HOOKS = ("pre-configure-hook", "pre-make-hook", "post-make-hook")


class Recipe:
    """One part: unpack url (or use path), patch, configure, make, make install into the part's location.

    Options: url or path, md5sum, prefix, configure-command, configure-options, make-binary, make-options, make-targets,
    patches, patch-binary, patch-options, environment, pre-configure, pre-build, pre-install, post-install, the hooks,
    promises, strip-top-level-dir, keep-compile-dir. ``@@LOCATION@@`` in any of them is the location.
    """

    def __init__(self, buildout: Buildout, name: str, options: Options) -> None:
        self.buildout = buildout
        self.name = name
        self.options = options
        self.location = Path(buildout["buildout"]["parts-directory"], name)
        for key in list(options):
            if "@@LOCATION@@" in options[key]:
                options[key] = options[key].replace("@@LOCATION@@", str(self.location))
        if options.get("location", str(self.location)) != str(self.location):
            raise UserError(f"[{name}] location: it is {self.location} and can't be chosen.")
        options["location"] = str(self.location)
        options["prefix"] = options.get("prefix", "").strip() or str(self.location)
        options["compile-directory"] = f"/build/{name}"
        self.environment = shell.environment(buildout, options)
        self.archive = self._archive()
        self.patches = [self._file(line) for line in options.get("patches", "").split()]
        self.hooks = {key: self._hook(options[key].strip()) for key in HOOKS if options.get(key, "").strip()}

    def install(self) -> list[str]:
        """Compile and install; the part's own location is all that it makes."""
        self.location.mkdir(parents=True)
        environ = shell.expand(self.environment)
        compile_directory = Path(self.options["compile-directory"])
        source = self._unpack(compile_directory, environ)
        for patch in self.patches:
            self._run(self._patch_command(patch), environ, source)
        self._step("pre-configure", environ, source, hook="pre-configure-hook")
        self._run(self.configure_command(), environ, source)
        self._step("pre-build", environ, source, hook="pre-make-hook")
        self._run(self.make_command(), environ, source)
        self._step("pre-install", environ, source)
        self._run(self.install_command(), environ, source)
        self._call_hook("post-make-hook", environ, source)
        self._step("post-install", environ, source)
        if not self.options.flag("keep-compile-dir") and self.archive:
            shutil.rmtree(compile_directory)
        self._check_promises()
        fix_shebangs(self.location)
        return [str(self.location)]

    update = install

    def configure_command(self) -> str:
        """Return the command line of configure (unformatted)."""
        command = self.options.get("configure-command", "").strip()
        arguments = " ".join(self.options.get("configure-options", "").split())
        if command:
            return _words(command, arguments)
        prefix = "" if "--prefix" in arguments else f' --prefix="{self.options["prefix"]}"'
        return _words(f"./configure{prefix}", arguments)

    def make_command(self) -> str:
        """Return the command line that builds."""
        return _words(self._make(), self._make_options())

    def install_command(self) -> str:
        """Return the command line that installs; a custom configure command means that make has to hear of prefix."""
        targets = " ".join(self.options.get("make-targets", "install").split())
        command = _words(self._make(), self._make_options(), targets)
        custom = self.options.get("configure-command", "").strip()
        if custom and self._make() == "make" and targets == "install":
            command += f' prefix="{self.options["prefix"]}"'
        return command

    def _make(self) -> str:
        return self.options.get("make-binary", "").strip() or "make"

    def _make_options(self) -> str:
        return " ".join(self.options.get("make-options", "").split())

    def _archive(self) -> Source | None:
        url, path = self.options.get("url", "").strip(), self.options.get("path", "").strip()
        if bool(url) == bool(path):
            raise UserError(f"[{self.name}] needs one of url and path, and not both.")
        if url:
            return self.buildout.source(url, self.options.get("md5sum"))
        # A directory of the profile's own comes in as an archive; one of another part is there already.
        inside = path.startswith((self.buildout["buildout"]["directory"] + "/", "/build/"))
        return None if inside else self.buildout.source(path)

    def _file(self, line: str) -> Source:
        url, _, md5sum = line.partition("#")
        return self.buildout.source(url, md5sum or None)

    def _hook(self, line: str) -> tuple[Source, str]:
        location, colon, function = line.rpartition(":")
        if not colon:
            raise UserError(f"[{self.name}] {line!r} is not URL[#MD5]:FUNCTION.")
        return self._file(location), function

    def _unpack(self, directory: Path, environ: dict[str, str]) -> Path:
        if self.archive is None:
            return Path(self.options["path"].strip())
        directory.mkdir(parents=True)
        unpack(self.archive.path, directory, environ)
        return top(directory)

    def _patch_command(self, patch: Source) -> str:
        binary = self.options.get("patch-binary", "").strip() or "patch"
        arguments = " ".join(self.options.get("patch-options", "-p0").split())
        return f"{binary} {arguments} < {patch.path}".replace("%", "%%")

    def _step(self, option: str, environ: dict[str, str], source: Path, hook: str = "") -> None:
        if hook:
            self._call_hook(hook, environ, source)
        if command := self.options.get(option, "").strip():
            self._run(command, environ, source)

    def _run(self, command: str, environ: dict[str, str], source: Path) -> None:
        try:
            formatted = command % self.options
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(f"{command!r} can't be formatted with the part's options: {error}") from None
        shell.run(formatted, environ, source)

    def _call_hook(self, option: str, environ: dict[str, str], source: Path) -> None:
        if option not in self.hooks:
            return
        file, name = self.hooks[option]
        module = types.ModuleType("hook_" + hashlib.sha256(file.url.encode()).hexdigest()[:12])
        exec(compile(file.path.read_bytes(), file.url, "exec"), module.__dict__)  # noqa: S102 - the hook is the profile's
        function: Callable[..., Any] = getattr(module, name)
        here = Path.cwd()
        os.chdir(source)
        try:
            takes_environ = function.__code__.co_argcount > len(("options", "buildout"))
            function(self.options, self.buildout, *((environ,) if takes_environ else ()))
        finally:
            os.chdir(here)

    def _check_promises(self) -> None:
        for path in self.options.get("promises", "").split():
            if not Path(path).exists():
                print(f"warning: the promise {path} is not there", flush=True)  # noqa: T201 - this is the part's log


def _words(*words: str) -> str:
    return " ".join(filter(None, words))


def fix_shebangs(location: Path) -> None:
    """Replace programs whose ``#!`` line is too long for Linux by a wrapper that runs them through `sh`."""
    for directory in (location / "bin", location / "sbin"):
        for path in sorted(directory.iterdir()) if directory.is_dir() else ():
            if path.is_file() and not path.is_symlink():
                _fix_shebang(path)


def _fix_shebang(path: Path) -> None:
    with path.open("rb") as stream:
        line = stream.readline(4096)
    if not line.startswith(b"#!") or len(line.rstrip()) <= SHEBANG_LIMIT:
        return
    renamed = path.with_name(path.name + ".shebang")
    mode = path.stat().st_mode
    path.rename(renamed)
    interpreter = line[2:].strip().decode()
    path.write_text(f'#!/bin/sh\nexec {interpreter} "{renamed}" "$@"\n', encoding="utf-8")
    path.chmod(mode)
