"""Constructors that run in a builder: what they are told, what they may have, and what their answer changes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from cbuild.errors import CbuildError
from cbuild.plan.key import key_of, question
from cbuild.plan.part import Part
from cbuild.plan.resolve import Planner
from cbuild.profile import load
from cbuild.recipe.run import run
from cbuild.source import Sources
from cbuild.state.home import Home


class Builder:
    """Stands in for a builder: runs constructors in this process. asked: the digest of every question."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.asked: list[str] = []

    def __call__(self, part: Part):
        """Return the constructor's result."""
        sources = {url: str(request.path) for url, request in part.sources.items() if request.kind == "local"}
        self.asked.append(key_of(question(part, "sha256:b", dict.fromkeys(part.sources, "sha256:s"))))
        recipe = {"module": part.recipe.module, "attribute": part.recipe.attribute, "compatible": True}
        return run(
            {
                "action": "construct",
                "part": part.name,
                "recipe": recipe,
                "directory": str(self._directory),
                "sections": {
                    **{name: dict(options) for name, options in part.visible.items()},
                    part.name: dict(part.given),
                },
                "names": part.names,
                "absent": part.absent,
                "parsed": part.parsed,
                "sources": sources,
            }
        )


@pytest.fixture
def builder(tmp_path):
    return Builder(tmp_path)


@pytest.fixture
def plan(tmp_path, builder):
    """A function that plans a profile whose only part is `a`, with this init; other sections follow."""

    def make(init: str, others: str = "", own: str = "", parts: str = "a"):
        lines = "".join(f"\n  {line}" for line in init.strip().splitlines())
        text = f"[buildout]\nparts = {parts}\nmine = 1\n[a]\nrecipe = slapos.recipe.build\n{own}init ={lines}\n{others}"
        (tmp_path / "p.cfg").write_text(text)
        profile = load(tmp_path / "p.cfg")
        home = Home(tmp_path / "home")
        return Planner(profile, Sources(home, offline=True), home, builder).plan()

    return make


def test_what_init_sets_is_what_others_see(plan, builder):
    found = plan("options['x'] = options.pop('y') + name\n".replace("name", "self.name"), own="y = Y\n")
    part = found.parts["a"]
    assert part.options["x"] == "Ya"
    assert "y" not in part.options
    assert part.given["y"] == "Y"
    assert len(builder.asked) == 1


def test_a_section_that_init_reads_is_referred_to(plan, builder):
    others = "[b]\nrecipe = command\ncommand = x\nv = ${c:v}\n[c]\nv = 3\n"
    found = plan("options['x'] = self.buildout['b']['v']", others)
    part = found.parts["a"]
    assert part.options["x"] == "3"
    assert part.visible["b"] == {"recipe": "command", "command": "x", "v": "3"}
    assert part.requires == ("b",)
    assert len(set(builder.asked)) == 2, "asked with [b] it is another question"


def test_what_is_there_and_what_is_not(plan):
    script = """
options['b'] = str('b' in self.buildout)
options['z'] = str('z' in self.buildout)
options['get'] = str(self.buildout.get('y'))
options['all'] = ' '.join(sorted(self.buildout))
options['mine'] = self.buildout['buildout']['mine'] + str(self.buildout['buildout'].get('yours'))
"""
    part = plan(script, "[b]\n").parts["a"]
    found = {key: part.options[key] for key in ("b", "z", "get", "all", "mine")}
    assert found == {"b": "True", "z": "False", "get": "None", "all": "a b buildout", "mine": "1None"}
    assert part.names is not None
    assert set(part.names) >= {"a", "b", "buildout"}
    assert part.absent == ("buildout:yours",)
    assert part.visible["buildout"]["mine"] == "1"
    assert "parts" not in part.visible["buildout"], "other options of [buildout] don't change the key"


def test_a_file_beside_the_profile(plan, tmp_path, builder):
    (tmp_path / "file").write_text("text")
    path = "self.options['here'] + '/file'"
    part = plan(f"options['x'] = open(self.download({path})).read()", own="here = ${:_profile_base_location_}\n").parts[
        "a"
    ]
    assert part.options["x"] == "text"
    assert [request.url for request in part.sources.values()] == [str(tmp_path / "file")]
    assert list(part.sources) == ["/profile/file"]
    assert len(set(builder.asked)) == 2


