"""Where the directories of [buildout] are: relative to what, on the host and in the image."""

import pytest

from cbuild.errors import ProfileError
from cbuild.profile import Resolver, load, parse_assignment

IMAGE = "/opt/cbuild"


@pytest.fixture
def settled(write, tmp_path, monkeypatch):
    """Resolve [buildout] of a text; `@` in it is the profile's directory. Return it, also as annotate sees it."""
    monkeypatch.setenv("HOME", "/home/u")

    def settled(text, *words, lazy=False, base=""):
        root = write(root=f"[buildout]\nextends = sub/base.cfg\n{text}\n".replace("@", str(tmp_path)))
        write(sub__base=f"[buildout]\n{base}\n")
        defaults = {"directory": IMAGE, "parts-directory": "parts", "eggs-directory": "eggs", "installed": "i.cfg"}
        assigned = [parse_assignment(word.replace("@", str(tmp_path))) for word in words]
        return Resolver(load(root, assigned), defaults, lazy=lazy)

    return settled


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize(
    ("text", "base", "option", "expected"),
    [
        ("", "", "parts-directory", "/opt/cbuild/parts"),
        ("parts-directory = p", "", "parts-directory", "/opt/cbuild/p"),
        ("parts-directory = @/p", "", "parts-directory", "/opt/cbuild/p"),
        ("parts-directory = /srv/p", "", "parts-directory", "/srv/p"),
        ("parts-directory = ../p", "", "parts-directory", "/opt/p"),
        ("parts-directory = ${s:x}", "", "parts-directory", "/opt/cbuild/x"),
        ("", "parts-directory = p", "parts-directory", "/opt/cbuild/p"),
        ("directory = @/alt", "", "directory", "/opt/cbuild"),
        ("directory = @/alt\nparts-directory = @/alt/p", "", "parts-directory", "/opt/cbuild/p"),
        ("directory = /opt/cbuild/x", "", "parts-directory", "/opt/cbuild/x/parts"),
        ("", "eggs-directory = e", "eggs-directory", "/opt/cbuild/sub/e"),
        ("eggs-directory = ~/.buildout/eggs", "", "eggs-directory", "/opt/cbuild/eggs"),
        ("eggs-directory = /srv/eggs", "", "eggs-directory", "/opt/cbuild/eggs"),
        ("eggs-directory = ~nobody-of-this-name/e", "", "eggs-directory", "/opt/cbuild/~nobody-of-this-name/e"),
        ("eggs-directory = ~\0", "", "eggs-directory", "/opt/cbuild/~\0"),
        ("eggs-directory =", "", "eggs-directory", "/opt/cbuild/eggs"),
        ("installed = @/j.cfg", "", "installed", "/opt/cbuild/j.cfg"),
        ("installed = ${s:x}", "", "installed", "/opt/cbuild/x"),
        ("directory = @/alt", "", "installed", "/opt/cbuild/i.cfg"),
        ("download-cache = ~/c", "", "download-cache", "/home/u/c"),
        ("download-cache = ${s:x}", "", "download-cache", "@/x"),
        ("", "download-cache = c", "download-cache", "@/sub/c"),
    ],
)
def test_where(settled, tmp_path, lazy, text, base, option, expected):
    resolver = settled(f"{text}\n[s]\nx = x\n[t]\nseen = ${{buildout:{option}}}", base=base, lazy=lazy)
    expected = expected.replace("@", str(tmp_path))
    assert resolver.section("buildout")[option] == expected
    assert resolver.section("t")["seen"] == expected


@pytest.mark.parametrize("text", ["download-cache =", "download-cache = ${s:x}\n[s]\nx ="])
def test_an_empty_cache_is_unset(settled, text):
    assert "download-cache" not in settled(text).section("buildout")


@pytest.mark.parametrize(
    ("directory", "path", "host"),
    [
        ("", "/opt/cbuild/x", "@/x"),
        ("", "/srv/x", "/srv/x"),
        ("alt", "/opt/cbuild/x", "@/alt/x"),
        ("/srv", "/opt/cbuild", "/srv/."),
    ],
)
def test_a_path_of_the_image_on_the_host(settled, tmp_path, directory, path, host):
    resolver = settled(f"directory = {directory}" if directory else "")
    assert resolver.on_host(path) == host.replace("@", str(tmp_path))


def test_relative_in_a_remote_file():
    pages = {"http://h/r.cfg": b"[buildout]\nparts =\neggs-directory = e\n"}
    with pytest.raises(ProfileError) as caught:
        Resolver(load("http://h/r.cfg", read=lambda url, _: pages[url]), {"directory": IMAGE})
    assert (caught.value.reason, caught.value.line) == ("ambiguous-directory", 3)
