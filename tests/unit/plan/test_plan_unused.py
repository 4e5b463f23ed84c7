"""Options that nothing uses."""

from __future__ import annotations

from pathlib import Path

import pytest

from cbuild.plan.resolve import Planner
from cbuild.plan.unused import unused
from cbuild.profile import load
from cbuild.source import Sources
from cbuild.state.home import Home

PART = "[buildout]\nparts = a\n[a]\nrecipe = slapos.recipe.cmmi\nurl = debian:gzip/g.tar\nmd5sum = " + "0" * 32 + "\n"


def found(directory: Path, text: str) -> list[tuple[str, str, str]]:
    path = directory / "software.cfg"
    path.write_text(text)
    profile, home = load(path), Home(directory / "home")
    parts = Planner(profile, Sources(home), home, None).plan().parts.values()
    return [(item.part, item.option, item.hint) for item in unused(profile, parts, parts)]


def test_a_misspelt_option(tmp_path):
    text = PART + "configure-option = --x\nsome-thing = 1\n"
    assert found(tmp_path, text) == [
        ("a", "configure-option", "Did you mean 'configure-options'?"),
        ("a", "some-thing", ""),
    ]


def test_its_place(tmp_path):
    (tmp_path / "software.cfg").write_text(PART + "make-target = x\n")
    profile, home = load(tmp_path / "software.cfg"), Home(tmp_path / "home")
    parts = Planner(profile, Sources(home), home, None).plan().parts.values()
    assert [item.place for item in unused(profile, parts, parts)] == [f"{tmp_path / 'software.cfg'}:7"]


@pytest.mark.parametrize(
    "text",
    [
        "mine = 1\nconfigure-options = ${:mine}\n",
        "mine = 1\npost-install = echo %(mine)s\n",
        "mine = 1\n[b]\nx = ${a:mine}\n",
        "mine = 1\n<= c\n[c]\nmake-options = ${:mine}\n",
        "depends = ${b:x}\n[b]\nx = 1\n",
        "_update_hash_filename_ = x\n",
        "mine = 1\n[b]\nrecipe = jinja2\ncontext =\n key x a:mine\n",
        "pre-configure-hook = hook.py:f\nmine = 1\n",
        "shared = true\nlocation = @@LOCATION@@\nalternate-url = http://h.invalid/x\n",
    ],
)
def test_what_is_used(tmp_path, text):
    (tmp_path / "hook.py").write_text("")
    assert found(tmp_path, PART + text) == []


def test_what_a_replaced_value_refers_to(tmp_path):
    (tmp_path / "theirs.cfg").write_text("[a]\nversion = 1\nurl = http://h.invalid/a-${:version}.tar\nother = 2\n")
    text = PART.replace("[buildout]\n", "[buildout]\nextends = theirs.cfg\n")
    assert found(tmp_path, text) == [("a", "other", "")]


def test_options_that_a_templates_file_refers_to(tmp_path):
    (tmp_path / "in").write_text("${:own} ${a:others}")
    text = PART + "others = 1\nnobodys = 2\n[b]\nrecipe = template\nurl = in\noutput = o\nown = 3\nalso = 4\n"
    assert found(tmp_path, text.replace("parts = a", "parts = a b")) == [("a", "nobodys", ""), ("b", "also", "")]


def test_what_looks_misspelt_beside_a_hook(tmp_path):
    (tmp_path / "hook.py").write_text("")
    text = PART + "post-make-hook = hook.py:f\npatchs = x\nother-location = y\n"
    assert found(tmp_path, text) == [("a", "patchs", "Did you mean 'patches'?")]


def test_other_peoples_recipes_and_those_that_take_everything(tmp_path):
    text = "[buildout]\nparts = d\n[d]\nrecipe = slapos.cookbook:mkdirectory\nvar = ${buildout:directory}/var\n"
    assert found(tmp_path, text) == []
