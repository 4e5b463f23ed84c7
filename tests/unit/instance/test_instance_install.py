from pathlib import Path

import pytest

from cbuild.instance import install, record
from cbuild.instance.install import Part, Recorded
from cbuild.recipe.api import Buildout, Options


class Nothing(Buildout):
    """A profile without sections. What is installed here asks neither for sources nor for references."""

    def __getitem__(self, name):
        raise KeyError(name)

    def __iter__(self):
        return iter(())

    def __len__(self):
        return 0

    def source(self, url, md5sum=None, alternate=""):
        raise NotImplementedError

    def substitute(self, text, section):
        raise NotImplementedError


class Writer:
    """Writes its file; says what it did."""

    def __init__(self, path, done, fail=None):
        self.path, self.done, self.fail = path, done, fail

    def install(self):
        return self._act("install")

    def update(self):
        return self._act("update")

    def _act(self, action):
        self.done.append(f"{action} {self.path.name}")
        if self.fail == action:
            raise ValueError("no")
        self.path.write_text("x")
        return str(self.path)


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


class Site:
    def __init__(self, root):
        self.root, self.done, self.state = root, [], root / ".installed.cfg"

    def part(self, name, fail=None, signature="s", **options):
        data = Options(Nothing(), name, {"recipe": "r", **options})
        return Part(name, data, Writer(self.root / name, self.done, fail), signature)

    def apply(self, *parts):
        self.done.clear()
        return install.apply(
            parts, record.load(self.state), lambda now: record.save(self.state, now), self.root / "aside"
        )

    def recorded(self):
        return list(record.load(self.state))


def test_first_install_then_update(site):
    assert site.apply(site.part("a"), site.part("b")).installed == ["a", "b"]
    assert site.recorded() == ["a", "b"]
    outcome = site.apply(site.part("a"), site.part("b"))
    assert (outcome.installed, outcome.updated, outcome.uninstalled) == ([], ["a", "b"], [])
    assert site.done == ["update a", "update b"]


@pytest.mark.parametrize("change", [{"x": "1"}, {"signature": "t"}])
def test_a_changed_part_is_uninstalled_first(site, change):
    site.apply(site.part("a"), site.part("b"))
    outcome = site.apply(site.part("a", **change), site.part("b"))
    assert (outcome.installed, outcome.updated, outcome.uninstalled) == (["a"], ["b"], ["a"])


def test_a_missing_path_means_install(site):
    site.apply(site.part("a"))
    (site.root / "a").unlink()
    assert site.apply(site.part("a")).installed == ["a"]


def test_what_is_not_wanted_any_more_is_removed_backwards(site):
    site.apply(site.part("a"), site.part("b"), site.part("c"))
    outcome = site.apply(site.part("b"))
    assert outcome.uninstalled == ["c", "a"]
    assert sorted(path.name for path in site.root.iterdir()) == [".installed.cfg", "b"]


def test_a_failing_install_keeps_what_was_done_before_and_what_would_be_lost(site):
    site.apply(site.part("gone"), site.part("z"), site.part("y"))
    outcome = site.apply(site.part("a"), site.part("b", fail="install"), site.part("y"), site.part("z", x="1"))
    assert outcome.failed == "b"
    assert isinstance(outcome.error, ValueError)
    assert set(site.recorded()) == {"a", "gone", "y", "z"}
    assert sorted(path.name for path in site.root.iterdir()) == [".installed.cfg", "a", "gone", "y", "z"]
    again = site.apply(site.part("a"), site.part("b"), site.part("y"), site.part("z", x="1"))
    assert (again.installed, again.updated) == (["b", "z"], ["a", "y"])
    assert sorted(path.name for path in site.root.iterdir()) == [".installed.cfg", "a", "b", "y", "z"]


def test_a_failing_install_removes_what_it_registered(site):
    class Half:
        def __init__(self, options, path):
            self.options, self.path = options, path

        def install(self):
            self.options.created(str(self.path))
            self.path.mkdir()
            raise OSError("full")

    data = Options(Nothing(), "a", {"recipe": "r"})
    outcome = site.apply(Part("a", data, Half(data, site.root / "half"), "s"))
    assert outcome.failed == "a"
    assert not (site.root / "half").exists()


def test_a_failing_update_loses_nothing(site):
    site.apply(site.part("a"))
    assert site.apply(site.part("a", fail="update")).failed == "a"
    assert (site.root / "a").exists()
    assert site.recorded() == ["a"]


def test_a_recipe_without_update_is_installed_again(site):
    class Only:
        calls = 0

        def install(self):
            Only.calls += 1
            return ()

    for _ in range(2):
        site.apply(Part("a", Options(Nothing(), "a", {"recipe": "r"}), Only(), "s"))
    assert Only.calls == 2


def test_removing_never_follows_a_link(tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    install.remove([str(tmp_path / "link"), str(tmp_path / "missing")])
    assert (tmp_path / "kept" / "file").exists()
    assert not (tmp_path / "link").is_symlink()


def test_signatures_change_with_what_is_referred_to_also_indirectly():
    refers = {"a": ("b",), "b": ("c",), "x": ("buildout",)}

    def signed(value, buildout="1"):
        options = {"b": {"k": "1"}, "c": {"k": value}, "buildout": {"d": buildout}}
        return install.signatures(["b", "a", "x"], {"a": "A", "b": "B", "x": "X"}, options, refers)

    assert signed("1")["a"] != signed("2")["a"]
    assert signed("1")["b"] != signed("2")["b"]
    assert signed("1")["x"] == signed("2", buildout="2")["x"] == "X"


def test_mutual_references_have_signatures():
    refers = {"a": ("b",), "b": ("a",)}
    signed = install.signatures(["b", "a"], {"a": "A", "b": "B"}, {"a": {}, "b": {}}, refers)
    assert set(signed) == {"a", "b"}


def test_the_record_round_trips(tmp_path: Path):
    parts = {"b": Recorded({"k": " two\n  lines\n"}, ("/x", "/y z"), "s 1"), "a": Recorded({}, (), "")}
    record.save(tmp_path / ".installed.cfg", parts)
    assert record.load(tmp_path / ".installed.cfg") == parts