def test_a_file_that_an_option_names(plan, tmp_path):
    other = tmp_path.parent / f"{tmp_path.name}-other"
    other.write_text("other")
    md5 = hashlib.md5(b"other", usedforsecurity=False).hexdigest()
    own = f"url = {other}\nmd5sum = {md5}\n"
    assert plan("options['x'] = open(self.download()).read()", own=own).parts["a"].options["x"] == "other"


@pytest.mark.parametrize(
    "url", ["/no/etc/shadow", "file:///no/etc/shadow", "no/relative", "/profile/../etc/shadow", "git+file:///no/x"]
)
def test_no_other_file_of_this_machine(plan, url):
    with pytest.raises(CbuildError) as caught:
        plan(f"self.download({url[:5]!r} + {url[5:]!r})", own=f"other = {url}.md5\n")
    assert (caught.value.reason, caught.value.section) == ("source-outside", "a")


def test_a_source_without_a_checksum_or_a_connection(plan):
    part = plan("self.buildout.source('http://h.invalid/x.tar', '1' * 32)").parts["a"]
    assert [(request.url, request.md5) for request in part.sources.values()] == [("http://h.invalid/x.tar", "1" * 32)]


def test_what_install_will_ask_for_is_known_before(plan):
    own = (
        "url = http://h.invalid/x.tar\nmd5sum = "
        + "2" * 32
        + "\ninstall =\n  v = self.buildout['b']['v']\n  self.download()\n"
    )
    part = plan("pass", "[b]\nv = 1\n", own).parts["a"]
    assert list(part.sources) == ["http://h.invalid/x.tar"]
    assert part.visible["b"] == {"v": "1"}


@pytest.mark.parametrize(
    ("init", "message", "option"),
    [
        ("\n1/0", "The recipe refuses [a]: init, line 2: ZeroDivisionError: division by zero", "init"),
        ("x = = 1", "init, line 1: SyntaxError", "init"),
        ("from zc.buildout import UserError\nraise UserError('[a] no luck')", "refuses [a]: no luck", "recipe"),
        ("self.buildout['b']", "The referenced section, 'b', was not defined.", "recipe"),
        ("call(['false'])", "init, line 1: Command", "init"),
    ],
)
def test_what_goes_wrong_has_its_place(plan, init, message, option):
    with pytest.raises(CbuildError) as caught:
        plan(init if init.strip() == init else "pass" + init)
    assert message in caught.value.brief
    assert (caught.value.reason, caught.value.section, caught.value.option) == ("recipe-refuses", "a", option)
    assert caught.value.line


def test_the_real_profiles_way_to_change_versions(plan):
    """As SlapOS's [ZODB] does it."""
    script = """
z = self.buildout['Z' + options['major']]
options['depends'] = '$${%s:egg}' % z.name
self.buildout.parse('[_versions]\\n' + z['egg-versions'])
versions = self.buildout['versions']
versions.update(self.buildout['_versions'])
import zc.buildout.easy_install
zc.buildout.easy_install.default_versions(versions)
"""
    others = "[Z6]\negg = Z\negg-versions =\n  Z = 6.0\n[versions]\nsetuptools = 1\n"
    others += "[later]\nrecipe = command\ncommand = ${versions:Z}\n"
    found = plan(script, others, "major = 6\n", "a later")
    part = found.parts["a"]
    assert found.parts["later"].given["command"] == "6.0"
    assert part.options["depends"] == "${Z6:egg}"
    assert part.visible["versions"] == {"setuptools": "1"}
    assert part.parsed == ("[_versions]\nZ = 6.0",)


class Chosen:
    """Stands in for Distributions: keeps with which pins it is asked for what."""

    def __init__(self) -> None:
        self.asked: list[tuple[tuple[str, ...], dict[str, str]]] = []
        self.links: list[str] = []

    def closure(self, requirements, rules, *, links, **_):
        """Choose nothing."""
        self.asked.append((tuple(requirements), dict(rules.versions)))
        self.links += links
        return ()


