"""The builder's `buildout`: it must say what the host's said while the part was planned."""

from __future__ import annotations

import pytest

from cbuild.profile import Resolver, load
from cbuild.recipe.api import MissingOption, MissingSection, UserError
from cbuild.recipe.live import references
from cbuild.recipe.needs import Needs
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
    sections = {name: dict(options) for name, options in SECTIONS.items()}
    return StaticBuildout(sections, {"url": "/run/file"}, names=SECTIONS)


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
    assert static.get("nobody") is None
    assert "nobody" not in static
    assert str(static.source("url", "0" * 32).path) == "/run/file"
    assert list(static) == list(SECTIONS)
    assert len(static) == 3


@pytest.fixture
def asking() -> StaticBuildout:
    """A buildout that knows next to nothing."""
    return StaticBuildout({"buildout": {"directory": "/d"}, "part": {}}, {}, absent=("gone", "buildout:gone"))


@pytest.mark.parametrize(
    ("ask", "what"),
    [
        (lambda buildout: buildout["other"], {"section": "other"}),
        (lambda buildout: buildout.get("other"), {"section": "other"}),
        (lambda buildout: "other" in buildout, {"names": True}),
        (list, {"names": True}),
        (len, {"names": True}),
        (lambda buildout: buildout["buildout"]["parts"], {"option": "parts"}),
        (lambda buildout: buildout["buildout"].get("parts"), {"option": "parts"}),
        (lambda buildout: "parts" in buildout["buildout"], {"option": "parts"}),
        (lambda buildout: buildout.source("http://h/x", "1").path, {"source": "http://h/x", "md5": "1"}),
        (lambda buildout: buildout.substitute("${other:x}", "part"), {"section": "other"}),
    ],
)
def test_what_is_not_known_is_asked_for(asking, ask, what):
    with pytest.raises(Needs) as caught:
        ask(asking)
    assert caught.value.what == what


def test_what_is_known_not_to_be_there_is_not_asked_for(asking):
    assert asking.get("gone") is None
    assert "gone" not in asking
    assert asking["buildout"].get("gone", 1) == 1
    assert "gone" not in asking["buildout"]
    assert asking["buildout"]["directory"] == "/d"
    assert asking["part"].get("gone") is None, "of a section that is there all is known"


def test_a_file_of_the_builder_is_no_source(asking, tmp_path):
    (tmp_path / "file").touch()
    assert asking.source(str(tmp_path / "file")).path == tmp_path / "file"
    assert asking.source(f"file://{tmp_path}/file").path == tmp_path / "file"


def test_a_recipe_adds_and_changes_sections():
    asking = StaticBuildout({"part": {}, "buildout": {"directory": "/d"}}, {}, names=["part", "buildout"])
    asking["new"] = {"x": "why", "X": "1"}
    asking["buildout"]["directory"] = "/e"
    assert asking["new"].copy() == {"x": "why", "X": "1"}
    assert asking.changed("part") == {"new": {"x": "why", "X": "1"}, "buildout": {"directory": "/e"}}


def test_a_text_with_sections_is_the_host_s_to_read():
    with pytest.raises(Needs) as caught:
        StaticBuildout({}, {}).parse("[x]")
    assert caught.value.what == {"parse": "[x]"}
    StaticBuildout({}, {}, parsed=["[x]"]).parse("[x]")


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
