"""docs/recipes.md names every recipe, and its examples are plans."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from cbuild.plan.resolve import Planner
from cbuild.profile import load
from cbuild.recipe import schema
from cbuild.recipe.registry import NATIVE
from cbuild.source import Sources
from cbuild.state.home import Home

FILE = Path(__file__).parents[3] / "docs" / "recipes.md"
TEXT = FILE.read_text()
EXAMPLES = re.findall(r"(?:^    .*\n|^\n(?=    ))+", TEXT, re.MULTILINE)

# What the examples refer to and don't show.
AROUND = "".join(
    f"[{name}]\nrecipe = compile\nurl = https://example.invalid/{name}.tar\nmd5sum = {'0' * 32}\noutput = /x\n"
    for name in ("gzip", "hello", "nginx", "nginx-conf")
)


def unchanged(part):
    """Answer as a constructor that sets nothing: examples run in no builder here."""
    return {"ok": True, "options": dict(part.given)}


class NoIndex:
    """Chooses nothing: no index is asked here."""

    def closure(self, *_: object, **__: object) -> tuple[()]:
        return ()


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
    plan = Planner(load(tmp_path / "software.cfg"), Sources(home), home, unchanged, NoIndex()).plan()
    assert set(parts) <= set(plan.parts)


HEAD = "| option | meaning | default |\n|---|---|---|\n"
SCHEMAS = {found.title: found for found in map(schema.load, NATIVE.values())}


def table(of: schema.Schema) -> str:
    """Return the table of a recipe's options."""
    rows = [
        f"| `{name}` | {rules['description']} | {shown(rules.get('default', ''))} |".replace("|  |", "| |")
        for name, rules in of.properties.items()
    ]
    rows += [f"| {rules['title']} | {rules['description']} | |" for rules in of.patterns.values()]
    return HEAD + "\n".join([*rows, *([f"| any other | {of.rest} | |"] if of.rest else [])]) + "\n"


def shown(default: str) -> str:
    """Return a default: a word is code, a sentence isn't."""
    return default if " " in default or "`" in default or not default else f"`{default}`"


@pytest.mark.parametrize("title", [title for title in SCHEMAS if title not in ("publish", "slapconfiguration")])
def test_the_tables_of_options_are_the_schemas(title):
    """CBUILD_WRITE_DOCS=1 writes them."""
    text = FILE.read_text()
    section = re.search(rf"^## {re.escape(title)}\n.*?(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert section, f"docs/recipes.md has no section {title}"
    found = re.search(re.escape(HEAD) + r"(?:\|.*\n)*", section[0])
    assert found, f"the section {title} has no table of options"
    if os.environ.get("CBUILD_WRITE_DOCS"):
        FILE.write_text(text.replace(section[0], section[0].replace(found[0], table(SCHEMAS[title]))))
        return
    assert found[0] == table(SCHEMAS[title])
