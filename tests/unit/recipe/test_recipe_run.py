"""Running a job as the builder does, recipes of the profile's own among them; and the code that goes there."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from cbuild.recipe import code, foreign
from cbuild.recipe.registry import NATIVE, find
from cbuild.recipe.run import run


def job(
    directory: Path, options: dict[str, str], module="recipes.command", attribute="Recipe", action="install", **more
):
    return {
        "action": action,
        "part": "a",
        "recipe": {"module": module, "attribute": attribute},
        "directory": str(directory),
        "sections": {"buildout": {"directory": str(directory), "parts-directory": f"{directory}/parts"}, "a": options},
        "sources": {},
    } | more


def test_a_part_is_installed_in_the_buildout_directory(tmp_path, capfd):
    before = Path.cwd()
    result = run(job(tmp_path, {"recipe": "command", "command": "pwd > here", "location": "here"}))
    assert result == {
        "ok": True,
        "paths": ["here"],
        "options": {"recipe": "command", "command": "pwd > here", "location": "here"},
        "sources": {},
        "sections": {},
    }
    assert (tmp_path / "here").read_text() == f"{tmp_path}\n"
    assert "+ pwd > here" in capfd.readouterr().out
    os.chdir(before)


def test_a_constructor_alone_installs_nothing(tmp_path):
    result = run(
        job(tmp_path, {"recipe": "download", "url": "u"}, "recipes.download", action="construct", sources={"u": "/x"})
    )
    assert result["ok"]
    assert result["options"]["target"] == f"{tmp_path}/parts/a/a"
    assert result["sources"] == {"u": None}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("module", "attribute", "options", "kind", "message"),
    [
        ("command", "Recipe", {"command": "exit 9", "stop-on-error": "true"}, "user", "exit code 9 of: exit 9"),
        ("command", "Recipe", {}, "user", "[a] needs command."),
        ("nothing", "Recipe", {}, "exception", "ModuleNotFoundError: No module named 'recipes.nothing'"),
    ],
)
def test_what_goes_wrong_is_told(tmp_path, module, attribute, options, kind, message):
    result = run(job(tmp_path, options, f"recipes.{module}", attribute))
    assert result == {"ok": False, "kind": kind, "message": message}


def test_what_is_needed_is_told(tmp_path):
    options = {"inline": "x", "output": "o", "context": "section s other"}
    assert run(job(tmp_path, options, "recipes.jinja", "Recipe")) == {
        "ok": False,
        "kind": "needs",
        "needs": {"section": "other"},
        "message": "it needs the section [other]",
    }


# Recipes of the profile's own -----------------------------------------------------------------------------------------

MODULE = """
import zc.buildout
from zc.buildout import UserError
from zc.buildout.buildout import MissingOption

class Thing:
    def __init__(self, buildout, name, options):
        if "bad" in options:
            raise zc.buildout.UserError("bad thing")
        options["seen"] = name
    def install(self):
        return "one-path"
