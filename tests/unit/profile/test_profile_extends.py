import os
from pathlib import Path

import pytest

from cbuild.errors import ProfileError, SourceError
from cbuild.profile import Assignment, extends, load, parse_assignment


def test_names_are_relative_to_the_file_they_are_in(read):
    below = "[buildout]\nextends = ../b.cfg\n[s]\na = a\n"
    profile = read("[buildout]\nextends = sub/a.cfg\n", sub__a=below, b="[s]\na = b\nb = b\n")
    assert profile.sections == {"buildout": {}, "s": {"a": "a", "b": "b"}}
    assert [name.rpartition("/")[2] for name in profile.files] == ["buildout.cfg", "a.cfg", "b.cfg"]


def test_each_file_is_read_once(write, monkeypatch):
    text = {f"e{number}": f"[buildout]\nextends = e{number + 1}.cfg e{number + 1}.cfg\n" for number in range(60)}
    root = write(**text, e60="[s]\na = 1\n")
    opened = []
    original = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: opened.append(path) or original(path))
    assert load(root).sections["s"] == {"a": "1"}
    assert len(opened) == len(set(opened)) == 61


def test_a_missing_file_has_the_chain(write):
    root = write(a="[buildout]\nextends = b.cfg\n", b="[buildout]\nextends =\n# c\n  basse.cfg\n", base="")
    with pytest.raises(ProfileError) as caught:
        load(root)
    error = caught.value
    assert (error.reason, error.line, error.column, error.option) == ("missing-file", 4, 3, "extends")
    assert error.file.endswith("/b.cfg")
    assert [name.rpartition("/")[2] for name in error.chain] == ["a.cfg", "b.cfg"]
    assert "base.cfg" in error.resolution


def test_the_root_may_be_missing(tmp_path):
    with pytest.raises(ProfileError) as caught:
        load(tmp_path / "no.cfg")
    assert caught.value.reason == "missing-file"


@pytest.mark.parametrize(
    "files",
    [
        {"a": "[buildout]\nextends = a.cfg\n"},
        {"a": "[buildout]\nextends = ./a.cfg\n"},
        {"a": "[buildout]\nextends = b.cfg\n", "b": "[buildout]\nextends = sub/../a.cfg\n", "sub__x": ""},
        {"a": "[buildout]\nextended-by = b.cfg\n", "b": "[buildout]\nextends = a.cfg\n"},
    ],
)
def test_cycles(write, files):
    with pytest.raises(ProfileError) as caught:
        load(write(**files))
    assert caught.value.reason == "cycle"
    assert caught.value.line == 2


def test_an_error_in_an_extended_file_has_the_chain(write):
    with pytest.raises(ProfileError) as caught:
        load(write(a="[buildout]\nextends = b.cfg\n", b="x\n"))
    assert caught.value.reason == "no-section-header"
    assert caught.value.chain[0].endswith("a.cfg")


def test_urls_go_through_the_hook(write):
    pages = {
        "http://h/d/r.cfg": b"[buildout]\nextends = ../t.cfg\n[s]\na = ${:_profile_base_location_}\n",
        "http://h/t.cfg": b"[t]\nb = 1\n",
    }
    root = write(a="[buildout]\nextends = http://h/d/r.cfg\nnewest = false\n")
    settings = {}

    def read(url, options):
        settings.update(options)
        return pages[url]

    profile = load(root, [parse_assignment("offline=true"), parse_assignment("x+=1")], read=read)
    assert settings == {"offline": "true", "newest": "false", "extends-cache": ""}
    assert profile.sections["s"]["_profile_base_location_"] == "http://h/d"
    assert profile.sections["t"] == {"b": "1"}
    with pytest.raises(ProfileError) as caught:
        load(root)
    assert caught.value.reason == "remote-file"


def test_urls_that_grow_have_an_end():
    asked = []

    def read(url, _settings):
        asked.append(url)
        return f"[buildout]\nextends = {'x' * 100}/r.cfg\n".encode()

    with pytest.raises(ProfileError) as caught:
        load("http://h/r.cfg", read=read)
    assert caught.value.reason == "unreadable-file"
    assert len(asked) < 50


def test_optional_extends_may_be_missing(read):
    profile = read("[buildout]\noptional-extends = o.cfg no.cfg\n[s]\na = 1\n", o="[s]\na = 0\nb = 0\n")
    assert profile.sections["s"] == {"a": "1", "b": "0"}


