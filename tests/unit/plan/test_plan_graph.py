"""What requires what."""

from __future__ import annotations

import pytest

from cbuild.plan.graph import requirements
from cbuild.plan.virtual import Virtual


@pytest.mark.parametrize(
    ("references", "parts", "expected"),
    [
        ({"b": ["a"], "c": ["b"]}, "a b c", {"a": "", "b": "a", "c": "a b"}),
        # Through sections that are no parts.
        ({"b": ["settings"], "settings": ["more"], "more": ["a"]}, "a b", {"a": "", "b": "a"}),
        # [buildout] is everybody's: what it mentions is required by nobody.
        ({"b": ["buildout"], "buildout": ["a"]}, "a b", {"a": "", "b": ""}),
        # Two that refer to each other: the first one made does not wait for the second.
        ({"a": ["b"], "b": ["a"]}, "a b", {"a": "", "b": "a"}),
        ({"a": ["a"]}, "a", {"a": ""}),
        ({"x": ["y"], "y": ["x"], "b": ["x"]}, "b", {"b": ""}),
        # A diamond, each once and in the order of the plan.
        ({"b": ["a"], "c": ["a"], "d": ["c", "b"]}, "a b c d", {"a": "", "b": "a", "c": "a", "d": "a b c"}),
    ],
)
def test_requirements(references, parts, expected):
    assert requirements(references, parts.split()) == {name: tuple(text.split()) for name, text in expected.items()}


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        ("/home/me/app/source", "/profile/source"),
        ("/home/me/app", "/profile"),
        ("-I/home/me/app/include -L/home/me/app/lib", "-I/profile/include -L/profile/lib"),
        ("file:///home/me/app/x", "file:///profile/x"),
        ('-DX="/home/me/app" --with-a=/home/me/app:/home/me/app/b', '-DX="/profile" --with-a=/profile:/profile/b'),
        # Another directory whose name only begins or ends like it.
        ("/home/me/app2/x", "/home/me/app2/x"),
        ("/home/me/app-old", "/home/me/app-old"),
        ("/srv/home/me/app", "/srv/home/me/app"),
        # The longer of two wins.
        ("/home/me/app/component/gzip/x", "/profile/x"),
    ],
)
def test_paths_of_the_host_become_virtual(value, seen):
    virtual = Virtual(["/home/me/app", "/home/me/app/component/gzip/", ""])
    assert virtual.text(value) == seen
    assert virtual.options({"a": value}) == {"a": seen}


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        ("/opt/cbuild/parts/a", "/opt/cbuild/parts/a"),
        ("-L/opt/cbuild/parts/a", "-L/opt/cbuild/parts/a"),
        ("/opt/cbuilder/source", "/profile/cbuilder/source"),
        ("/opt/source", "/profile/source"),
    ],
)
def test_the_images_directory_stays_for_a_profile_above_it(value, seen):
    assert Virtual(["/opt", "/opt/cbuild"]).text(value) == seen


def test_no_directories_no_change():
    assert Virtual([]).text("/home/me") == "/home/me"
