"""Planned profiles without a profile: parts by name, and what the store has of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, cast

from cbuild.base import Base
from cbuild.build.late import Late
from cbuild.build.parts import Parts
from cbuild.build.prepare import Prepared
from cbuild.build.site import Sites
from cbuild.events import silent
from cbuild.image.layout import Layout
from cbuild.layer.write import Layer
from cbuild.plan.key import key_of
from cbuild.plan.part import Part, Plan, RecipeUse
from cbuild.state.home import Home
from cbuild.state.installed import Installed
from cbuild.state.results import Result, Results

BUILDER = Base("builder", "sha256:" + "b" * 64, b"", (), "", None)


def part(name: str, requires: Sequence[str] = (), **given: str) -> Part:
    return Part(name, RecipeUse("sha256:code", "recipes.command", "Recipe"), given, given, {}, {}, tuple(requires))


def layer(home: Home, text: str, mentions: Sequence[str] = ()) -> Layer:
    """Store a blob that stands for a layer."""
    layout = Layout(home.oci)
    blob = layout.write(text.encode(), "")
    return Layer(blob.digest, blob.size, (f"parts/{text}",), tuple(mentions))


def planned(home: Home, *parts: Part, wanted: Sequence[str] = (), state: Installed | None = None) -> Prepared:
    """Return what `prepare` would make of a profile with these parts."""
    plan = Plan({one.name: one for one in parts}, tuple(wanted), {"parts": " ".join(wanted)})
    late = Late(home, *cast("Any", (None, None, None)))  # nothing is asked for
    found = Parts(plan, home, BUILDER, {}, late, Sites(home, lambda: BUILDER, None), silent)
    missing = tuple(found.look_up())
    profile = SimpleNamespace(path=home.root / "software.cfg", directory=home.root)
    return Prepared(profile, plan, BUILDER, BUILDER, state or Installed(), home.root / ".installed.cfg", found, missing)


def build(home: Home, ready: Prepared, results: Mapping[str, Result]) -> dict[str, str]:
    """Put results of these parts (in plan order) into the store; return part to key."""
    keys = {}
    for name, result in results.items():
        document = ready.parts.document(ready.plan.parts[name])
        keys[name] = key_of(document)
        Results(home).put(keys[name], document, result)
        ready.parts.look_up()
    return keys
