"""slapos.cookbook:mkdirectory: directories that a partition (or a part) wants; they are never removed."""

from __future__ import annotations

from pathlib import Path

from cbuild.recipe.api import Buildout, Options, UserError

_NOT_PATHS = ("recipe", "mode", "_buildout_section_name_", "_profile_base_location_")


class Recipe:
    """Every option but `recipe` and `mode` (octal, default 0777 less the umask) is the path of a directory."""

    def __init__(self, buildout: Buildout, name: str, options: Options) -> None:
        directory = Path(buildout["buildout"]["directory"])
        mode = options.get("mode", "").strip()
        try:
            self.mode = int(mode, 8) if mode else None
        except ValueError:
            raise UserError(f"[{name}] mode = {mode}: that is no octal mode such as 0700.") from None
        self.paths: list[Path] = []
        for key in sorted(set(options) - set(_NOT_PATHS)):
            if not options[key].strip():
                raise UserError(f"[{name}] {key} names no directory.")
            # Absolute from here on, so that others who refer to the option need not know where this part ran.
            path = directory / options[key].strip()
            options[key] = str(path)
            self.paths.append(path)

    def install(self) -> list[str]:
        """Make what is missing; record nothing, so that uninstalling the part keeps the data."""
        for path in self.paths:
            path.mkdir(parents=True, exist_ok=True)
            if self.mode is not None:
                path.chmod(self.mode)
        return []

    update = install
