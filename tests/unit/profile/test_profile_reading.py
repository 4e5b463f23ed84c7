"""The options that count while files are read, with the directories and mistakes that they have."""

import pytest

from cbuild.errors import ProfileError
from cbuild.profile import load, parse_assignment


@pytest.fixture
def settings(write, tmp_path):
    """Return what is said to whoever reads a URL; `text` is the rest of the root file's [buildout]."""

    def settings(text, *words, defaults="", base=""):
        root = write(root=f"[buildout]\nextends = sub/base.cfg\n{text}\n")
        write(sub__base=f"[buildout]\nextends = http://h/a.cfg\n{base}\n", home__default=f"[buildout]\n{defaults}\n")
        found = {}

        def read(_url, options):
            found.update(options)
            return b""

        assignments = [parse_assignment(word) for word in words]
        load(root, assignments, user_defaults=tmp_path / "home" / "default.cfg", read=read)
        return found

    return settings


def test_who_is_heard(settings):
    found = settings("newest = false", "offline=true", defaults="newest = true\nmirrors = m", base="offline = false")
    assert {name: found[name] for name in ("newest", "offline", "mirrors")} == {
        "newest": "false", "offline": "true", "mirrors": "m",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "words", "defaults", "expected"),
    [
        ("", [], "", ""),
        ("extends-cache = c", [], "", "c"),
        ("", ["extends-cache=c"], "", "c"),
        ("", [], "extends-cache = c", "home/c"),
        ("extends-cache =", [], "extends-cache = c", ""),
        ("extends-cache = ../c/", [], "", "../c"),
    ],
)
def test_the_cache_is_relative_to_the_file_that_sets_it(settings, tmp_path, text, words, defaults, expected):
    found = settings(text, *words, defaults=defaults)["extends-cache"]
    assert found == (str((tmp_path / expected).resolve()) if expected else "")


def test_a_cache_at_home(settings, monkeypatch):
    monkeypatch.setenv("HOME", "/home/u")
    assert settings("extends-cache = ~/c")["extends-cache"] == "/home/u/c"


@pytest.mark.parametrize(
    ("text", "reason"), [("offline = yes", "bad-boolean"), ("extends-cache = ${x:y}", "bad-value")]
)
def test_mistakes(settings, text, reason):
    with pytest.raises(ProfileError) as caught:
        settings(text)
    error = caught.value
    assert (error.reason, error.line, error.option) == (reason, 3, text.split()[0])


def test_a_relative_cache_in_a_remote_file():
    pages = {"http://h/r.cfg": b"[buildout]\nextends = a.cfg\nextends-cache = c\n"}
    with pytest.raises(ProfileError) as caught:
        load("http://h/r.cfg", read=lambda url, _: pages[url])
    assert (caught.value.reason, caught.value.file, caught.value.line) == ("ambiguous-directory", "http://h/r.cfg", 3)
