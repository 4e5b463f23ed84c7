"""Which recipe names are cbuild's own: a profile's name to a module and class of `recipes/`."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import cast

from cbuild.recipe.api import RecipeClass

COMPATIBLE = "cbuild.recipe.compatible"


@dataclass(frozen=True)
class Native:
    """A recipe that cbuild ships: a class in a module of `recipes/`.

    in_builder: its constructor runs what the profile says, so it runs in a builder only. hooks: its install() runs
    Python of the profile's. Either may import zc.buildout's names there. schema: the name of the file that has its
    options, if it isn't the module's (cbuild.recipe.schema).
    """

    module: str
    attribute: str = "Recipe"
    in_builder: bool = False
    hooks: bool = False
    schema: str = ""

    @property
    def modules(self) -> tuple[str, ...]:
        """Return the modules that go into a builder for it, besides the runner."""
        return (self.module, COMPATIBLE) if self.in_builder or self.hooks else (self.module,)

    def load(self) -> RecipeClass:
        """Import and return the class."""
        return cast("RecipeClass", getattr(importlib.import_module(self.module), self.attribute))


COMPILE = Native("recipes.compile", hooks=True)
DOWNLOAD = Native("recipes.download")
UNPACK = Native("recipes.download", "Unpacked", schema="download-unpacked")
TEMPLATE = Native("recipes.template")
JINJA2 = Native("recipes.jinja")
COLLECTIVE = Native("recipes.collective")
COMMAND = Native("recipes.command")
WRAPPER = Native("recipes.wrapper")
MKDIRECTORY = Native("recipes.mkdirectory")
BUILD = Native("recipes.build", in_builder=True)
GITCLONE = Native("recipes.gitclone")
EGGS = Native("recipes.egg", "Eggs")
CUSTOM_EGG = Native("recipes.custom_egg", "Custom")
DEVELOP_EGG = Native("recipes.custom_egg", "Develop")
SCRIPTS = Native("recipes.egg", "Scripts")
SYMBOLIC_LINK = Native("recipes.symbolic_link")

NATIVE = {
    "collective.recipe.template": COLLECTIVE,
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
    "slapos.cookbook:symbolic.link": SYMBOLIC_LINK,
    "slapos.cookbook:wrapper": WRAPPER,
    "slapos.recipe.build": BUILD,
    "slapos.recipe.build:download": DOWNLOAD,
    "slapos.recipe.build:download-unpacked": UNPACK,
    "slapos.recipe.build:gitclone": GITCLONE,
    "slapos.recipe.build:mkdirectory": MKDIRECTORY,
    "slapos.recipe.cmmi": COMPILE,
    "slapos.recipe.template": TEMPLATE,
    "slapos.recipe.template:jinja2": JINJA2,
    "symbolic-link": SYMBOLIC_LINK,
    "template": TEMPLATE,
    "template:jinja2": JINJA2,
    "wrapper": WRAPPER,
    "zc.recipe.egg": SCRIPTS,
    "zc.recipe.egg:custom": CUSTOM_EGG,
    "zc.recipe.egg:develop": DEVELOP_EGG,
    "zc.recipe.egg:eggs": EGGS,
    "zc.recipe.egg:script": SCRIPTS,
    "zc.recipe.egg:scripts": SCRIPTS,
}


def find(recipe: str, *, originals: bool = False) -> Native | None:
    """Return cbuild's own recipe of this name, None if the name is somebody else's.

    originals: names that cbuild has in common with a distribution (they have a dot) mean the distribution.
    """
    return None if originals and "." in recipe else NATIVE.get(recipe.strip().removesuffix(":default"))
