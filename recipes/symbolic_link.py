"""slapos.cookbook:symbolic.link: programs of several parts, linked into one directory."""

from __future__ import annotations

from pathlib import Path

from cbuild.recipe.api import Buildout, Options, UserError
from recipes import say


class Recipe:
    """A link in target-directory for each path of link-binary (white space separates them), called as the file is.

    The last of two that are called the same counts.
    """

    def __init__(self, buildout: Buildout, name: str, options: Options) -> None:
        directory = options.get("target-directory", "").strip()
        if not directory:
            raise UserError(f"[{name}] needs target-directory.")
        self.name = name
        self.directory = Path(buildout["buildout"]["directory"], directory)
        self.targets = options.get("link-binary", "").split()

    def install(self) -> list[str]:
        """Make the links; UserError where something else than a link has the name."""
        self.directory.mkdir(parents=True, exist_ok=True)
        links: dict[Path, str] = {}
        for target in self.targets:
            link = self.directory / Path(target).name
            if links.get(link, target) != target:
                say.warn(f"link-binary: {link.name} is {target}, and not {links[link]}, which comes before it")
            links[link] = target
        for link, target in links.items():
            if link.exists() and not link.is_symlink():
                raise UserError(f"[{self.name}] {link} is there already, and is no link.")
            link.unlink(missing_ok=True)
            link.symlink_to(target)
        return list(map(str, links))

    update = install
