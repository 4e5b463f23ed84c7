"""Python distributions in the builder: wheels unpacked, source distributions built into wheels (PEP 427, PEP 517)."""

from __future__ import annotations

import os
import shutil
import subprocess
import tomllib
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cbuild.recipe.api import UserError
from recipes.unpack import top, unpack

LEGACY = "setuptools.build_meta:__legacy__"
"""What builds a source distribution that doesn't say (PEP 517)."""

Patch = Callable[[Path, Mapping[str, str]], None]
"""Changes a source tree, with the environment of the build."""

# Arguments: where the wheel goes, the backend, the directories in the source that hold the backend.
BUILD = """
import importlib, os, sys
out, backend, *inside = sys.argv[1:]
sys.path[:0] = [os.path.join(os.getcwd(), path) for path in inside]
module, _, attribute = backend.partition(":")
hooks = importlib.import_module(module)
for name in filter(None, attribute.split(".")):
    hooks = getattr(hooks, name)
print(hooks.build_wheel(out))
"""


@dataclass(frozen=True)
class Maker:
    """What source distributions are built with.

    python: the interpreter; work: a directory for building, outside of what is installed; environ: of the build.
    options: sections of setuptools' ``setup.cfg`` that are added (``build_ext``: include_dirs, library_dirs, rpath).
    """

    python: str
    work: Path
    environ: Mapping[str, str]
    options: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def install(self, archive: Path, tools: Sequence[Path], target: Path, patch: Patch | None = None) -> None:
        """Put the distribution in archive into target, a directory of modules; tools: wheels that build it.

        patch: what is done to a source distribution first. UserError, with the output in the log, when its build fails.
        """
        if archive.suffix == ".whl":
            unpack_wheel(archive, target)
            return
        room = self.room(archive)
        source = self.unpacked(archive, room)
        if patch:
            patch(source, self.environ)
        for tool in tools:
            unpack_wheel(tool, room / "tools")
        unpack_wheel(self.build(source, [room / "tools"], room), target)

    def room(self, archive: Path) -> Path:
        """Return an empty directory for building what is in archive.

        Not one of a random name: compilers write where the source lies into what they make.
        """
        room = self.work / archive.name.removesuffix(".gz").removesuffix(".bz2").removesuffix(".xz").rpartition(".")[0]
        shutil.rmtree(room, ignore_errors=True)
        room.mkdir(parents=True)
        return room

    def unpacked(self, archive: Path, room: Path) -> Path:
        """Return the directory of the source distribution in archive, unpacked in room."""
        source = room / "source"
        source.mkdir()
        unpack(archive, source, self.environ)
        return top(source)

    def build(self, source: Path, tools: Sequence[Path], room: Path) -> Path:
        """Build a source tree and return the wheel, which is in room. tools: directories of modules that build it."""
        self._configure(source)
        path = [*map(str, tools), *filter(None, [self.environ.get("PYTHONPATH")])]
        environ = {**self.environ, "PYTHONPATH": os.pathsep.join(path), "PYTHONNOUSERSITE": "1"}
        command = [self.python, "-c", BUILD, str(room), *_backend(source)]
        done = subprocess.run(command, cwd=source, env=environ, check=False)
        found = sorted(room.glob("*.whl"))
        if done.returncode or not found:
            raise UserError(f"{source.name} can't be built; what it said is above in the log.")
        return found[0]

    def _configure(self, source: Path) -> None:
        """Add the options to setup.cfg, as easy_install does."""
        text = "".join(
            f"\n[{section}]\n" + "".join(f"{name} = {value}\n" for name, value in values.items())
            for section, values in self.options.items()
            if values
        )
        if text:
            with (source / "setup.cfg").open("a", encoding="utf-8") as stream:
                stream.write(text)


def unpack_wheel(wheel: Path, target: Path) -> None:
    """Unpack a wheel into target, a directory of modules; its scripts go into ``bin`` there, headers are left out."""
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            place = _place(member.filename)
            if member.is_dir() or place is None:
                continue
            path = target / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            with archive.open(member) as stream, path.open("wb") as out:
                shutil.copyfileobj(stream, out)
            if (member.external_attr >> 16) & 0o111:
                path.chmod(0o755)


def compile_all(directory: Path, python: str) -> None:
    """Write the bytecode of all modules below directory so that it depends on them alone (docs/layers.md)."""
    command = [python, "-m", "compileall", "-q", "-j1", "--invalidation-mode", "unchecked-hash", str(directory)]
    # What doesn't compile is for another Python (a template, a test of syntax errors): it stays without bytecode.
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL, env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""})


def _place(name: str) -> Path | None:
    """Return where a member of a wheel goes, None for what has no place in a directory of modules."""
    parts = [part for part in name.split("/") if part]
    if not parts or ".." in parts or name.startswith("/"):
        return None
    if not parts[0].endswith(".data"):
        return Path(*parts)
    kind, inner = parts[1] if len(parts) > 1 else "", parts[2:]
    if not inner:
        return None
    places = {"purelib": Path(*inner), "platlib": Path(*inner), "scripts": Path("bin", *inner)}
    return places.get(kind)


def _backend(source: Path) -> list[str]:
    """Return what builds the source, and the directories in it where that lies, if it brings it along."""
    try:
        project = tomllib.loads((source / "pyproject.toml").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return [LEGACY]
    except ValueError as error:
        raise UserError(f"The pyproject.toml of {source.name} can't be read: {error}") from None
    system = project.get("build-system", {})
    return [system.get("build-backend", LEGACY), *system.get("backend-path", [])]
