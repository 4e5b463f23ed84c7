"""slapos.recipe.template:jinja2: what a template sees, what it may import, and mistakes in it."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
from recipe_helpers import made

from cbuild.recipe.api import MissingSection, UserError
from recipes import jinja

SEEN = {"other": {"a": "A", "json": '{"x": [1]}', "typed": "!py!{'k': [1, 2]}", "recipe": "x"}}


def render(kind, directory: Path, sources: dict[str, str] | None = None, **options: str) -> Path:
    recipe = made(kind, directory, {"output": "out.txt"} | options, sources, **SEEN)
    (path,) = recipe.install()
    return Path(path)


CONTEXT = """
  raw word a b  c
  raw empty
  key a other:a
  key own :own
  key typed other:typed
  json data {"y": 2}
  jsonkey more other:json
  section all other
  import os os.path
"""


def test_every_kind_of_context(tmp_path):
    names = ("word", "empty", "a", "own", "typed.k[1]", "data.y", "more.x[0]", "all['a']", "os.sep")
    text = "|".join(f"{{{{ {name} }}}}" for name in names) + "\n"
    out = render(jinja.Recipe, tmp_path, inline=text, context=CONTEXT, own="mine")
    assert out.read_text() == "a b  c||A|mine|2|2|1|A|/", "jinja2 takes the last line's end away"


def test_imports_and_globals(tmp_path):
    (tmp_path / "macros").write_text("{% macro hi(x) %}hi {{ x }}{% endmacro %}")
    text = "{% from 'm' import hi %}{{ hi(1) }} {{ dumps({'a': 1}) }}{{ assert(1 == 1) }}"
    out = render(
        jinja.Recipe, tmp_path, {"macros": str(tmp_path / "macros")}, inline=text, **{"import-list": "rawfile m macros"}
    )
    assert out.read_text() == "hi 1 !py!{'a': 1}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ unknown }}", "inline:1: 'unknown'"),
        ("one\n\n{{ unknown }}", "inline:3: 'unknown'"),
        ("{% if %}", "inline:1"),
        ("one\n{{ 1 +/ 2 }}", "inline:2"),
        ("{{ assert(false, 'too bad') }}", "too bad"),
        ("{% include 'nothing' %}", "nothing"),
    ],
)
def test_mistakes_in_a_template(tmp_path, text, message):
    with pytest.raises(UserError, match=message):
        render(jinja.Recipe, tmp_path, inline=text)


@pytest.mark.parametrize(
    ("option", "line", "message"),
    [
        ("context", "key a", "TYPE NAME VALUE"),
        ("context", "sausage a b", "none of raw"),
        ("context", "key a b", "section:option"),
        ("context", "key a b:c:d", "section:option"),
        ("context", "raw a b\n raw a c", "'a' is there twice"),
        ("import-list", "directory a b:c", "none of file, rawfile, folder, rawfolder"),
        ("import-list", "file a b", "section:option"),
        ("import-list", "rawfile a in\n rawfile a in", "'a' is there twice"),
        ("update", "1", "true or false"),
    ],
)
def test_mistakes_in_the_context(tmp_path, option, line, message):
    with pytest.raises(UserError, match=message):
        made(jinja.Recipe, tmp_path, {"inline": "x", "output": "o", option: line}, {"in": "/in"}, **SEEN)


def test_a_context_of_an_unknown_section(tmp_path):
    with pytest.raises(MissingSection):
        made(jinja.Recipe, tmp_path, {"inline": "x", "output": "o", "context": "section a nobody"})


def tar_of(directory: Path, archive: Path) -> Path:
    """A directory of the profile's own, as it comes into a builder."""
    with tarfile.open(archive, "w") as tar:
        tar.add(directory, directory.name)
    return archive


