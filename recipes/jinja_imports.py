"""What a jinja2 template may import: ``import-list`` of slapos.recipe.template:jinja2."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Callable
from pathlib import Path

from cbuild.recipe.api import Buildout, Options, Source, UserError
from recipes import files
from recipes.lines import key, lines, three
from recipes.template import decoded

Load = Callable[[str], str | None]


class Imports:
    """``KIND NAME VALUE`` lines: rawfile and rawfolder name a path, file and folder a section:option that has one.

    A template imports ``NAME``, or ``NAME/path/in/the/folder``; import-delimiter stands for the slash.
    """

    def __init__(self, buildout: Buildout, options: Options, encoding: str) -> None:
        self._buildout = buildout
        self._what = f"[{options.name}] import-list"
        self._encoding = encoding
        self._delimiter = options.get("import-delimiter", "").strip() or "/"
        self._loads: dict[str, Load] = {}
        for line in lines(options.get("import-list", "")):
            kind, name, value = three(options.name, "import-list", line)
            if name in self._loads:
                raise UserError(f"{self._what}: {name!r} is there twice.")
            if kind in ("file", "folder"):
                value = key(buildout, options, "import-list", value)
            self._loads[name] = self._load(kind.removeprefix("raw"), value.strip())

    def load(self, name: str) -> str | None:
        """Return the text of what a template imports, None if there is no such thing."""
        base, _, rest = name.partition(self._delimiter)
        load = self._loads.get(base)
        return load(rest) if load else None

    def _load(self, kind: str, path: str) -> Load:
        match kind:
            case "file":
                source = files.declare(self._buildout, path)
                return lambda rest: None if rest else decoded(source, self._encoding, self._what)
            case "folder" if files.inside(self._buildout, path):
                return lambda rest: self._below(Path(path), rest)
            case "folder":
                archive = self._buildout.source(path)
                return lambda rest: self._packed(archive, rest)
        raise UserError(f"{self._what}: {kind!r} is none of file, rawfile, folder, rawfolder.")

    def _below(self, folder: Path, rest: str) -> str | None:
        path = Path(os.path.normpath(folder.joinpath(*rest.split(self._delimiter))))
        if not path.is_relative_to(folder) or not path.is_file():
            return None
        return path.read_bytes().decode(self._encoding)

    def _packed(self, archive: Source, rest: str) -> str | None:
        """Return a file of a directory of the profile's own, which comes as a tar with the directory at its top."""
        with tarfile.open(archive.path) as tar:
            wanted = os.path.normpath("/".join(rest.split(self._delimiter)))
            for member in tar:
                if member.isfile() and member.name.partition("/")[2] == wanted:
                    stream = tar.extractfile(member)
                    return stream.read().decode(self._encoding) if stream else None
        return None
