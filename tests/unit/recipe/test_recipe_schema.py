"""The schemas of cbuild's recipes: every recipe has one, and it says what it says."""

from __future__ import annotations

import ast
import json
import re

import pytest

from cbuild.recipe import schema
from cbuild.recipe.api import UserError
from cbuild.recipe.registry import COMPILE, JINJA2, MKDIRECTORY, NATIVE, Native

EACH = sorted(set(NATIVE.values()), key=lambda native: (native.module, native.attribute))


@pytest.mark.parametrize("native", EACH, ids=lambda native: f"{native.module}:{native.attribute}")
def test_a_schema_is_one(native: Native):
    document = json.loads(schema.path(native).read_bytes())
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert document["type"] == "object"
    assert document["title"]
    assert document["description"]
    known = {"description", "default", "enum", "pattern", "title"}
    for rules in document["properties"].values():
        assert set(rules) <= known
        assert isinstance(rules["description"], str)
        re.compile(rules.get("pattern", ""))


@pytest.mark.parametrize("native", EACH, ids=lambda native: f"{native.module}:{native.attribute}")
def test_an_option_that_a_recipe_reads_is_in_its_schema(native: Native):
    """As far as it can be read off the module's text: ``options.get("x")``, ``options["x"]``, ``options.flag("x")``."""
    # Of all the recipes of one module: which of them reads what isn't looked at.
    found = [schema.load(other) for other in EACH if other.module == native.module]
    tree = ast.parse(schema.path(native).with_name(f"{native.module.rpartition('.')[2]}.py").read_text())
    read = set()
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(value=owner, attr="get" | "flag"), args=[ast.Constant(value=str(name)), *_]
            ):
                read |= {name} if _is_options(owner) else set()
            case ast.Subscript(value=owner, slice=ast.Constant(value=str(name)), ctx=ast.Load()):
                read |= {name} if _is_options(owner) else set()
    own = {"recipe", "compile-directory"}
    assert any(other.rest for other in found) or read - own <= {name for other in found for name in other.properties}


def _is_options(node: ast.expr) -> bool:
    match node:
        case ast.Name(id="options") | ast.Attribute(attr="options"):
            return True
    return False


@pytest.mark.parametrize(
    ("native", "options", "message"),
    [
        (COMPILE, {"shared": "True"}, r"\[a\] shared = True: it is true or false. Did you mean 'true'\?"),
        (COMPILE, {"keep-compile-dir": "1"}, r"\[a\] keep-compile-dir = 1: it is true or false.$"),
        (JINJA2, {"mode": "rwx"}, r"\[a\] mode = rwx: that is no octal mode such as 0755."),
        (MKDIRECTORY, {"mode": "0888"}, "octal mode"),
    ],
)
def test_what_a_schema_refuses(native, options, message):
    with pytest.raises(UserError, match=message):
        schema.load(native).check("a", options)


@pytest.mark.parametrize("options", [{"shared": ""}, {"shared": " true "}, {"shared": "!py!True"}, {"other": "x"}, {}])
def test_what_a_schema_admits(options):
    schema.load(COMPILE).check("a", options)


def test_options_of_nobody():
    options = {"recipe": "x", "url": "u", "make-target": "t", "mine": "m"}
    assert list(schema.load(COMPILE).unknown(options)) == ["make-target", "mine"]
    assert list(schema.load(MKDIRECTORY).unknown(options)) == [], "all options are this one's"
