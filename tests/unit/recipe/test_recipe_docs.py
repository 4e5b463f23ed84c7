"""docs/recipes.md names every recipe, and its examples are plans."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cbuild.plan.resolve import Planner
from cbuild.profile import load
from cbuild.recipe.registry import NATIVE
from cbuild.source import Sources
from cbuild.state.home import Home

TEXT = (Path(__file__).parents[3] / "docs" / "recipes.md").read_text()
EXAMPLES = re.findall(r"(?:^    .*\n|^\n(?=    ))+", TEXT, re.MULTILINE)

# What the examples refer to and don't show.
AROUND = "".join(
    f"[{name}]\nrecipe = compile\nurl = https://example.invalid/{name}.tar\nmd5sum = {'0' * 32}\noutput = /x\n"
    for name in ("gzip", "hello", "nginx", "nginx-conf")
)


def unchanged(part):
    """Answer as a constructor that sets nothing: examples run in no builder here."""
    return {"ok": True, "options": dict(part.given)}


def test_every_recipe_is_listed():
    missing = [name for name in NATIVE if f"`{name}`" not in TEXT and not name.startswith("slapos.cookbook:publish")]
    assert [name for name in missing if not name.endswith(".serialised")] == []


@pytest.mark.parametrize("example", [text for text in EXAMPLES if "recipe =" in text and "develop" not in text])
def test_an_example(example, tmp_path):
    own = "\n".join(line[4:] for line in example.splitlines())
    parts = re.findall(r"^\[(.+)\]", own, re.MULTILINE)
    around = "" if "gzip" in parts else AROUND
    (tmp_path / "software.cfg").write_text(f"[buildout]\nparts = {' '.join(parts)}\n{own}\n{around}")
    home = Home(tmp_path / "home")
    plan = Planner(load(tmp_path / "software.cfg"), Sources(home), home, unchanged).plan()
    assert set(parts) <= set(plan.parts)
