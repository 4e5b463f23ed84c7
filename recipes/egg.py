"""Python distributions as eggs, and scripts that import from them: zc.recipe.egg (SLAPOS.md 1.5)."""

from __future__ import annotations

import configparser
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from cbuild.recipe.api import Buildout, Egg, Options, UserError
from recipes import patched, say, scripts
from recipes.patched import Patches
from recipes.project import ALWAYS, Needed, holding, project, required
from recipes.wheel import Maker, Patch, compile_all

DIRECTORIES = ("eggs-directory", "develop-eggs-directory", "bin-directory")

BUILDERS = "/usr/bin/python3"

_PYTHON = re.compile(r"python(3\.\d+)$")
_VERSION = re.compile(r"[0-9]+\.[0-9]+")
_POINT = re.compile(r"([^=]+)=([\w.]+):([\w.]+)")


class Eggs:
    """eggs (requirements, a line each; default: the part's name), python; sets executable and the directories."""

    def __init__(self, buildout: Buildout, name: str, options: Options) -> None:
        self.name = name
        self.options = options
        own = buildout["buildout"]
        # Set for recipes that refer to them, as the original does.
        options.update({option: own[option] for option in DIRECTORIES})
        self.eggs_in, self.developed_in, self.bin = (Path(own[option]) for option in DIRECTORIES)
        self.python, version = interpreter(buildout, options)
        options.setdefault("executable", self.python)  # real profiles have one of their own for others to refer to
        self.directory = Path(buildout["buildout"]["directory"])
        self.requirements = [line.strip() for line in options.get("eggs", name).splitlines() if line.strip()]
        self.links = options.get("find-links", "").split()
        self.eggs = buildout.distributions(*self.requirements, python=version, links=self.links)
        self.patched = {egg: Patches.of(buildout, options, egg) for egg in patched.names(options)}
        self.sources = {
            egg: buildout.distributions(*self._asked(egg), python=version, source=True, links=self.links)
            for egg in self.patched
        }

    def install(self) -> list[str]:
        """Install the eggs; they are shared with other parts, so none is this part's own."""
        self.paths()
        return []

    update = install

    def paths(self) -> list[Path]:
        """Install what isn't there yet; return the directories of all eggs. One that a part developed goes first."""
        maker = Maker(self.python, Path(os.environ["CBUILD_BUILD"]), os.environ)
        own = {project(path.name): path for path in sorted(self.developed_in.glob("*.egg"))}
        found: list[Path] = []
        for egg, name, patch in map(self._with_patches, self.eggs):
            path = own.get(project(name)) or self.eggs_in / name
            found.append(path)
            if not path.exists():
                path.mkdir(parents=True)
                maker.install(egg.source.path, [tool.path for tool in egg.tools], path, patch)
                compile_all(path, self.python)
        return [*self._developed(own, found), *found] if own else found

    def _asked(self, egg: str) -> list[str]:
        """Return the requirements that name an egg, with their versions."""
        return [one for one in self.requirements if project(one) == project(egg)] or [egg]

    def _with_patches(self, egg: Egg) -> tuple[Egg, str, Patch | None]:
        """Return what an egg is made from, the name of its directory, and what is done to its source before."""
        for name, patches in self.patched.items():
            if project(name) == project(egg.name):
                source = next(one for one in self.sources[name] if project(one.name) == project(name))
                if source.name != egg.name:
                    raise UserError(
                        f"[{self.name}] {name}-patches: what is needed is {egg.name}, the source is {source.name}:"
                        f" pin {name}."
                    )
                return source, patches.marked(source.name), patches.apply
        return egg, egg.name, None

    def _developed(self, own: Mapping[str, Path], eggs: Sequence[Path]) -> list[Path]:
        """Return what of own (eggs by project) is needed and was not chosen: the host leaves it to who makes them.

        eggs: those that were chosen. UserError for what isn't anywhere: the host could not read it off a source.
        """
        chosen = {project(path.name) for path in eggs}
        pending = [(asked, self.name) for asked in holding(self.requirements)]
        pending += [(asked, path.name) for path in eggs for asked in required(path) if asked[0] in own]
        found: dict[Needed, Path] = {}
        while pending:
            (name, extras), by = pending.pop()
            if name in chosen or name in ALWAYS or (name, extras) in found:
                continue
            if name not in own:
                raise UserError(
                    f"[{self.name}] eggs: {by} requires {name}, of which there is no egg. If it can't be read off a"
                    " source before that is built, name it here; a part that develops says by `egg` what it makes."
                )
            found[name, extras] = own[name]
            pending += [(asked, own[name].name) for asked in required(own[name], extras)]
        return sorted({*found.values()})


