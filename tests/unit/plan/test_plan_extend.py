"""Extensions and recipes of distributions, as the planner asks for them."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest

from cbuild.distribution import Distributions
from cbuild.errors import CbuildError, ProfileError, SourceError
from cbuild.plan.extend import Extender
from cbuild.plan.part import Part
from cbuild.plan.resolve import Planner
from cbuild.profile import load
from cbuild.recipe.run import run
from cbuild.source import Lock, Sources
from cbuild.state.home import Home

MODULE = """
from zc.buildout import UserError

class Recipe:
    def __init__(self, buildout, name, options):
        if "bad" in options:
            raise UserError("bad is not good.")
        options["seen"] = name

def mark(buildout):
    buildout["buildout"]["marked"] = "yes"

def unload(buildout):
    raise UserError("nobody calls this.")

def load(buildout):
    if "refused" in buildout:
        raise UserError("no.")
    for name in sorted(buildout):
        if name.startswith("t"):
            buildout[name]["added"] = buildout[name].get("v", "") + "!"
    buildout["new"] = {}
"""
POINTS = "[zc.buildout]\ndefault = cbt_ext:Recipe\n[zc.buildout.extension]\next = cbt_ext:load\n"
UNLOADING = "[zc.buildout.extension]\next = cbt_ext:mark\n[zc.buildout.unloadextension]\next = cbt_ext:unload\n"


class Builder:
    """Stands in for a builder: unpacks wheels and runs what asks in this process."""

    def __init__(self, directory: Path, sources: Sources) -> None:
        self._directory = directory
        self._sources = sources

    def __call__(self, part: Part):
        """Return the result document."""
        site = self._directory / "site"
        for one in part.origin:
            with zipfile.ZipFile(self._sources.fetch(one.request).path) as wheel:
                wheel.extractall(site)
        use = part.recipe
        recipe = {
            "spec": use.spec, "develop": [], "requirements": use.requirements, "extensions": use.extensions,
            "site": str(site) if part.origin else "",
        }  # fmt: skip
        sections = {**{name: dict(options) for name, options in part.visible.items()}, part.name: dict(part.given)}
        return run(
            {
                "action": "construct", "part": part.name, "recipe": recipe, "directory": str(self._directory),
                "sections": sections, "names": part.names, "absent": part.absent, "sources": {},
            }
        )  # fmt: skip


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A function that writes a profile and returns its profile, sources, home, builder and distributions."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    links = tmp_path / "dist"
    links.mkdir()
    for name, points in {"ext": POINTS, "unloading": UNLOADING}.items():
        with zipfile.ZipFile(links / f"cbt_{name}-1-py3-none-any.whl", "w") as wheel:
            wheel.writestr("cbt_ext.py", MODULE)
            wheel.writestr(f"cbt_{name}-1.dist-info/METADATA", f"Metadata-Version: 2.1\nName: cbt.{name}\nVersion: 1\n")
            wheel.writestr(f"cbt_{name}-1.dist-info/entry_points.txt", points)

    def make(text: str, index: str = ""):
        (tmp_path / "p.cfg").write_text(text)
        home, lock = Home(tmp_path / "home"), Lock.load(tmp_path / "cbuild.lock")
        sources = Sources(home, links=[str(links)], index=index or (tmp_path / "none").as_uri(), lock=lock)
        return load(tmp_path / "p.cfg"), sources, home, Builder(tmp_path, sources), Distributions(sources, lock)

    yield make
    for module in [name for name in sys.modules if name.startswith(("cbt_", "zc"))]:
        del sys.modules[module]


def extended(project, text: str, said: list | None = None):
    return Extender(*project(text), (said if said is not None else []).append).extended()


def test_an_extension_changes_sections(project):
    profile = extended(project, "[buildout]\nextensions = cbt.ext\nparts =\n[t]\nv = ${u:w}\n[u]\nw = 3\n")
    assert profile.sections["t"]["added"] == "3!"
    assert profile.origins["t"]["added"][0].file == "cbt.ext"
    assert "added" not in profile.sections["u"]


def test_unloading_is_not_done_and_that_is_said(project):
    said = []
    profile = extended(project, "[buildout]\nextensions = cbt.ext cbt.unloading\nparts =\n", said)
    (event,) = said
    assert (event.kind, event.subject) == ("warning", "cbt.unloading")
    assert "zc.buildout.unloadextension, which isn't called" in event.message
    assert set(profile.sections["buildout"]) & {"marked", "zc.buildout.unloadextension"} == {"marked"}


def test_what_an_extension_refuses(project):
    with pytest.raises(ProfileError) as error:
        extended(project, "[buildout]\nextensions = cbt.ext\nparts =\n[refused]\na = 1\n")
    assert (error.value.reason, error.value.line, error.value.option) == ("extension-refuses", 2, "extensions")


def test_an_extension_that_is_nowhere(project):
    with pytest.raises(CbuildError) as error:
        extended(project, "[buildout]\nextensions = cbt.other\nparts =\n")
    assert (error.value.reason, error.value.line) == ("distribution-missing", 2)


@pytest.mark.parametrize("name", ["buildout-versions", "buildout.dumppickedversions"])
def test_old_extensions_are_refused(project, name):
    with pytest.raises(ProfileError) as error:
        extended(project, f"[buildout]\nextensions = {name}\nparts =\n")
    assert error.value.reason == "extension-superseded"


def test_extensions_that_layers_make_unnecessary(project):
    said = []
    extended(project, "[buildout]\nextensions = slapos.rebootstrap slapos.extension.shared\nparts =\n", said)
    assert [event.subject for event in said] == ["slapos.rebootstrap", "slapos.extension.shared"]


def test_a_recipe_of_a_distribution(project):
    plan = Planner(*project("[buildout]\nparts = a\n[a]\nrecipe = cbt-ext >0:default\n")).plan()
    part = plan.parts["a"]
    assert part.options["seen"] == "a"
    assert [one.egg for one in part.origin] == ["cbt_ext-1-py3.11-linux-x86_64.egg"]
    assert list(part.sources) == ["pypi:cbt-ext/cbt_ext-1-py3-none-any.whl"]


def test_pins_are_the_profiles(project):
    with pytest.raises(CbuildError) as error:
        Planner(*project("[buildout]\nparts = a\n[a]\nrecipe = cbt.ext\n[versions]\nCbt_Ext = 2\n")).plan()
    assert (error.value.reason, error.value.section, error.value.line) == ("version-missing", "versions", 6)


def test_a_recipe_that_is_nowhere_is_unknown(project):
    with pytest.raises(ProfileError) as error:
        Planner(*project("[buildout]\nparts = a\n[a]\nrecipe = slapos.recipe.cmni\n")).plan()
    assert (error.value.reason, error.value.line) == ("unknown-recipe", 4)
    assert "slapos.recipe.cmmi" in error.value.resolution


def test_a_recipe_may_be_on_an_index_that_does_not_answer(project, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    text = "[buildout]\nparts = a\n[a]\nrecipe = slapos.recipe.cmni\n"
    with pytest.raises(SourceError) as error:
        Planner(*project(text, index="http://127.0.0.1:1/simple")).plan()
    assert (error.value.reason, error.value.line) == ("index-unreachable", 4)
    assert "slapos.recipe.cmmi" not in error.value.resolution
