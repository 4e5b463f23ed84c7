"""slapos.cookbook:publish: a part's options as the partition's connection parameters (SLAPOS.md 1.6)."""

from __future__ import annotations

import json
from pathlib import Path

from cbuild.recipe.api import Buildout, Options, UserError

DIRECTORY = ".cbuild/connection"
"""Relative to the partition's directory: a JSON file for each publishing part."""

_PUBLISHED = "-cbuild-published"
_OWN = ("recipe", "_buildout_section_name_", "_profile_base_location_")


class Recipe:
    """Publish every option but `recipe` and those starting with `-`; `-extends` names sections to publish as well."""

    serialised = False

    def __init__(self, buildout: Buildout, name: str, options: Options) -> None:
        if options.get("-slave-reference"):
            raise UserError(f"[{name}] -slave-reference: shared instances are not supported.")
        self.buildout = buildout
        self.values = self._collected(name, options)
        # An option, so that a change in an extended section counts as a change of this part.
        options[_PUBLISHED] = json.dumps(self.values, sort_keys=True)
        self.path = Path(buildout["buildout"]["directory"], DIRECTORY, f"{name}.json")

    def install(self) -> list[str]:
        """Write the connection parameters where cbuild collects them."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        document = {"serialised": self.serialised, "connection": self.values}
        self.path.write_text(json.dumps(document, sort_keys=True), encoding="utf-8")
        return [str(self.path)]

    update = install

    def _collected(self, name: str, options: Options) -> dict[str, str]:
        values: dict[str, str] = {}
        seen = {name}
        pending = [options]
        while pending:
            section = pending.pop(0)
            for key, value in section.items():
                if not key.startswith("-") and key not in _OWN:
                    values.setdefault(key, _published(value))  # nearer sections win
            for other in section.get("-extends", "").split():
                if other not in seen:
                    seen.add(other)
                    pending.append(self.buildout[other])
        return values


def _published(value: object) -> str:
    """Return a value as a connection parameter: text; a typed value (SLP-3) as JSON."""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)


class Serialised(Recipe):
    """The same, for software whose parameters travel as JSON in one parameter called `_`."""

    serialised = True
