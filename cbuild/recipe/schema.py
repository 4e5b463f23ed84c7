"""What options a recipe of cbuild's has: the JSON schema beside its module (`recipes/NAME.json`).

The part of JSON Schema in use: ``properties`` with ``description``, ``default``, ``enum`` and ``pattern``,
``patternProperties`` with ``title`` (how people are told the names) and ``description``, and ``additionalProperties``
with a description where every other option is the recipe's, too.
"""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cbuild.errors import near
from cbuild.recipe.api import UserError
from cbuild.recipe.registry import Native
from cbuild.recipe.typed import MARK


@dataclass(frozen=True)
class Schema:
    """title: the recipe's heading in docs/recipes.md. rest: what other options are; empty if the recipe has none."""

    title: str
    properties: Mapping[str, Mapping[str, Any]]
    patterns: Mapping[str, Mapping[str, Any]]
    rest: str

    def check(self, part: str, options: Mapping[str, str]) -> None:
        """Raise UserError for a value that an option can't have; text that is empty is as good as none."""
        for name in self.properties.keys() & options.keys():
            value = options[name].strip()
            if value and not value.startswith(MARK):
                _check(part, name, value, self.properties[name])

    def unknown(self, options: Mapping[str, str]) -> Iterator[str]:
        """Give the options that are not the recipe's."""
        return (name for name in options if name != "recipe" and not self.rest and not self._knows(name))

    def _knows(self, option: str) -> bool:
        return option in self.properties or any(re.search(pattern, option) for pattern in self.patterns)


@cache
def load(native: Native) -> Schema:
    """Return a recipe's schema."""
    document = json.loads(path(native).read_bytes())
    return Schema(
        document["title"],
        document["properties"],
        document.get("patternProperties", {}),
        document.get("additionalProperties", {}).get("description", ""),
    )


def path(native: Native) -> Path:
    """Return the file that a recipe's schema is in."""
    spec = importlib.util.find_spec(native.module)
    module = Path(spec.origin or "") if spec else Path()
    return module.with_name(f"{native.schema or module.stem}.json")


def _check(part: str, name: str, value: str, rules: Mapping[str, Any]) -> None:
    known = rules.get("enum")
    if known and value not in known:
        raise UserError(f"[{part}] {name} = {value}: it is {' or '.join(known)}. {near(value, known)}".rstrip())
    pattern = rules.get("pattern")
    if pattern and not re.search(pattern, value):
        raise UserError(f"[{part}] {name} = {value}: that is no {rules.get('title', name)}.")