"""


def somebodys(spec: str, *develop: str, requirements: Sequence[str] = (), site: str = ""):
    return {"spec": spec, "develop": list(develop), "requirements": list(requirements), "site": site}


@pytest.fixture
def developed(tmp_path, monkeypatch):
    """A function that makes a develop tar of a project with these files; develop unpacks below tmp_path."""
    unpacked = tmp_path / "unpacked"
    unpacked.mkdir()
    monkeypatch.setattr(foreign.tempfile, "mkdtemp", lambda **_: str(unpacked))
    monkeypatch.setattr(sys, "path", list(sys.path))

    def make(
        name: str = "thing", points: str = "default = cbt_thing:Thing", below: str = "", requires: Sequence[str] = ()
    ) -> str:
        project = tmp_path / "my.recipes"
        (project / below).mkdir(parents=True)
        setup = f"package_dir={{'': {below!r}}}," if below else ""
        (project / "setup.py").write_text(
            "from setuptools import setup\n"
            f"setup(name={name!r}, version='1', {setup} py_modules=['cbt_thing'],"
            f" install_requires={list(requires)!r},"
            f" entry_points={{'zc.buildout': [{points!r}]}})\n"
        )
        (project / below / "cbt_thing.py").write_text(MODULE)
        with tarfile.open(tmp_path / "my.recipes.tar", "w") as tar:
            tar.add(project, "my.recipes")
        return str(tmp_path / "my.recipes.tar")

    yield make
    for module in [name for name in sys.modules if name.startswith(("cbt_thing", "zc"))]:
        del sys.modules[module]


@pytest.mark.parametrize(
    ("name", "points", "below", "spec"),
    [
        ("thing", "default = cbt_thing:Thing", "", "thing"),
        ("my.Thing", "other = cbt_thing:Thing", "src", "my_thing:other"),
        ("thing", "Case = cbt_thing:Thing", "", "thing:Case"),
    ],
)
def test_a_developed_recipe(developed, tmp_path, name, points, below, spec):
    archive = developed(name, points, below)
    result = run(job(tmp_path, {"recipe": spec}, recipe=somebodys(spec, archive)))
    assert (result["ok"], result["paths"], result["options"]) == (True, ["one-path"], {"recipe": spec, "seen": "a"})


def test_a_developed_recipe_that_refuses(developed, tmp_path):
    result = run(job(tmp_path, {"bad": ""}, recipe=somebodys("thing", developed())))
    assert result == {"ok": False, "kind": "user", "message": "bad thing"}


def test_a_developed_recipe_without_the_entry(developed, tmp_path):
    result = run(job(tmp_path, {}, recipe=somebodys("thing:nothing", developed())))
    assert result["kind"] == "user"
    assert "no entry point 'nothing' in the group zc.buildout; it has default." in result["message"]


def test_a_recipe_of_a_distribution_is_asked_for(developed, tmp_path):
    result = run(job(tmp_path, {}, recipe=somebodys("other >1:entry", developed())))
    assert (result["kind"], result["needs"]) == ("needs", {"recipe": ["other >1"]})


def test_what_a_developed_recipe_requires_is_asked_for(developed, tmp_path):
    archive = developed(requires=["zc.buildout", "setuptools", "cbt-other>=1"])
    result = run(job(tmp_path, {}, recipe=somebodys("thing", archive)))
    assert result["needs"] == {"recipe": ["cbt-other>=1"]}


def test_a_recipe_is_imported_from_its_distributions(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    site = tmp_path / "site"
    information = site / "some_thing-1.dist-info"
    information.mkdir(parents=True)
    (site / "cbt_thing.py").write_text(MODULE)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: some.thing\nVersion: 1\n")
    (information / "entry_points.txt").write_text("[zc.buildout]\ndefault = cbt_thing:Thing\n")
    recipe = somebodys("Some-thing ==1", requirements=["Some-thing ==1"], site=str(site))
    result = run(job(tmp_path, {}, recipe=recipe))
    assert (result["ok"], result["paths"]) == (True, ["one-path"])


# What goes into the builder -------------------------------------------------------------------------------------------


def test_every_name_leads_to_a_class():
    for name in NATIVE:
        native = find(f" {name}\n")
        assert native is not None
        assert isinstance(native.load(), type), name
    assert find("slapos.recipe.cmni") is None


def test_the_code_is_complete_and_no_more(tmp_path):
    """The copy runs with the standard library alone, and the digest covers just what is copied."""
    for name in sorted({native.module for native in NATIVE.values()}):
        target = tmp_path / name
        code.copy(target, code.RUNNER, name)
        files = {str(path.relative_to(target)) for path in target.rglob("*.py")}
        assert "cbuild/recipe/run.py" in files
        assert not [file for file in files if file.startswith(("cbuild/engine", "cbuild/build", "cbuild/cli"))]
        program = (
            f"import sys; sys.path.insert(0, {str(target)!r}); import {name}, cbuild.recipe.run as r; print(r.__file__)"
        )
        done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(str(target))


def test_the_digest_is_each_recipes_own():
    compile_, command = (code.digest(code.RUNNER, name) for name in ("recipes.compile", "recipes.command"))
    assert compile_ != command
    assert compile_.startswith("sha256:")
    assert "recipes.shell" in code.closure("recipes.compile")
    assert "recipes.template" not in code.closure(code.RUNNER, "recipes.compile")
