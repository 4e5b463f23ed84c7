"""The builder's `buildout`: it must say what the host's said while the part was planned."""

from __future__ import annotations

import pytest

from cbuild.profile import Resolver, load
from cbuild.recipe.api import MissingOption, MissingSection, UserError
from cbuild.recipe.live import references
from cbuild.recipe.static import StaticBuildout

SECTIONS = {"a": {"b": "B"}, "x.y-z": {"x": "X"}, "part": {"own": "mine"}}

# LANGUAGE.md SUB-4 and SUB-5, SLP-2.
TEXTS = {
    "${a:b}": "B",
    "${a:b}${a:b}": "BB",
    "$${a:b}": "${a:b}",
    "$$${a:b}": "$$B",
    "$$$${a:b}": "$$${a:b}",
    "$$$$${a:b}": "$$$$B",
    "echo $$ > pid": "echo $$ > pid",
    "$x {} }": "$x {} }",
    "${:own}": "mine",
    "${:_buildout_section_name_}": "part",
    "a$$b$${c}": "a$$b${c}",
    "${a:b": "${a:b",
    "${x.y-z:x}": "X",
    "": "",
}


@pytest.fixture
def static() -> StaticBuildout:
    return StaticBuildout({name: dict(options) for name, options in SECTIONS.items()}, {"url": "/run/file"})


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_substituted_alike_on_both_sides(static, tmp_path, text):
    lines = [
        f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in found.items())
        for name, found in SECTIONS.items()
    ]
    (tmp_path / "software.cfg").write_text("[buildout]\nparts =\n" + "".join(lines))
    resolver = Resolver(load(tmp_path / "software.cfg"), defaults={})
    assert static.substitute(text, "part") == TEXTS[text]
    assert resolver.substitute(text, "part") == TEXTS[text]


def test_what_a_text_refers_to():
    found = list(references("${a:b} $${c:d} $$${e:f} ${:g} ${x.y-z:x}"))
    assert found == [("a", "b"), ("e", "f"), ("", "g"), ("x.y-z", "x")]


def test_what_was_not_asked_for_is_not_there(static):
    with pytest.raises(MissingSection, match="'nobody', was not defined"):
        static["nobody"]
    with pytest.raises(MissingOption, match="a:nothing"):
        static["a"]["nothing"]
    with pytest.raises(MissingOption, match="was not declared"):
        static.source("other")
    assert str(static.source("url", "0" * 32).path) == "/run/file"
    assert list(static) == list(SECTIONS)
    assert len(static) == 3


def test_options_are_seen_by_all(static):
    options = static["part"]
    options["new"] = "value"
    assert static["part"]["new"] == "value"
    with pytest.raises(TypeError):
        options["number"] = object()
    del options["new"]
    assert "new" not in options
    with pytest.raises(MissingOption):
        del options["new"]
    assert options.get("nothing") is None
    assert options.copy() == {"own": "mine"}
    assert options.created("/a", "/b") == ["/a", "/b"]


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("false", False), (" true\n", True), ("", False), (None, False)]
)
def test_flags(static, text, value):
    if text is not None:
        static["part"]["flag"] = text
    assert static["part"].flag("flag") is value


@pytest.mark.parametrize("text", ["yes", "True", "1", "on"])
def test_what_is_no_flag(static, text):
    static["part"]["flag"] = text
    with pytest.raises(UserError, match="true or false"):
        static["part"].flag("flag")
