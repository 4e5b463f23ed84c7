"""Eggs that are built with options of the part's own: zc.recipe.egg:custom and :develop (SLAPOS.md 1.5)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from cbuild.recipe.api import Buildout, Egg, Options, UserError
from recipes import files, patched, shell
from recipes.egg import interpreter
from recipes.patched import Patches
from recipes.project import project, word
from recipes.unpack import top, unpack
from recipes.wheel import Maker, compile_all, unpack_wheel

DIRECTORIES = ("include-dirs", "library-dirs", "rpath")
"""Options of setuptools' build_ext that are lists of directories."""
OTHERS = ("libraries", "define", "undef", "link-objects", "debug", "force", "compiler", "swig", "swig-cpp", "swig-opts")
BUILDERS = ("setuptools", "wheel")
"""What builds a directory that isn't on the host, so that nobody there knows what its pyproject.toml asks for."""


class _Built:
    """setup-eggs, environment, python and build_ext's options; the egg goes to develop-eggs."""

    def __init__(self, buildout: Buildout, name: str, options: Options) -> None:
        self.name = name
        self.options = options
        self.directory = Path(buildout["buildout"]["directory"])
        self.target = Path(buildout["buildout"]["develop-eggs-directory"])
        self.python, self.version = interpreter(buildout, options)
        options["executable"] = self.python
        self.environment = shell.environment(buildout, options)
        self.links = options.get("find-links", "").split()
        wanted = [line.strip() for line in options.get("setup-eggs", "").splitlines() if line.strip()]
        self.setup_eggs = buildout.distributions(*wanted, python=self.version, links=self.links) if wanted else []

    def maker(self) -> Maker:
        """Return what builds it."""
        found = {name.replace("-", "_"): self._directories(name) for name in DIRECTORIES}
        found |= {name.replace("-", "_"): " ".join(self.options.get(name, "").split()) for name in OTHERS}
        build_ext = {name: value for name, value in found.items() if value}
        environ = shell.expand(self.environment)
        return Maker(self.python, Path(os.environ["CBUILD_BUILD"]), environ, {"build_ext": build_ext})

    def finish(self, maker: Maker, source: Path, tools: Sequence[Egg | Path], room: Path) -> list[str]:
        """Build source and unpack the wheel as an egg; return its path."""
        tooling = room / "tools"
        for tool in [*tools, *self.setup_eggs]:
            if isinstance(tool, Path):
                unpack_wheel(tool, tooling)
            else:
                maker.install(tool.source.path, [one.path for one in tool.tools], tooling)
        # What other parts have built, such as numpy, is there as it is.
        developed = sorted(self.target.glob("*.egg"))
        wheel = maker.build(source, [tooling, *developed], room)
        egg = self.target / f"{'-'.join(wheel.name.split('-')[:2])}.egg"
        unpack_wheel(wheel, egg)
        compile_all(egg, self.python)
        return [str(egg)]

    def _directories(self, option: str) -> str:
        lines = [line.strip() for line in self.options.get(option, "").splitlines() if line.strip()]
        # $ORIGIN and the like are the loader's, not paths.
        return os.pathsep.join(line if line.startswith("$") else str(self.directory / line) for line in lines)


class Custom(_Built):
    """egg: a requirement, built from its source; patches, patch-options, patch-binary, which may begin with `EGG-`."""

    def __init__(self, buildout: Buildout, name: str, options: Options) -> None:
        super().__init__(buildout, name, options)
        self.requirement = (options.get("egg") or options.get("eggs") or name).strip()
        if len(self.requirement.splitlines()) > 1:
            raise UserError(f"[{name}] egg: one egg is built, not several.")
        self.eggs = buildout.distributions(self.requirement, python=self.version, source=True, links=self.links)
        spelled = (egg for egg in patched.names(options) if project(egg) == project(self.requirement))
        self.patches = Patches.of(buildout, options, next(spelled, word(self.requirement)), shared=True)

    def install(self) -> list[str]:
        """Unpack, patch and build the egg."""
        maker = self.maker()
        egg = next(one for one in self.eggs if project(one.name) == project(self.requirement))
        room = maker.room(egg.source.path)
        source = maker.unpacked(egg.source.path, room)
        self.patches.apply(source, maker.environ)
        return self.finish(maker, source, [tool.path for tool in egg.tools], room)

    update = install


class Develop(_Built):
    """setup: a directory of the profile's own, or of another part."""

    def __init__(self, buildout: Buildout, name: str, options: Options) -> None:
        super().__init__(buildout, name, options)
        setup = options.get("setup", "").strip()
        if not setup:
            raise UserError(f"[{name}] needs setup.")
        self.made = Path(setup) if files.inside(buildout, setup) else None
        self.archive = None if self.made else buildout.source(setup)
        self.tools = buildout.distributions(*BUILDERS, python=self.version, links=self.links)

    def install(self) -> list[str]:
        """Build the directory's egg. It is a copy: what changes in the directory changes the part's key."""
        maker = self.maker()
        room = maker.room(Path(f"{self.name}.develop"))
        source = room / "source"
        if self.archive:
            source.mkdir()
            unpack(self.archive.path, source, maker.environ)
            source = top(source)
        elif self.made:
            shutil.copytree(self.made, source, symlinks=True)
        return self.finish(maker, source, self.tools, room)

    update = install