def test_user_defaults_are_below_all_files(write, tmp_path):
    root = write(a="[buildout]\nextends = b.cfg\n[s]\na = 1\n", b="[s]\nb += 2\n", home__default="[s]\na = 0\nb = 0\n")
    profile = load(root, user_defaults=tmp_path / "home" / "default.cfg")
    assert profile.sections["s"] == {"a": "1", "b": "0\n2"}
    assert load(root, user_defaults=tmp_path / "none.cfg").sections["s"]["a"] == "1"


def test_extends_on_the_command_line(write, tmp_path):
    root = write(a="[s]\na = 1\nb = 1\n", b="[s]\na = 2\nb += 3\n")
    profile = load(root, [Assignment("buildout", "extends", "=", str(tmp_path / "b.cfg")), parse_assignment("s:c=4")])
    assert profile.sections["s"] == {"a": "2", "b": "3", "c": "4"}
    assert "extends" not in profile.sections.get("buildout", {})


def test_too_deep(write, monkeypatch):
    text = {f"e{number}": f"[buildout]\nextends = e{number + 1}.cfg\n" for number in range(30)}
    root = write(**text, e30="")
    monkeypatch.setattr(extends, "MAX_DEPTH", 20)
    with pytest.raises(ProfileError) as caught:
        load(root)
    assert caught.value.reason == "too-deep"
    assert len(caught.value.chain) < 20


def test_only_regular_files_are_read(write, tmp_path):
    os.mkfifo(tmp_path / "pipe.cfg")
    for name in ("pipe.cfg", ".", "/dev/zero"):
        with pytest.raises(ProfileError) as caught:
            load(write(a=f"[buildout]\nextends = {name}\n"))
        assert caught.value.reason == "unreadable-file"


def test_what_the_hook_raises_gets_a_place(write):
    def read(url, _settings):
        raise SourceError(f"{url} is gone")

    with pytest.raises(SourceError) as caught:
        load(write(a="[buildout]\nextends = http://h/r.cfg\n"), read=read)
    assert (caught.value.line, caught.value.column, caught.value.option) == (2, 11, "extends")


def test_what_is_wrong_with_several_files_is_told_at_once(write):
    files = {
        "b": "[buildout]\nextends = d.cfg no.cfg\n[s]\nx\n",
        "c": "[s:nope]\n[t]\ny\n",
        "d": "x = 1\n",
    }
    with pytest.raises(ProfileError) as caught:
        load(write(a="[buildout]\nextends = b.cfg c.cfg none.cfg c.cfg\n", **files))
    every = [caught.value, *caught.value.others]
    assert [(error.reason, error.file[-5:], error.line) for error in every] == [
        ("parse-error", "b.cfg", 4),
        ("bad-condition", "c.cfg", 1),
        ("parse-error", "c.cfg", 3),
        ("missing-file", "a.cfg", 2),
    ]
    assert all(error.chain for error in every)


@pytest.mark.parametrize(
    ("name", "words"), [("nosuch.cfg", "-c FILE.cfg"), ("rot.cfg", "'root.cfg'"), ("root.cfg", "Names in extends")]
)
def test_what_to_do_about_a_file_that_is_not_there(write, tmp_path, name, words):
    write(root="[buildout]\nextends = nosuch-base.cfg\n")
    with pytest.raises(ProfileError) as caught:
        load(tmp_path / name)
    assert caught.value.reason == "missing-file"
    assert words in caught.value.resolution


@pytest.mark.parametrize("option", ["extends", "optional-extends"])
def test_what_can_not_be_looked_at_is_told_with_its_place(write, option):
    """A name that is too long, and what an unsearchable directory gives to everybody but root."""
    with pytest.raises(ProfileError) as caught:
        load(write(a=f"[buildout]\n{option} = {'a' * 300}.cfg\n"))
    assert (caught.value.reason, caught.value.line, caught.value.option) == ("unreadable-file", 2, option)


def test_a_directory_that_can_not_be_searched(write, monkeypatch):
    root = write(a="[buildout]\noptional-extends = locked/s.cfg\n")
    original = Path.stat

    def stat(path, **options):
        if path.name == "s.cfg":
            raise PermissionError(13, "Permission denied", str(path))
        return original(path, **options)

    monkeypatch.setattr(Path, "stat", stat)
    with pytest.raises(ProfileError) as caught:
        load(root)
    assert (caught.value.reason, caught.value.line, caught.value.column) == ("unreadable-file", 2, 20)
