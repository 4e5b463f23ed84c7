"""Descriptions: what stands in base-images/, and errors that say where."""

import json

import pytest

from cbuild.base import find
from cbuild.base.description import Directory, User, from_dict, load
from cbuild.errors import UsageError

GOOD = """\
format: 1
suite: bookworm
epoch: 1704067200
packages:
  - sed
  - dash
remove: [/usr/share/**]
keep: [/usr/share/doc/*/copyright]
directories:
  /build: {mode: "1777", owner: 30001}
  /proc:
empty: [/etc/hosts]
links: {/usr/bin/cc: gcc}
users:
  - {name: cbuild, uid: 30001, home: /build}
files: good/files
image:
  env: {B: "2", A: "1"}
  cmd: [/bin/sh]
"""


@pytest.fixture
def describe(tmp_path):
    """A function that writes a description and loads it."""
    (tmp_path / "good/files").mkdir(parents=True)

    def run(text):
        path = tmp_path / "good.yaml"
        path.write_text(text)
        return load(path)

    return run


def test_everything_is_read(describe):
    description = describe(GOOD)
    assert description.name == "good"
    assert description.packages == ("dash", "sed")
    assert description.directories == (Directory("/build", 0o1777, 30001), Directory("/proc", 0o755, 0))
    assert description.users == (User("cbuild", 30001, "/build", "/bin/sh"),)
    assert description.links == (("/usr/bin/cc", "gcc"),)
    assert description.image.env == (("A", "1"), ("B", "2"))
    assert description.image.workdir == "/"


def test_a_record_keeps_it_whole(describe):
    description = describe(GOOD)
    assert from_dict(json.loads(json.dumps(description.as_dict()))) == description


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("suite: bookworm\n", "", None, "suite is missing"),
        ("format: 1", "format: 2", 1, "the only one"),
        ("epoch: 1704067200", "epoch: now", 3, "natural number"),
        ("epoch: 1704067200", "epoch: -1", 3, "natural number"),
        ("  - sed", "  - Sed", 5, "no package name"),
        ("  - sed", "  - dash", 6, "stands twice"),
        ("remove: [/usr/share/**]", "remove: [usr/share]", 7, "no absolute path"),
        ("remove: [/usr/share/**]", "remove: [/usr/../share]", 7, "no absolute path"),
        ("remove: [/usr/share/**]", "remove: /usr", 7, "list of strings"),
        ('mode: "1777"', 'mode: "9"', 10, "octal mode"),
        ("mode: ", "mod: ", 10, "nothing has this name"),
        ("empty: [/etc/hosts]", "empty: [1]", 12, "a string is needed"),
        ("uid: 30001,", "uid: x,", 15, "natural number"),
        ("name: cbuild", "name: C", 15, "no user name"),
        ("files: good/files", "files: good/none", 16, "no directory"),
        ("files: good/files", "files: other/files", 16, "not below good/"),
        ('A: "1"', "A: 1", 18, "a string is needed"),
        ("empty: [/etc/hosts]", "suite: trixie", 12, "stands twice"),
        ("packages:", "packages: [", 5, "no YAML"),
    ],
)
def test_errors_name_the_line(describe, old, new, line, words):
    assert old in GOOD
    with pytest.raises(UsageError) as caught:
        describe(GOOD.replace(old, new, 1))
    assert caught.value.reason == "bad-base-description"
    assert words in caught.value.brief
    assert caught.value.file.endswith("good.yaml")
    assert caught.value.line == line


def test_a_misspelt_key_gets_a_suggestion(describe):
    with pytest.raises(UsageError) as caught:
        describe(GOOD.replace("remove:", "removes:"))
    assert "Did you mean 'remove'?" in caught.value.resolution


def test_an_empty_file(describe):
    with pytest.raises(UsageError, match="is missing"):
        describe("")


@pytest.mark.parametrize("name", ["builder", "runtime"])
def test_cbuilds_own_are_good(name):
    description = load(find.place(name).description)
    assert description.suite == "bookworm"
    if name == "builder":
        assert not {"pkg-config", "pkgconf", "gettext", "cmake", "flex"} & set(description.packages)
        assert dict(description.image.env)["PATH"].startswith("/usr/lib/cbuild/bin:")


def test_unknown_names():
    assert find.place("nothing") is None
    assert find.place("../runtime") is None
    assert find.names() == ["builder", "runtime"]
    assert "Did you mean 'builder'?" in find.unknown("bilder").resolution


def test_inputs_change_with_every_file(tmp_path):
    folder = tmp_path / "a"
    (folder / "files/usr").mkdir(parents=True)
    (tmp_path / "a.yaml").write_text(GOOD)
    (folder / "files/usr/x").write_text("1")
    place = find.place(str(tmp_path / "a.yaml"))
    seen = {place.inputs()}
    (folder / "files/usr/x").write_text("2")
    seen.add(place.inputs())
    (folder / "files/usr/y").write_text("2")
    seen.add(place.inputs())
    place.lock.write_text("format: 1\n")
    seen.add(place.inputs())
    place.description.write_text(GOOD + "# comment\n")
    seen.add(place.inputs())
    assert len(seen) == 5
