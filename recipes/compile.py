"""Configure, make, make install: slapos.recipe.cmmi's options and order (SLAPOS.md 1.2)."""

from __future__ import annotations

import os
import shlex
import shutil
from contextlib import nullcontext, suppress
from pathlib import Path

from cbuild.recipe.api import Buildout, Options, Source, UserError
from recipes import files, say, shebang, shell
from recipes.borrow import borrowed
from recipes.commands import Commands, formatted, installs_only, links
from recipes.hooks import Hook
from recipes.unpack import strip, top, unpack

HOOKS = ("pre-configure-hook", "pre-make-hook", "post-make-hook")

ENVIRONMENT_SCRIPT = "slapos.recipe.build.env.sh"
"""Left beside the source when something fails: to be sourced in a shell of the failed builder."""


class Recipe:
    """One part: unpack url (or use path), patch, configure, make, make install into the part's location.

    Options: compile.json. ``@@LOCATION@@`` in any of them is the location.
    """

    def __init__(self, buildout: Buildout, name: str, options: Options) -> None:
        self.buildout = buildout
        self.name = name
        self.options = options
        self.location = Path(buildout["buildout"]["parts-directory"], name)
        self._set_options()
        self.environment = shell.environment(buildout, options)
        self.commands = Commands.of(options)
        self.archive = self._archive()
        self.patches = [files.checked(buildout, line) for line in options.get("patches", "").split()]
        self.hooks = {key: Hook(buildout, options, key) for key in HOOKS if options.get(key, "").strip()}
        self.strip = options.flag("strip-top-level-dir")
        self.keep = options.flag("keep-compile-dir", default=buildout["buildout"].flag("keep-compile-dir"))

    def install(self) -> list[str]:
        """Compile and install; the part's own location is all that it makes."""
        self.location.mkdir(parents=True, exist_ok=True)  # a part that this one refers to may have put something there
        environ = shell.expand(self.environment)
        source = self._source(environ)
        # Beside the location: commands may remove that and make it again.
        lent = nullcontext() if self.archive else borrowed(source, self._beside("borrowed"))
        with lent:
            try:
                self._build(environ, source)
            except Exception:
                self._write_environment(environ, source)
                raise
        directory = Path(self.options["compile-directory"])
        in_layer = directory == self._beside("compile")
        if self.archive and (in_layer or not self.keep):
            _remove(directory)
            if in_layer and directory.exists():
                say.warn(f"{directory} can't be removed: what is left of it is in the layer")
        self._check_promises()
        shebang.fix(self.location)
        return [str(self.location)]

    update = install

    def _build(self, environ: dict[str, str], source: Path) -> None:
        for patch in self.patches:
            shell.run(f"{self._patch_command()} < {shlex.quote(str(patch.path))}", environ, source)
        self._step("pre-configure", environ, source, hook="pre-configure-hook")
        shell.run(self.commands.configure, environ, source)
        self._step("pre-build", environ, source, hook="pre-make-hook")
        shell.run(self.commands.make, environ, source)
        self._step("pre-install", environ, source)
        shell.run(self.commands.install, environ | self._one_job(), source)
        self._step("post-install", environ, source, hook="post-make-hook")

    def _one_job(self) -> dict[str, str]:
        """Return what makes the second make do one thing after the other, where all that it does is to install.

        Debian's tools do so, too: rules that only install often race. CPython's put a script into a directory of which
        another one makes bytecode, so that with two jobs there was some or none for that script.
        """
        alone = installs_only(self.options) and "MAKEFLAGS" not in self.environment
        return {"MAKEFLAGS": "-j1"} if alone else {}

    def _set_options(self) -> None:
        options, location = self.options, str(self.location)
        for key in list(options):
            if "@@LOCATION@@" in options.text(key):
                options[key] = options.text(key).replace("@@LOCATION@@", location)
        if options.get("location", location) != location:
            raise UserError(f"[{self.name}] location: it is {location} and can't be chosen.")
        options["location"] = location
        options["prefix"] = options.get("prefix", "").strip() or location
        options.flag("shared")  # every layer is shared: what it says changes nothing, but it has to say true or false
        url, path = options.get("url", "").strip(), options.get("path", "").strip()
        if bool(url) == bool(path):
            raise UserError(f"[{self.name}] needs one of url and path, and not both.")
        options["compile-directory"] = path if path and files.inside(self.buildout, path) else self._directory()

    def _directory(self) -> str:
        # A hard link can't lead from /build to the location: each is a mount of its own.
        return str(self._beside("compile")) if links(self.options) else f"/build/{self.name}"

    def _beside(self, use: str) -> Path:
        return self.location.with_name(f".{self.location.name}.{use}")

    def _archive(self) -> Source | None:
        if url := self.options.get("url", "").strip():
            return files.declare(self.buildout, url, self.options.get("md5sum"), self.options.get("alternate-url", ""))
        # A directory of the profile's own comes in as an archive; one of another part is there already.
        path = self.options["path"].strip()
        return None if files.inside(self.buildout, path) else self.buildout.source(path)

    def _source(self, environ: dict[str, str]) -> Path:
        """Return the directory to build in: unpacked, or of another part; its only directory if it has just one."""
        directory = Path(self.options["compile-directory"])
        if self.archive is None:
            if not directory.is_dir():
                raise UserError(f"[{self.name}] path: there is no directory {directory}.")
            return top(directory)
        directory.mkdir(parents=True)
        unpack(self.archive.path, directory, environ)
        if self.options.get("path", "").strip():
            return top(top(directory))  # the archive that cbuild made has the directory itself at its top
        if self.strip:
            strip(directory, self.archive.url)
        return top(directory)

    def _patch_command(self) -> str:
        binary = self.options.get("patch-binary", "").strip() or "patch"
        return f"{binary} {' '.join(self.options.get('patch-options', '-p0').split())}"

    def _step(self, option: str, environ: dict[str, str], source: Path, hook: str = "") -> None:
        if hook in self.hooks:
            self.hooks[hook](self.options, self.buildout, environ, source)
        # Formatted only now: a hook may have set options.
        if command := formatted(self.options, option):
            shell.run(command, environ, source)

    def _write_environment(self, environ: dict[str, str], source: Path) -> None:
        lines = [
            f"export {key}={shlex.quote(environ[key])}"
            for key in sorted(environ)
            if environ[key] != os.environ.get(key)
        ]
        lines += [f"# {what}:\n{_commented(command)}" for what, command in vars(self.commands).items()]
        (source / ENVIRONMENT_SCRIPT).write_text("\n".join(lines) + "\n", encoding="utf-8")

    def _check_promises(self) -> None:
        for path in filter(None, map(str.strip, self.options.get("promises", "").splitlines())):
            if not Path(path).exists():
                say.warn(f"the promise {path} is not there")


def _remove(directory: Path) -> None:
    # Some tests leave directories behind that can't be written to, or not even listed.
    for parent, names, _ in os.walk(directory):
        for path in (Path(parent, name) for name in names if not Path(parent, name).is_symlink()):
            with suppress(OSError):
                path.chmod(0o755)
    # What can't be removed is no reason to fail after hours of compiling.
    shutil.rmtree(directory, ignore_errors=True)


def _commented(text: str) -> str:
    return "\n".join(f"#   {line}" for line in text.splitlines())
