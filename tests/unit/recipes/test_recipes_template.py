"""Rendered files, downloads and commands."""

from __future__ import annotations

from pathlib import Path

import pytest
from recipe_helpers import buildout, made

from cbuild.recipe.api import MissingSection, UserError
from recipes import command, download, template

SEEN = {"other": {"a": "A", "json": '{"x": [1]}', "typed": "!py!{'k': [1, 2]}", "recipe": "x"}}


def render(kind, directory: Path, sources: dict[str, str] | None = None, **options: str) -> Path:
    found = {name.replace("_", "-"): value for name, value in options.items()}
    recipe = made(kind, directory, {"output": "out.txt"} | found, sources, **SEEN)
    (path,) = recipe.install()
    return Path(path)


def test_a_template_file_is_substituted_like_an_option(tmp_path):
    (tmp_path / "in").write_text("${other:a} ${:own} $${later:x} ${:_buildout_section_name_} $a $$ {}\n")
    out = render(template.Recipe, tmp_path, {"in": str(tmp_path / "in")}, url="in", own="mine")
    assert out.read_text() == "A mine ${later:x} part $a $$ {}\n"
    assert out == tmp_path / "out.txt"
    assert out.stat().st_mode & 0o777 == 0o644


def test_an_inline_template_was_substituted_when_it_was_read(tmp_path):
    assert render(template.Recipe, tmp_path, inline="${other:a} stays").read_text() == "${other:a} stays"


@pytest.mark.parametrize(
    ("options", "mode"),
    [
        ({"inline": "#!/bin/sh\n"}, 0o755),
        ({"inline": "#!/bin/sh\n", "mode": "600"}, 0o600),
        ({"inline": "x", "mode": "0755"}, 0o755),
    ],
)
def test_modes(tmp_path, options, mode):
    assert render(template.Recipe, tmp_path, **options).stat().st_mode & 0o777 == mode


def test_old_names_of_options(tmp_path):
    recipe = made(template.Recipe, tmp_path, {"template": "inline:\nold", "rendered": "deep/old.txt"})
    (path,) = recipe.install()
    assert path == str(tmp_path / "deep" / "old.txt")
    assert Path(path).read_text() == "old"


@pytest.mark.parametrize("kind", [template.Recipe, template.Jinja2])
@pytest.mark.parametrize(
    "options",
    [{"output": "o"}, {"inline": "x"}, {"inline": "x", "url": "in", "output": "o"}, {"inline": "x", "output": " "}],
)
def test_what_a_template_needs(tmp_path, kind, options):
    with pytest.raises(UserError, match="needs"):
        made(kind, tmp_path, options, {"in": "/in"})


@pytest.mark.parametrize("mode", ["9", "rwx", "0o8"])
def test_a_mode_that_is_none_is_refused_before_anything_is_built(tmp_path, mode):
    with pytest.raises(UserError, match="octal mode"):
        made(template.Recipe, tmp_path, {"inline": "x", "output": "o", "mode": mode})


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
    out = render(template.Jinja2, tmp_path, inline=text, context=CONTEXT, own="mine")
    assert out.read_text() == "a b  c||A|mine|2|2|1|A|/\n"


def test_imports_and_globals(tmp_path):
    (tmp_path / "macros").write_text("{% macro hi(x) %}hi {{ x }}{% endmacro %}")
    text = "{% from 'm' import hi %}{{ hi(1) }} {{ dumps({'a': 1}) }}{{ assert(1 == 1) }}"
    out = render(
        template.Jinja2, tmp_path, {"macros": str(tmp_path / "macros")}, inline=text, **{"import-list": "file m macros"}
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
        render(template.Jinja2, tmp_path, inline=text)


@pytest.mark.parametrize(
    ("option", "line", "message"),
    [
        ("context", "key a", "TYPE NAME VALUE"),
        ("context", "sausage a b", "none of raw"),
        ("context", "key a b", "section:option"),
        ("import-list", "folder a b", "neither file"),
    ],
)
def test_mistakes_in_the_context(tmp_path, option, line, message):
    with pytest.raises(UserError, match=message):
        made(template.Jinja2, tmp_path, {"inline": "x", "output": "o", option: line})


def test_a_context_of_an_unknown_section(tmp_path):
    with pytest.raises(MissingSection):
        made(template.Jinja2, tmp_path, {"inline": "x", "output": "o", "context": "section a nobody"})


URL = "https://example.invalid/some/file.txt?x=1"


def test_a_download(tmp_path):
    (tmp_path / "fetched").write_bytes(b"\0data")
    recipe = made(download.Recipe, tmp_path, {"url": URL}, {URL: str(tmp_path / "fetched")})
    target = tmp_path / "parts" / "part" / "file.txt"
    assert recipe.install() == [str(target)]
    assert target.read_bytes() == b"\0data"


@pytest.mark.parametrize(
    ("options", "location", "target"),
    [
        ({}, "/opt/cbuild/parts/part", "/opt/cbuild/parts/part/file.txt"),
        ({"filename": "b"}, "/opt/cbuild/parts/part", "/opt/cbuild/parts/part/b"),
        ({"destination": "/opt/cbuild/c"}, "/opt/cbuild/parts/part", "/opt/cbuild/c"),
        ({"location": "/opt/cbuild/d"}, "/opt/cbuild/d", "/opt/cbuild/d/file.txt"),
    ],
)
def test_where_a_download_goes(options, location, target):
    found = buildout(Path("/opt/cbuild"), {URL: "/x"}, part={"url": URL} | options)
    download.Recipe(found, "part", found["part"])
    assert (found["part"]["location"], found["part"]["target"]) == (location, target)


@pytest.mark.parametrize("kind", [download.Recipe, download.Unpacked])
@pytest.mark.parametrize("options", [{}, {"url": " "}, {"url": URL, "mode": "755"}])
def test_what_a_download_refuses(tmp_path, kind, options):
    with pytest.raises(UserError):
        made(kind, tmp_path, options, {URL: "/x"})


def run(tmp_path: Path, **options: str) -> list[str]:
    return made(command.Recipe, tmp_path, {name.replace("_", "-"): text for name, text in options.items()}).install()


def test_a_command(tmp_path, capfd):
    paths = run(tmp_path, command="pwd > here\necho said", location="here\n there")
    assert (tmp_path / "here").read_text() == f"{tmp_path}\n"
    assert paths == ["here", "there"]
    assert "said\n" in capfd.readouterr().out


def test_a_command_that_fails(tmp_path, capfd):
    run(tmp_path, command="false\ntouch never")
    assert not (tmp_path / "never").exists()
    assert "warning: exit code 1 of: false" in capfd.readouterr().out
    with pytest.raises(UserError, match="exit code 3"):
        run(tmp_path, command="exit 3", stop_on_error="true")
    with pytest.raises(UserError, match="true or false"):
        run(tmp_path, command="true", stop_on_error="yes")
    with pytest.raises(UserError, match="needs command"):
        run(tmp_path, command=" ")