def test_eggs_are_chosen_when_every_constructor_has_run(tmp_path, builder):
    """[a], which comes last, changes the pins of [z] and [y], of which one refers to it."""
    (tmp_path / "p.cfg").write_text(
        "[buildout]\nparts = z y\n[versions]\n[z]\nrecipe = zc.recipe.egg\n"
        "[y]\nrecipe = zc.recipe.egg\ndepends = ${a:x}\n"
        "[a]\nrecipe = slapos.recipe.build\nx = 1\ninit = self.buildout['versions']['z'] = '6.0'\n"
    )
    chosen = Chosen()
    home = Home(tmp_path / "home")
    Planner(load(tmp_path / "p.cfg"), Sources(home, offline=True), home, builder, chosen).plan()
    assert sorted(chosen.asked) == [(("y",), {"z": "6.0"}), (("z",), {"z": "6.0"})]


@pytest.mark.parametrize("word", ["own", "${:_profile_base_location_}/own"])
def test_where_a_part_looks_for_eggs_is_not_in_what_it_gets(tmp_path, builder, word):
    """Another checkout gives the same key, and the builder's words, which have other paths, the same answer."""
    parts = []
    for name in ("one", "other"):
        directory, home, chosen = tmp_path / name, Home(tmp_path / "home"), Chosen()
        directory.mkdir()
        (directory / "p.cfg").write_text(f"[buildout]\nparts = z\n[z]\nrecipe = zc.recipe.egg\nfind-links = {word}\n")
        planned = Planner(load(directory / "p.cfg"), Sources(home, offline=True), home, builder, chosen).plan()
        assert chosen.links == [str(directory / "own")]
        parts.append(planned.parts["z"])
    assert parts[0].given == parts[1].given
    assert parts[0].distributions == parts[1].distributions == {"z": ()}


PROGRAM = """
name = options['_name']
options['depends'] += '$${.%s.program:recipe}' % name
self.buildout.parse('''
  # a comment
  [.%(name)s.program]
  recipe = slapos.recipe.template
  output = $${.%(name)s.shell:bin}/%(name)s
  inline =
    #!$${.%(name)s.shell:exe}
    print(1)

  [.%(name)s.shell]
  <= shell
  words += more
  name = $${:_buildout_section_name_}

  [.%(name)s.never:python2]
  recipe = no.such.recipe
  ''' % locals())
options['exe'] = self.buildout['.%s.shell' % name]['exe']
"""
SHELL = "[shell]\nrecipe = command\ncommand = x\nbin = /b\nexe = /bin/${:name}\nname = sh\nwords = one\n"


def test_sections_that_init_adds_are_a_profile_s_text(plan):
    """As SlapOS's [pyprog] does it: references, inheritance, increments, conditions, `#!` in a value."""
    found = plan(PROGRAM, SHELL, "_name = ${:_buildout_section_name_}\ndepends =\n")
    assert list(found.parts) == [".a.shell", ".a.program", "a"]
    assert found.parts[".a.program"].given["inline"] == "#!/bin/.a.shell\nprint(1)"
    assert found.parts[".a.program"].requires == (".a.shell",)
    assert found.parts[".a.shell"].given["words"] == "one\nmore"
    assert found.parts["a"].options["exe"] == "/bin/.a.shell"
    assert found.parts["a"].requires == (".a.shell", ".a.program")
    assert found.wanted == ("a", ".a.program", ".a.shell")


def test_added_sections_count_for_who_asked_before_which_there_are(plan):
    script = """
list(self.buildout), self.buildout.get('_new')
self.buildout.parse('[_new]\\nx = 1')
options['x'] = self.buildout['_new']['x'] + str('_new' in self.buildout)
"""
    assert plan(script).parts["a"].options["x"] == "1True"


@pytest.mark.parametrize(
    ("text", "reason"),
    [("[a]\nx = 1", "section-exists"), ("x = 1", "no-section-header"), ("[n]\nx = ${no:y}", "missing-section")],
)
def test_sections_that_cannot_be_added(plan, text, reason):
    with pytest.raises(CbuildError) as caught:
        plan(f"self.buildout.parse({text!r})")
    assert caught.value.reason == reason
