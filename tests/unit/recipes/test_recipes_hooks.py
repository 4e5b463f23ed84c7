"""Hooks: what they are called with, and the sections that they are found to need."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from recipe_helpers import buildout, made

from cbuild.recipe.api import UserError
from recipes.hooks import Hook

CODE = """
import os
import sys
from pathlib import Path

assert sys.modules[__name__].__file__ == __file__

def three(options, buildout, environ):
    environ["SET"] = "by the hook"
    Path("three").write_text(f"{options['a']} {os.getcwd()} {Path(__file__).name}")

def two(options, sections):
    options["set"] = sections["other"]["a"] + sections.get("third", {}).get("x", "")

def any(*arguments):
    Path("any").write_text(str(len(arguments)))

class Callable:
    def __call__(self, options, buildout, environ=None):
        Path("object").write_text(str(environ is not None))

instance = Callable()

def fails(options, buildout, environ):
    raise TypeError("its own mistake")
"""


@pytest.fixture
def call(tmp_path, monkeypatch):
    """A function that calls a hook of CODE; returns (the part's options, environ)."""
    (tmp_path / "hook.py").write_text(CODE)
    monkeypatch.setattr("sys.dont_write_bytecode", True)

    def run(function: str, **sections: dict[str, str]):
        found = buildout(
            tmp_path / "opt",
            {"hook.py": str(tmp_path / "hook.py")},
            part={"a": "A", "h": f"hook.py:{function}"},
            **sections,
        )
        environ: dict[str, str] = {}
        Hook(found, found["part"], "h")(found["part"], found, environ, tmp_path)
        return found["part"], environ

    return run


def test_options_buildout_environ_in_the_sources_directory(call, tmp_path):
    before = Path.cwd()
    _, environ = call("three")
    assert environ == {"SET": "by the hook"}
    assert (tmp_path / "three").read_text() == f"A {tmp_path} hook.py"
    assert Path.cwd() == before
    assert "SET" not in os.environ


def test_a_hook_that_takes_no_environment(call):
    options, _ = call("two", other={"a": "1"}, third={"x": "2"})
    assert options["set"] == "12"


@pytest.mark.parametrize(("function", "file", "text"), [("any", "any", "3"), ("instance", "object", "True")])
def test_whatever_can_be_called(call, tmp_path, function, file, text):
    call(function)
    assert (tmp_path / file).read_text() == text


def test_mistakes(call):
    with pytest.raises(TypeError, match="its own mistake"):
        call("fails")
    with pytest.raises(UserError, match="no function nothing"):
        call("nothing")


@pytest.mark.parametrize(
    ("code", "needed"),
    [
        ("def f(options, buildout, environ): buildout['a']['x']", {"a"}),
        ("def f(o, b): return b.get('a'), b['b'], o['c']", {"a", "b"}),
        ("x = lambda buildout: buildout['c']\ndef f(*a): pass", {"c"}),
        ("def f(o, b): b['buildout']['directory'], b['unknown']", {"unknown"}),
        ("print 'Python 2: it says so when it is run'", set()),
    ],
)
def test_sections_are_read_off_the_text(tmp_path, monkeypatch, code, needed):
    (tmp_path / "hook.py").write_text(code)
    found = buildout(tmp_path, {"hook.py": str(tmp_path / "hook.py")}, part={"h": "hook.py:f"})
    asked: set[str] = set()
    monkeypatch.setattr(found, "get", lambda section, default: asked.add(section) or default)
    Hook(found, found["part"], "h")
    assert asked == needed


def test_a_file_that_cant_be_had_is_not_the_constructors_to_say(tmp_path):
    found = buildout(tmp_path, {"hook.py": str(tmp_path / "nothing")}, part={"h": "hook.py:f"})
    Hook(found, found["part"], "h")


def test_the_file_of_a_hook_may_be_another_parts(tmp_path):
    path = tmp_path / "opt" / "parts" / "x" / "hook.py"
    found = made(lambda b, _name, o: Hook(b, o, "h"), tmp_path / "opt", {"h": f"{path}:f"})
    path.parent.mkdir(parents=True)
    path.write_text("def f(options, buildout): options['done'] = 'yes'")
    section = buildout(tmp_path, part={})["part"]
    found(section, None, {}, tmp_path)
    assert section["done"] == "yes"
