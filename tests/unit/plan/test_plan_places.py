"""What is wrong in a profile after its language is understood: each error has the file, the line and the option."""

from __future__ import annotations

import pytest

from cbuild.errors import CbuildError, ProfileError, SourceError, UsageError
from cbuild.plan.resolve import Planner
from cbuild.profile import load
from cbuild.source import Sources
from cbuild.state.home import Home


@pytest.fixture
def plan(tmp_path):
    """A function that plans a profile of these lines (the first is line 1) and returns the plan."""

    def make(text: str, only: tuple[str, ...] = ()):
        (tmp_path / "p.cfg").write_text(text)
        home = Home(tmp_path / "home")
        profile = load(tmp_path / "p.cfg", ())
        return Planner(profile, Sources(home, offline=True), home, None).plan(only)

    return make


PARTS = "[buildout]\nparts = a\n"


@pytest.mark.parametrize(
    ("text", "reason", "line", "option"),
    [
        ("[b]\nrecipe = x\n", "missing-section", 2, "parts"),
        ("[a]\nx = 1\n", "missing-option", 2, "parts"),
        ("[a]\nrecipe = slapos.recipe.cmi\n", "unknown-recipe", 4, "recipe"),
        ("[a]\nrecipe = slapos.recipe.cmmi\nulr = /x\n", "recipe-refuses", 4, "recipe"),
        ("[a]\nrecipe = slapos.recipe.cmmi\nurl = htp://h/x.tar\n", "url-unsupported", 5, "url"),
        ("[a]\nrecipe = slapos.recipe.cmmi\nurl = http://h/x.tar\nmd5sum = 12\n", "checksum-invalid", 6, "md5sum"),
        ("[a]\nrecipe = slapos.recipe.template\noutput = x\nurl = /none\n", "source-missing", 6, "url"),
        ("[m]\nurl = /none\n[a]\n<= m\nrecipe = slapos.recipe.template\noutput = x\n", "source-missing", 4, "url"),
        ("[a]\nrecipe = command\ncommand = x\nstop-on-error = 1\n", "recipe-refuses", 6, "stop-on-error"),
    ],
)
def test_place(plan, tmp_path, text, reason, line, option):
    with pytest.raises(CbuildError) as caught:
        plan(PARTS + text)
    error = caught.value
    assert (error.reason, error.file, error.line, error.option) == (reason, str(tmp_path / "p.cfg"), line, option)


def test_request_has_its_place(plan):
    patches = "patches =\n  /one.patch\n  /two.patch\n"
    found = plan(f"{PARTS}[a]\nrecipe = slapos.recipe.cmmi\n{patches}url = debian:a/b.tar\n")
    places = {url: (request.line, request.option) for url, request in found.parts["a"].sources.items()}
    assert places == {"debian:a/b.tar": (8, "url"), "/one.patch": (5, "patches"), "/two.patch": (5, "patches")}


def test_did_you_mean(plan):
    with pytest.raises(ProfileError) as caught:
        plan("[buildout]\nparts = zlb\n[zlib]\nrecipe = command\ncommand = x\n")
    assert caught.value.resolution == "Did you mean 'zlib'?"
    with pytest.raises(ProfileError) as caught:
        plan(PARTS + "[a]\nrecipe = slapos.recipe.cmi\n")
    assert caught.value.resolution.startswith("Did you mean 'slapos.recipe.cmmi'?")
    assert caught.value.column == 10


def test_install_of_what_is_not_there_is_usage(plan):
    with pytest.raises(UsageError) as caught:
        plan(PARTS + "[a]\nrecipe = command\ncommand = x\n", ("aa",))
    assert (caught.value.reason, caught.value.exit_code) == ("unknown-part", 2)


def test_all_mistakes_are_told_at_once(plan):
    text = """[buildout]
parts = a b c d e
[a]
recipe = slapos.recipe.cmi
x = ${no:x}
[b]
recipe = command
command = ${z:location}
other = ${y:none}
[c]
x = 1
[e]
recipe = nothing
[y]
[z]
recipe = nothing.either
"""
    with pytest.raises(ProfileError) as caught:
        plan(text)
    every = [caught.value, *caught.value.others]
    assert {(error.reason, error.line) for error in every} == {
        ("missing-section", 5),
        ("missing-option", 9),
        ("missing-option", 2),
        ("missing-section", 2),
        ("unknown-recipe", 13),
        ("unknown-recipe", 16),
    }
    assert len(every) == 6


def test_a_typed_value_that_is_none(plan):
    with pytest.raises(ProfileError) as caught:
        plan(PARTS + "[a]\nrecipe = command\ncommand = !py!len('x')\n")
    assert (caught.value.reason, caught.value.line, caught.value.option) == ("bad-value", 5, "command")
    with pytest.raises(ProfileError) as caught:
        plan(PARTS + "[a]\nrecipe = slapos.recipe.cmmi\nurl = !py!3\n")
    assert (caught.value.reason, caught.value.line, caught.value.option) == ("bad-value", 5, "url")


def test_a_bad_checksum_is_told_at_its_option_and_with_the_rest(plan):
    text = """[buildout]
parts = a b c d
[a]
recipe = slapos.recipe.build:download
url = http://h.invalid/zzz
md5sum = zzz
[b]
recipe = slapos.recipe.build:download
url = http://[::1/x
[c]
recipe = slapos.recipe.build:download
url = http://h.invalid/x#${buildout:none}
[d]
recipe = nothing
"""
    with pytest.raises(SourceError) as caught:
        plan(text)
    every = [caught.value, *caught.value.others]
    assert [(error.reason, error.line, error.option) for error in every] == [
        ("checksum-invalid", 6, "md5sum"),
        ("url-unsupported", 9, "url"),
        ("missing-option", 12, "url"),
        ("unknown-recipe", 14, "recipe"),
    ]


@pytest.mark.parametrize(("parts", "column"), [("a", 9), ("aa a", 12), ("aa\n  a", 3)])
def test_a_part_is_pointed_at_as_a_word_of_its_own(plan, parts, column):
    with pytest.raises(ProfileError) as caught:
        plan(f"[buildout]\nparts = {parts}\n[a]\nx = 1\n[aa]\nrecipe = command\ncommand = x\n")
    assert (caught.value.reason, caught.value.column) == ("missing-option", column)