@pytest.mark.parametrize("where", ["file", "rawfile", "part"])
def test_importing_a_file(tmp_path, where):
    (tmp_path / "parts").mkdir()
    for path in (tmp_path / "m.in", tmp_path / "parts" / "m.in"):
        path.write_text("{% macro hi(x) %}hi {{ x }}{% endmacro %}")
    line = {"file": "file m :path", "rawfile": "rawfile m m.in", "part": "file m other:path"}[where]
    other = {"path": str(tmp_path / "parts" / "m.in")}
    options = {"inline": "{% import 'm' as m %}{{ m.hi(1) }}", "output": "o", "import-list": line, "path": "m.in"}
    recipe = made(jinja.Recipe, tmp_path, options, {"m.in": str(tmp_path / "m.in")}, other=other)
    (path,) = recipe.install()
    assert Path(path).read_text() == "hi 1"


@pytest.mark.parametrize("delimiter", ["", ":"])
@pytest.mark.parametrize("inside", [True, False])
def test_importing_from_folders(tmp_path, delimiter, inside):
    folder = tmp_path / "inc"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.in").write_text("{% macro f() %}A{% endmacro %}")
    (folder / "deep" / "b.in").write_text("{% macro f() %}B{% endmacro %}")
    (tmp_path / "secret").write_text("no")
    archive = tar_of(folder, tmp_path / "inc.tar")
    mark = delimiter or "/"
    text = f"{{% import 'lib{mark}a.in' as a %}}{{% import 'lib{mark}deep{mark}b.in' as b %}}{{{{ a.f() ~ b.f() }}}}"
    options = {"inline": text, "output": "o", "import-delimiter": delimiter}
    options["import-list"] = f"rawfolder lib {folder if inside else 'inc'}"
    (path,) = made(jinja.Recipe, tmp_path, options, {"inc": str(archive)}).install()
    assert Path(path).read_text() == "AB"
    options["inline"] = f"{{% import 'lib{mark}..{mark}secret' as a %}}"
    with pytest.raises(UserError, match="secret"):
        made(jinja.Recipe, tmp_path, options, {"inc": str(archive)}).install()


def test_extensions(tmp_path):
    text = "{% set l = [] %}{% do l.append(1) %}{% for x in [1, 2] %}{% break %}{% endfor %}{{ l }}"
    extensions = "jinja2.ext.do jinja2.ext.loopcontrols\n jinja2.ext.with_"
    assert render(jinja.Recipe, tmp_path, inline=text, extensions=extensions).read_text() == "[1]"
    with pytest.raises(UserError, match=r"extensions: .*nothing"):
        render(jinja.Recipe, tmp_path, inline=text, extensions="jinja2.ext.nothing")


def test_a_template_that_another_part_makes(tmp_path):
    """It is read when it is there: when this part is installed, not when it is planned."""
    path = tmp_path / "parts" / "template.in"
    recipe = made(jinja.Recipe, tmp_path, {"url": str(path), "output": "o"})
    with pytest.raises(UserError, match="not there"):
        recipe.install()
    path.parent.mkdir()
    path.write_text("{{ 1 + 1 }}")
    assert [Path(name).read_text() for name in recipe.install()] == ["2"]


def test_once(tmp_path):
    options = {"inline": "{{ 'x' }}", "output": "o", "once": "done"}
    assert made(jinja.Recipe, tmp_path, options).install() == []
    assert (tmp_path / "o").read_text() == "x"
    (tmp_path / "o").unlink()
    assert made(jinja.Recipe, tmp_path, options).install() == []
    assert not (tmp_path / "o").exists()
    (tmp_path / "done").unlink()
    made(jinja.Recipe, tmp_path, options).install()
    assert (tmp_path / "o").exists()


def test_what_six_was_for(tmp_path):
    text = (
        "{% for k, v in six.iteritems({'a': 1}) %}{{ k }}{{ v }}{% endfor %}{{ six.moves.urllib.parse.quote('a b') }}"
    )
    assert render(jinja.Recipe, tmp_path, inline=text).read_text() == "a1a%20b"
