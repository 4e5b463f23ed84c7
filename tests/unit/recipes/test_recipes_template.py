"""slapos.recipe.template and collective.recipe.template: a file with references replaced."""

from __future__ import annotations

from pathlib import Path

import pytest
from recipe_helpers import made

from cbuild.recipe.api import MissingOption, UserError
from recipes import collective, jinja, template

SEEN = {"other": {"a": "A", "json": '{"x": [1]}', "typed": "!py!{'k': [1, 2]}", "recipe": "x"}}


def render(kind, directory: Path, sources: dict[str, str] | None = None, **options: str) -> Path:
    found = {name.replace("_", "-"): value for name, value in options.items()}
    recipe = made(kind, directory, {"output": "out.txt"} | found, sources, **SEEN)
    (path,) = recipe.install()
    return Path(path)


def test_a_template_file_is_substituted_like_an_option(tmp_path):
    (tmp_path / "in").write_text("${other:a} ${:own} $${later:x} ${:_buildout_section_name_} $a $$ $$$$ {}\n")
    out = render(template.Recipe, tmp_path, {"in": str(tmp_path / "in")}, url="in", own="mine")
    assert out.read_text() == "A mine ${later:x} part $a $ $$ {}\n"
    assert out == tmp_path / "out.txt"
    assert out.stat().st_mode & 0o777 == 0o644


def test_line_ends_of_a_template_are_newlines(tmp_path):
    (tmp_path / "in").write_bytes(b"#!/bin/sh\r\n${other:a}\r\n")
    out = render(template.Recipe, tmp_path, {"in": str(tmp_path / "in")}, url="in")
    assert out.read_bytes() == b"#!/bin/sh\nA\n"


def test_an_inline_template_was_substituted_when_it_was_read(tmp_path):
    assert render(template.Recipe, tmp_path, inline="${other:a} stays").read_text() == "${other:a} stays"


@pytest.mark.parametrize(
    ("options", "mode"),
    [
        ({"inline": "#!/bin/sh\n"}, 0o755),
        ({"inline": "#! /bin/sh -e"}, 0o755),
        # Only what can be run: a program of nobody's, or none at all.
        ({"inline": "#!/nobody/has/this\n"}, 0o644),
        ({"inline": "#!\n/bin/sh"}, 0o644),
        ({"inline": "#!/bin/sh\n", "mode": ""}, 0o755),
        ({"inline": "x", "mode": "627"}, 0o627),
        ({"inline": "#!/bin/sh\n", "mode": "600"}, 0o600),
        ({"inline": "x", "mode": "0755"}, 0o755),
    ],
)
def test_modes(tmp_path, options, mode):
    assert render(template.Recipe, tmp_path, **options).stat().st_mode & 0o777 == mode


def test_old_names_of_options(tmp_path):
    recipe = made(jinja.Recipe, tmp_path, {"template": "inline:\nold", "rendered": "deep/old.txt"})
    (path,) = recipe.install()
    assert path == str(tmp_path / "deep" / "old.txt")
    assert Path(path).read_text() == "old"


@pytest.mark.parametrize("kind", [template.Recipe, jinja.Recipe])
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


def test_a_checksum_of_an_inline_text(tmp_path):
    with pytest.raises(UserError, match="md5sum: an inline text has none"):
        made(template.Recipe, tmp_path, {"inline": "x", "output": "o", "md5sum": "0" * 32})


def test_an_encoding(tmp_path):
    (tmp_path / "in").write_bytes("${other:a}é".encode("latin-1"))
    out = render(template.Recipe, tmp_path, {"in": str(tmp_path / "in")}, url="in", encoding="latin-1")
    assert out.read_bytes() == b"A\xe9"
    with pytest.raises(UserError, match="can't be read as utf-8"):
        render(template.Recipe, tmp_path, {"in": str(tmp_path / "in")}, url="in")


def test_a_result_is_written_anew(tmp_path):
    """Not through a link: the file of another part behind it isn't this part's to change."""
    (tmp_path / "other").write_text("untouched")
    (tmp_path / "out.txt").symlink_to("other")
    assert not render(template.Recipe, tmp_path, inline="x").is_symlink()
    assert (tmp_path / "other").read_text() == "untouched"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"input": "in"}, "A mine $A $$ $x\n"),
        ({"input": "inline:\n  text ${own}"}, "text mine"),
        ({"inline": "\n text ${:own}"}, "text mine"),
        ({"url": "in"}, "A mine $A $$ $x\n"),
        ({"input": "in", "overwrite": "YES"}, "A mine $A $$ $x\n"),
    ],
)
def test_collectives_template(tmp_path, options, text):
    """It has names of its own options without a colon, and no escape."""
    (tmp_path / "in").write_text("${other:a} ${own} $${other:a} $$ $x\n")
    out = render(collective.Recipe, tmp_path, {"in": str(tmp_path / "in")}, own="mine", **options)
    assert out.read_text() == text
    assert out.stat().st_mode & 0o777 == 0o644


def test_collectives_other_options(tmp_path):
    (tmp_path / "in").write_bytes("é".encode("latin-1"))
    sources = {"in": str(tmp_path / "in")}
    encodings = {"input-encoding": "latin-1", "output-encoding": "utf-16-le"}
    out = render(collective.Recipe, tmp_path, sources, input="in", mode="750", **encodings)
    assert out.read_bytes() == b"\xe9\0"
    assert out.stat().st_mode & 0o777 == 0o750
    kept = {"inline": "new", "output": "out.txt", "overwrite": "false"}
    assert made(collective.Recipe, tmp_path, kept).install() == []
    assert out.read_bytes() == b"\xe9\0"
    out.unlink()
    assert made(collective.Recipe, tmp_path, kept).install() == [], "what isn't overwritten isn't removed either"
    assert out.read_text() == "new"


@pytest.mark.parametrize(
    "options", [{}, {"input": "in", "inline": "x"}, {"input": "in", "url": "in"}, {"input": "inline:${unknown}"}]
)
def test_what_collectives_template_refuses(tmp_path, options):
    with pytest.raises((UserError, MissingOption)):
        made(collective.Recipe, tmp_path, options | {"output": "o"}, {"in": "/in"})
