"""slapos.cookbook:symbolic.link: programs of several parts, linked into one directory."""

from __future__ import annotations

from pathlib import Path

from cbuild.recipe.api import Buildout, Options, UserError


class Recipe:
    """A link in target-directory for each path of link-binary (white space separates them), called as the file is."""

    def __init__(self, buildout: Buildout, name: str, options: Options) -> None:
        directory = options.get("target-directory", "").strip()
        if not directory:
            raise UserError(f"[{name}] needs target-directory.")
        self.name = name
        self.directory = Path(buildout["buildout"]["directory"], directory)
        self.targets = [Path(word) for word in options.get("link-binary", "").split()]
        names = [path.name for path in self.targets]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise UserError(f"[{name}] link-binary: two links would be called {twice[0]}.")

    def install(self) -> list[str]:
        """Make the links; UserError where something else than a link has the name."""
        self.directory.mkdir(parents=True, exist_ok=True)
        links = [self.directory / path.name for path in self.targets]
        for link, path in zip(links, self.targets, strict=True):
            if link.exists() and not link.is_symlink():
                raise UserError(f"[{self.name}] {link} is there already, and is no link.")
            link.unlink(missing_ok=True)
            link.symlink_to(path)
        return list(map(str, links))

    update = install