class Scripts(Eggs):
    """scripts, entry-points, interpreter, initialization, arguments, extra-paths, dependent-scripts besides."""

    def __init__(self, buildout: Buildout, name: str, options: Options) -> None:
        super().__init__(buildout, name, options)
        self.dependent = options.flag("dependent-scripts")
        if options.flag("relative-paths"):
            raise UserError(f"[{name}] relative-paths: scripts have absolute paths here; they are the image's.")
        extra = [
            str(self.directory / line.strip()) for line in options.get("extra-paths", "").split("\n") if line.strip()
        ]
        if extra:
            options["extra-paths"] = "\n".join(extra)
        self.extra = extra
        self.added = dict(_added(name, options.get("entry-points", "")))
        self.chosen = _chosen(options.get("scripts"))

    def install(self) -> list[str]:
        """Install the eggs and write the scripts."""
        paths = self.paths()
        if self.chosen == {}:
            return []  # the interpreter isn't made either, as with the original
        head = scripts.Head(self.python, [*map(str, paths), *self.extra], self.options.get("initialization", ""))
        arguments = self.options.get("arguments", "")
        interpreter = self.options.get("interpreter", "").strip()
        made = {
            name: head.calls(target, arguments) if isinstance(target, str) else head.inside(target.read_text("utf-8"))
            for name, target in self._found(paths, interpreter).items()
        }
        if interpreter:
            made[interpreter] = head.interpreter()
        return [scripts.write(self.bin / name, text) for name, text in sorted(made.items())]

    update = install

    def _found(self, paths: list[Path], interpreter: str) -> dict[str, str | Path]:
        """Return the scripts to make, name to ``module:attribute`` or to a file that is a script."""
        named = {project(requirement) for requirement in self.requirements}
        wanted = [
            path for path in paths
            if project(path.name) in named or (self.dependent and project(path.name) != "setuptools")
        ]  # fmt: skip
        found: dict[str, str | Path] = {name: target for path in wanted for name, target in _console(path).items()}
        found |= self.added
        found |= {script.name: script for path in wanted for script in _files(path)}
        if self.chosen is None:
            return found
        # Real profiles name the interpreter so that there is nothing else (SlapOS's theia, kvm).
        if missing := sorted(set(self.chosen) - set(found) - {interpreter}):
            say.warn(f"scripts: no egg has {', '.join(missing)}; there are {', '.join(sorted(found))}")
        return {self.chosen[name]: found[name] for name in self.chosen if name in found}


def interpreter(buildout: Buildout, options: Mapping[str, str]) -> tuple[str, str]:
    """Return the path and the version of the Python of the section that ``python`` names, here or in [buildout].

    The version is what the path says, else the section's option ``version``; empty for the builder's own. UserError if
    neither tells: distributions are chosen before the interpreter is there to be asked.
    """
    name = options.get("python") or buildout["buildout"].get("python") or "buildout"
    section = buildout[name]
    python = section["executable"]
    match = _PYTHON.search(python)
    if match or python == BUILDERS:
        return python, match[1] if match else ""
    said = _VERSION.match(section.get("version", "").strip()) if name != "buildout" else None
    if said is None:
        raise UserError(
            f"python: [{name}] doesn't say which version {python} is; give it the option version, 3.11 for example."
        )
    return python, said[0]


def _chosen(text: str | None) -> dict[str, str] | None:
    """Return script to the name that it gets; None for all of them as they are."""
    if text is None:
        return None
    return {word.partition("=")[0]: word.partition("=")[2] or word for word in text.split()}


def _added(name: str, text: str) -> Iterator[tuple[str, str]]:
    for word in text.split():
        match = _POINT.fullmatch(word)
        if match is None:
            raise UserError(f"[{name}] entry-points: {word!r} is not NAME=MODULE:ATTRIBUTE.")
        yield match[1], f"{match[2]}:{match[3]}"


def _console(egg: Path) -> dict[str, str]:
    """Return an egg's console scripts; those of graphical programs aren't made."""
    points = configparser.ConfigParser(delimiters=("=",), strict=False, interpolation=None)
    points.optionxform = str  # type: ignore[assignment,method-assign]  # names of scripts are case sensitive
    points.read([*egg.glob("*.dist-info/entry_points.txt"), *egg.glob("*.egg-info/entry_points.txt")])
    found = points.items("console_scripts") if points.has_section("console_scripts") else []
    return {name: value.partition("[")[0].strip() for name, value in found}


def _files(egg: Path) -> list[Path]:
    """Return an egg's programs that are Python themselves, and not made from an entry point (setup's ``scripts``)."""
    return [path for path in sorted((egg / "bin").glob("*")) if path.is_file() and scripts.is_python(path)]
