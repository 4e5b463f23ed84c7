"""The key: what it is made of, to the byte, and what a comparison of two says."""

from __future__ import annotations

import dataclasses
import json

import pytest

from cbuild.canonical import canonical_json
from cbuild.plan.key import document, key_of
from cbuild.plan.part import Part, RecipeUse
from cbuild.plan.why import Change, changes
from cbuild.source import Request

PART = Part(
    name="gzip",
    recipe=RecipeUse("sha256:c0de", "recipes.compile", "Recipe"),
    given={"recipe": "slapos.recipe.cmmi", "url": "https://example.invalid/gzip.tar", "md5sum": "1" * 32},
    options={"location": "/opt/cbuild/parts/gzip"},
    visible={"buildout": {"directory": "/opt/cbuild"}},
    sources={"https://example.invalid/gzip.tar": Request("https://example.invalid/gzip.tar", "1" * 32)},
    requires=("xz-utils",),
)
SOURCES = {"https://example.invalid/gzip.tar": "sha256:f11e"}

GOLDEN = (
    '{"builder":"sha256:b111d","code":"sha256:c0de","cpu":"x86-64-v2","format":1,"layer-format":1,'
    '"options":{"md5sum":"11111111111111111111111111111111","recipe":"slapos.recipe.cmmi",'
    '"url":"https://example.invalid/gzip.tar"},"part":"gzip",'
    '"recipe":{"attribute":"Recipe","module":"recipes.compile"},"requires":{"xz-utils":"sha256:1a7e4"},"sandbox":3,'
    '"sources":{"https://example.invalid/gzip.tar":"sha256:f11e"},"visible":{"buildout":{"directory":"/opt/cbuild"}}}'
)


def made(part: Part = PART, builder="sha256:b111d", sources=None, layer="sha256:1a7e4"):
    return document(part, builder, sources or SOURCES, dict.fromkeys(part.requires, layer))


def test_the_document_to_the_byte():
    """Golden bytes: whoever changes them has every part of everybody built again. Then raise key.FORMAT."""
    assert canonical_json(made()).decode() == GOLDEN
    assert key_of(made()) == "sha256:9c1c0d42bb93f81f04f89a3791e94157158c7b3388280f73a819db102d102828"


@pytest.mark.parametrize(
    ("other", "what"),
    [
        (made(builder="sha256:other"), "builder"),
        (
            made(sources={"https://example.invalid/gzip.tar": "sha256:other"}),
            "sources/https://example.invalid/gzip.tar",
        ),
        (made(layer="sha256:other"), "requires/xz-utils"),
        (made(dataclasses.replace(PART, recipe=RecipeUse("sha256:other", "recipes.compile", "Recipe"))), "code"),
        (made(dataclasses.replace(PART, given=PART.given | {"make-options": "V=1"})), "options/make-options"),
        (made(dataclasses.replace(PART, visible={"buildout": {"directory": "/else"}})), "visible/buildout/directory"),
        (made(dataclasses.replace(PART, name="other")), "part"),
        (made(dataclasses.replace(PART, requires=())), "requires/xz-utils"),
    ],
)
def test_everything_that_counts_changes_the_key_and_is_named(other, what):
    assert key_of(other) != key_of(made())
    assert [change.what for change in changes(made(), other)] == [what]


def test_what_the_constructor_set_does_not_count_twice():
    """It follows from the recipe's code and the options before it, which are in the key."""
    assert key_of(made(dataclasses.replace(PART, options={}))) == key_of(made())


def test_changes_have_old_and_new_values():
    old = {"a": {"x": 1, "y": 2}, "b": "same", "c": {"z": 1}}
    new = {"a": {"x": 1, "y": 3, "w": 4}, "b": "same"}
    assert changes(old, new) == [
        Change("a/w", None, 4),
        Change("a/y", 2, 3),
        Change("c", {"z": 1}, None),
    ]
    assert changes(old, json.loads(json.dumps(old))) == []
