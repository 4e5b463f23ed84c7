"""slapos.cookbook:slapconfiguration: what a partition was asked to be, as options (SLAPOS.md 2.2).

The values come from a file that cbuild writes into the partition before its profile is processed; server-url, key and
cert, which profiles give, are not needed and ignored.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cbuild.recipe.api import Buildout, Options, UserError, dumps

FILE = ".cbuild/instance.json"
"""Relative to the partition's directory: parameters, type, ipv6, partition, instance, reference, uid, state."""


class Recipe:
    """Set `configuration`, `configuration.KEY`, `ipv6`, `slap-software-type` and the rest of the outputs."""

    def __init__(self, buildout: Buildout, name: str, options: Options) -> None:
        path = Path(buildout["buildout"]["directory"], FILE)
        try:
            asked: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise UserError(f"[{name}] {options['recipe']} has a meaning in an instance profile only.") from None
        parameters = self.unwrapped(asked["parameters"])
        for key, output in self.outputs(asked, parameters).items():
            options[key] = output
        for key, value in parameters.items():
            options[f"configuration.{key}"] = value if isinstance(value, str) else json.dumps(value, sort_keys=True)

    def unwrapped(self, parameters: Mapping[str, object]) -> Mapping[str, object]:
        """Return the parameters as the profile sees them."""
        return parameters

    def outputs(self, asked: Mapping[str, Any], parameters: Mapping[str, object]) -> dict[str, str]:
        """Return the options beside the single parameters."""
        return {
            "configuration": dumps(dict(sorted(parameters.items()))),
            "slap-software-type": asked["type"],
            "slap-computer-id": "localhost",
            "slap-computer-partition-id": asked["partition"],
            "slap-software-release-url": asked["software"],
            "slave-instance-list": dumps([]),
            "instance-title": asked["reference"],
            "root-instance-title": asked["instance"],
            "instance-guid": asked["partition"],
            "instance-state": asked["state"],
            # No IPv4 at all: a partition's only address is its own IPv6.
            "ipv4": dumps([]),
            "ipv6": dumps([asked["ipv6"]]),
            "ipv6-random": asked["ipv6"],
            "storage-dict": dumps({}),
        }

    def install(self) -> list[str]:
        """Do nothing: the constructor has set the options."""
        return []

    update = install


class Serialised(Recipe):
    """The same for software whose parameters travel as JSON in one parameter called `_`."""

    def unwrapped(self, parameters: Mapping[str, object]) -> Mapping[str, object]:
        """Return what is inside `_` where there is one; parameters given to cbuild have their types already."""
        if set(parameters) != {"_"}:
            return parameters
        try:
            inner = json.loads(str(parameters["_"]))
        except ValueError as error:
            raise UserError(f"The parameter '_' is no JSON: {error}") from None
        if not isinstance(inner, dict):
            raise UserError("The parameter '_' is no JSON object.")
        return {str(key): value for key, value in inner.items()}
