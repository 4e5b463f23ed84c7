"""Which recipe names are cbuild's own: a profile's name to a module and class of `recipes/`."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import cast

from cbuild.recipe.api import RecipeClass


@dataclass(frozen=True)
class Native:
    """A recipe that cbuild ships: a class in a module of `recipes/`."""

    module: str
    attribute: str = "Recipe"

    def load(self) -> RecipeClass:
        """Import and return the class."""
        return cast("RecipeClass", getattr(importlib.import_module(self.module), self.attribute))


COMPILE = Native("recipes.compile")
DOWNLOAD = Native("recipes.download")
UNPACK = Native("recipes.download", "Unpacked")
TEMPLATE = Native("recipes.template")
JINJA2 = Native("recipes.template", "Jinja2")
COMMAND = Native("recipes.command")
WRAPPER = Native("recipes.wrapper")
MKDIRECTORY = Native("recipes.mkdirectory")

NATIVE = {
    "command": COMMAND,
    "compile": COMPILE,
    "download": DOWNLOAD,
    "download-unpacked": UNPACK,
    "mkdirectory": MKDIRECTORY,
    "plone.recipe.command": COMMAND,
    "slapos.cookbook:mkdirectory": MKDIRECTORY,
    "slapos.cookbook:publish": Native("recipes.publish"),
    "slapos.cookbook:publish.serialised": Native("recipes.publish", "Serialised"),
    "slapos.cookbook:slapconfiguration": Native("recipes.slapconfiguration"),
    "slapos.cookbook:slapconfiguration.serialised": Native("recipes.slapconfiguration", "Serialised"),
    "slapos.cookbook:wrapper": WRAPPER,
    "slapos.recipe.build:download": DOWNLOAD,
    "slapos.recipe.build:download-unpacked": UNPACK,
    "slapos.recipe.cmmi": COMPILE,
    "slapos.recipe.template": TEMPLATE,
    "slapos.recipe.template:jinja2": JINJA2,
    "template": TEMPLATE,
    "template:jinja2": JINJA2,
    "wrapper": WRAPPER,
}


def find(recipe: str) -> Native | None:
    """Return cbuild's own recipe of this name, None if the name is somebody else's."""
    return NATIVE.get(recipe.strip())
