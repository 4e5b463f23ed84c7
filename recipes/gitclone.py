"""The files of a git repository: slapos.recipe.build:gitclone (SLAPOS.md 1.3). The host fetches them."""

from __future__ import annotations

import re
from pathlib import Path

from cbuild.recipe.api import Buildout, Options, UserError
from recipes.unpack import unpack

_TRUE = ("y", "yes", "1", "true")
# git's short form for ssh: me@host:path.
_SHORT = re.compile(r"(?P<user>[\w.-]+@)?(?P<host>[\w.-]+):(?!/)(?P<path>\S+)")


class Recipe:
    """repository, and revision or branch (the first counts); location, ignore-cloning-submodules.

    Of the original's other options, git-executable, depth, shared, use-cache, sparse-checkout and develop say how a
    clone is made: here there is none, just the files of the commit.
    """

    def __init__(self, buildout: Buildout, name: str, options: Options) -> None:
        repository = options.get("repository", "").strip()
        if not repository:
            raise UserError(f"[{name}] needs repository.")
        if options.get("ignore-ssl-certificate", "").strip().lower() in _TRUE:
            raise UserError(f"[{name}] ignore-ssl-certificate is not supported.")
        default = Path(buildout["buildout"]["parts-directory"], name)
        self.location = Path(options.get("location", "").strip() or default)
        options["location"] = str(self.location)
        ref = options.get("revision", "").strip() or options.get("branch", "").strip() or "HEAD"
        plain = options.get("ignore-cloning-submodules", "").strip().lower() in _TRUE
        self.source = buildout.source(f"git+{_url(repository)}@{ref}{'#no-submodules' if plain else ''}")

    def install(self) -> list[str]:
        """Write the commit's files to location."""
        self.location.mkdir(parents=True)
        unpack(self.source.path, self.location, {})
        return [str(self.location)]

    def update(self) -> None:
        """Do nothing: where a branch is now is asked when the software is built."""


def _url(repository: str) -> str:
    if match := _SHORT.fullmatch(repository):
        return f"ssh://{match['user'] or ''}{match['host']}/{match['path']}"
    return f"file://{repository}" if repository.startswith("/") else repository
