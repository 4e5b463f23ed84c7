"""What of a store nobody needs, and removing it: the rest stays whole, wherever it ends."""

from __future__ import annotations

import errno
import json
import os
import time
from pathlib import Path

import pytest

from cbuild.canonical import canonical_json, hex_of, sha256_bytes, write_atomic
from cbuild.errors import UsageError
from cbuild.image.layout import CONFIG, LAYER, MANIFEST, Layout
from cbuild.layer.write import Layer
from cbuild.state import failures, garbage, installed, inventory, roots, use
from cbuild.state.emptied import empty
from cbuild.state.home import Home
from cbuild.state.installed import Installed, InstalledPart
from cbuild.state.results import Result, Results

NOW = time.time()
SIZE = 1000


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path / "home")


class Filled:
    """A store as builds leave it; days: how long ago something was used last."""

    def __init__(self, home: Home, directory) -> None:
        self.home = home
        self.layout = Layout(home.oci)
        self.directory = directory
        self.base("builder")
        self.runtime = self.base("runtime")

    def blob(self, text: str) -> str:
        return self.layout.write(text.encode().ljust(SIZE, b"."), LAYER).digest

    def image(self, reference: str, layers: list[str]) -> str:
        config = self.layout.write(canonical_json({"rootfs": {"diff_ids": layers}, "of": reference}), CONFIG)
        document = {
            "mediaType": MANIFEST, "config": config.as_dict(), "layers": [{"digest": layer} for layer in layers],
        }  # fmt: skip
        manifest = self.layout.write(canonical_json(document), MANIFEST)
        self.layout.tag(reference, manifest.digest)
        return manifest.digest

    def base(self, name: str, version: str = "1", reference: str = "") -> str:
        layer = self.blob(f"base {name} {version}")
        manifest = self.image(reference or f"cbuild/base-{name}", [layer])
        config = self.layout.read_json(manifest)["config"]["digest"]
        record = {"format": 1, "name": name, "config": config, "description": None}
        write_atomic(
            self.home.bases / f"{hex_of(sha256_bytes(f'{name} {version}'.encode()))}.json", canonical_json(record)
        )
        return layer

    def result(self, part: str, version: str, days: float = 0, layer: str = "", **fields) -> str:
        document = {"part": part, "version": version, **fields}
        key = sha256_bytes(canonical_json(document))
        digest = self.blob(layer or f"{part} {version}")
        Results(self.home).put(key, document, Result(Layer(digest, SIZE, (f"parts/{part}",), ()), (), 1.0))
        used = NOW - days * 86400
        os.utime(self.home.results / f"{hex_of(key)}.json", (used, used))
        write_atomic(self.home.logs / f"{hex_of(key)}.log", b"log")
        (self.home.trees / hex_of(digest)).mkdir(parents=True, exist_ok=True)
        (self.home.trees / hex_of(digest) / "file").write_text("1")
        return key

    def state(self, name: str, keys: dict[str, str], *, image: bool = True):
        layer = {held.key: held.layer for held in inventory.results(self.home)}
        layers = [layer[key] for key in keys.values()]
        manifest = self.image(f"localhost/{name}:1", [self.runtime, *layers]) if image else ""
        parts = tuple(InstalledPart(part, {}, (), "", key, "") for part, key in keys.items())
        path = self.directory / name / ".installed.cfg"
        installed.write(path, Installed(parts, manifest))
        roots.note(self.home, path)
        return path

    def check(self, *keys: str) -> None:
        """Check that these results are there, and that nothing that is there lacks what it needs."""
        results = Results(self.home)
        for key in keys:
            assert results.get(key), "a result that must stay"
            assert results.document(key)
        for held in inventory.results(self.home):
            assert self.layout.has(held.layer)
        for found in self.layout.images().values():
            manifest = self.layout.read_json(found.digest)
            assert self.layout.has(manifest["config"]["digest"])
            assert all(self.layout.has(layer["digest"]) for layer in manifest["layers"])
        for base in inventory.bases(self.home):
            assert self.layout.has(base.config)

    @property
    def blobs(self) -> int:
        return len(inventory.blobs(self.layout))


@pytest.fixture
def filled(home, tmp_path) -> Filled:
    return Filled(home, tmp_path)


def removed(plan, kind: str) -> list[str]:
    return sorted(item.name for item in plan.items if item.kind == kind)


def test_an_empty_store(home):
    plan = garbage.find(home)
    assert (plan.items, plan.kept) == ((), 0)
    empty(home, plan)


def test_what_is_needed_stays(filled):
    one, two = filled.result("one", "1"), filled.result("two", "1")
    filled.state("project", {"one": one, "two": two})
    plan = garbage.find(filled.home)
    assert plan.items == ()
    assert plan.roots == (str(filled.directory / "project" / ".installed.cfg"),)
    empty(filled.home, plan)
    filled.check(one, two)


def test_older_results_go_and_the_newest_of_each_part_stays(filled):
    old, older, newest = (filled.result("one", str(days), days) for days in (5, 9, 1))
    lost = filled.result("two", "1", 50)
    plan = garbage.find(filled.home)
    assert removed(plan, "layer") == removed(plan, "tree") == ["one", "one"]
    empty(filled.home, plan)
    filled.check(newest, lost)
    assert {held.key for held in inventory.results(filled.home)} == {newest, lost}
    assert {path.stem for path in filled.home.logs.glob("*.log")} == {hex_of(key) for key in (newest, lost)}
    assert not {path.stem for path in filled.home.keys.glob("*.json")} & {hex_of(key) for key in (old, older)}
    assert garbage.find(filled.home).items == ()


def test_what_recipes_are_imported_from_stays_a_month(filled):
    kept = [filled.result("distributions of a recipe", str(days), days) for days in (0, 20)]
    filled.result("distributions of a recipe", "old", 40)
    empty(filled.home, garbage.find(filled.home))
    filled.check(*kept)
    assert {held.key for held in inventory.results(filled.home)} == set(kept)


def test_a_state_file_holds_old_results_as_long_as_it_is_there(filled):
    old, newest = filled.result("one", "1", 90), filled.result("one", "2")
    path = filled.state("project", {"one": old})
    assert garbage.find(filled.home).items == ()
    path.unlink()
    plan = garbage.find(filled.home)
    assert plan.gone == (path,)
    assert removed(plan, "reference") == ["localhost/project:1"]
    empty(filled.home, plan)
    filled.check(newest)
    assert roots.known(filled.home) == []
    assert Results(filled.home).get(old) is None
    assert filled.blobs == 2 * 3 + 1, "two bases and a layer"


def test_a_state_file_that_a_buildout_has_written_over_holds_nothing(filled):
    old = filled.result("one", "1", 90)
    filled.result("one", "2")
    path = filled.state("project", {"one": old})
    path.write_text("[buildout]\ninstalled_develop_eggs =\nparts = one\n\n[one]\n__buildout_installed__ = /srv/one\n")
    assert removed(garbage.find(filled.home), "result") == ["one"]


def test_a_layer_that_two_results_gave_stays_with_either(filled):
    old, new = filled.result("one", "1", 3, layer="same"), filled.result("one", "2", layer="same")
    plan = garbage.find(filled.home)
    assert (removed(plan, "result"), removed(plan, "layer")) == (["one"], [])
    empty(filled.home, plan)
    filled.check(new)
    assert Results(filled.home).get(old) is None


def test_instances_hold_their_image(filled):
    key = filled.result("one", "1", 3)
    path = filled.state("project", {"one": key})
    manifest = filled.layout.images()["localhost/project:1"].digest
    filled.result("one", "2")
    path.unlink()
    write_atomic(filled.home.instances / "web" / "instance.json", json.dumps({"image": manifest}).encode())
    plan = garbage.find(filled.home)
    assert plan.roots == ("instance web",)
    assert (removed(plan, "result"), removed(plan, "layer"), removed(plan, "image")) == (["one"], [], [])
    empty(filled.home, plan)
    filled.check()
    assert filled.layout.has(manifest)


def unreadable(filled, data: bytes):
    """Give an instance this document; return how gc refuses, with all that it would have taken still there."""
    path = filled.home.instances / "web" / "instance.json"
    write_atomic(path, data)
    with pytest.raises(UsageError) as error:
        garbage.find(filled.home)
    assert error.value.file == str(path)
    assert "Nobody knows which image" in error.value.details
    return error.value.reason


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b'{"format":1,"name":"web","image":"sha', b"[]", b"{}", b'{"image":5}', b'{"image":""}', b"\xff"],
)
def test_an_instance_that_nobody_can_read_stops_gc(filled, data):
    assert unreadable(filled, data) == "state-damaged"


def test_an_instance_of_a_newer_cbuild_stops_gc(filled):
    assert unreadable(filled, json.dumps({"format": 2, "image": "sha256:" + "0" * 64}).encode()) == "state-newer"
    assert unreadable(filled, b'{"format": 2, "images": []}') == "state-newer"


@pytest.mark.parametrize("forbidden", ["web", "web/instance.json"])
def test_an_instance_that_may_not_be_read_stops_gc(filled, monkeypatch, forbidden):
    path = filled.home.instances / "web" / "instance.json"
    write_atomic(path, b"{}")
    read = Path.read_bytes

    def refuse(self):
        if self.is_relative_to(filled.home.instances / forbidden):
            raise PermissionError(errno.EACCES, "Permission denied", str(self))
        return read(self)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(UsageError) as error:
        garbage.find(filled.home)
    assert (error.value.reason, error.value.file) == ("state-damaged", str(path))
    assert "readable" in error.value.resolution


def test_an_instance_whose_document_is_a_directory_stops_gc(filled):
    (filled.home.instances / "web" / "instance.json").mkdir(parents=True)
    with pytest.raises(UsageError) as error:
        garbage.find(filled.home)
    assert error.value.reason == "state-damaged"


def test_what_else_lies_beside_instances_is_none(filled):
    write_atomic(filled.home.instances / "node.json", b"{}")
    (filled.home.instances / ".locks").mkdir()
    (filled.home.instances / "half" / "partitions").mkdir(parents=True)
    assert roots.instances(filled.home) == {}


@pytest.mark.parametrize(
    "document", [{"layer": "x"}, {"layer": ["x"]}, {"layer": {"size": "x"}}, {"layer": {"size": None}}, [], "x", None]
)
def test_a_result_that_says_nothing_is_counted_and_the_rest_stays(filled, document):
    kept = filled.result("one", "1")
    write_atomic(filled.home.results / f"{'a' * 64}.json", json.dumps(document).encode())
    assert min((held.layer, held.size) for held in inventory.results(filled.home)) == ("", 0)
    empty(filled.home, garbage.find(filled.home))
    assert Results(filled.home).get(kept)


@pytest.mark.parametrize("document", [{"sources": ["x"]}, {"sources": "x"}, {"part": 5, "builder": []}, []])
def test_a_key_that_says_nothing_is_no_reason_to_stop(filled, document):
    key = filled.result("one", "1")
    write_atomic(filled.home.keys / f"{hex_of(key)}.json", json.dumps(document).encode())
    assert [held.sources for held in inventory.results(filled.home)] == [frozenset()]
    assert garbage.find(filled.home, sources=True).items == ()


@pytest.mark.parametrize("more", [{}, {"layers": 5}, {"layers": [5]}, {"layers": [], "config": 5}])
def test_a_manifest_that_does_not_say_its_layers_is_no_image(filled, more):
    digest = filled.layout.write(canonical_json({"mediaType": MANIFEST, **more}), MANIFEST).digest
    found = garbage.find(filled.home)
    assert [item.paths for item in found.items] == [(filled.layout.blob(digest),)]


def test_bases_that_nothing_names_go(filled):
    older = filled.layout.read_json(filled.layout.images()["cbuild/base-builder"].digest)["config"]["digest"]
    used = filled.result("one", "1", builder=older)
    filled.base("builder", "2")
    filled.base("builder", "3")
    filled.base("registry.example/x", reference="registry.example/x")
    plan = garbage.find(filled.home)
    assert removed(plan, "base") == ["builder", "registry.example/x"]
    assert removed(plan, "reference") == ["registry.example/x"]
    empty(filled.home, plan)
    filled.check(used)
    assert filled.layout.has(older)


def test_a_limit_takes_unpacked_layers_and_what_was_used_longest_ago(filled):
    keys = [filled.result(f"part{number}", "1", number) for number in range(6)]
    filled.state("project", {"part5": keys[5]})
    whole = garbage.find(filled.home)
    assert whole.items == ()
    plan = garbage.find(filled.home, whole.kept - 2 * SIZE)
    assert removed(plan, "tree") == [f"part{number}" for number in range(6)]
    assert removed(plan, "layer") == ["part3", "part4"], "part5 is older, but needed"
    assert plan.kept <= whole.kept - 2 * SIZE
    empty(filled.home, plan)
    filled.check(*keys[:3], keys[5])
    assert garbage.find(filled.home).kept == plan.kept, "and that is what stays"
    least = garbage.find(filled.home, 0)
    assert removed(least, "layer") == ["part0", "part1", "part2"]
    empty(filled.home, least)
    filled.check(keys[5])
    assert garbage.find(filled.home, 0).kept > 0


def test_small_documents_go_when_they_are_old(filled):
    key = "sha256:" + "f" * 64
    failures.note(filled.home, key, failures.Failure("one", "no", "1", 0.0, 1.0))
    answer = filled.home.answers / "a.json"
    for path in (filled.home.logs / f"{'f' * 64}.log", filled.home.logs / "base-builder.log", answer):
        write_atomic(path, b"{}")
    assert garbage.find(filled.home).items == ()
    past = NOW - garbage.OLD - 60
    for path in (answer, filled.home.failures / f"{'f' * 64}.json"):
        os.utime(path, (past, past))
    plan = garbage.find(filled.home)
    assert (removed(plan, "answer"), removed(plan, "log")) == (["a", "f" * 12], ["f" * 12])


def test_leftovers_below_work(filled):
    for part in ("broken", "ZODB/50%"):
        (filled.home.scratch("1-00000000", part) / "opt").mkdir(parents=True)
    earlier = filled.home.trees.parent / "an-earlier-boot" / "x"
    earlier.mkdir(parents=True)
    plan = garbage.find(filled.home)
    assert (removed(plan, "work"), removed(plan, "tree")) == (["ZODB/50% broken"], ["an-earlier-boot"])
    empty(filled.home, plan)
    assert [path.name for path in filled.home.work.iterdir()] == ["trees"]


def test_sources_only_when_asked_for(filled):
    names = {text: sha256_bytes(text.encode()) for text in ("needed", "locked", "old")}
    for text, digest in names.items():
        for path in (f"files/{hex_of(digest)}", f"about/{hex_of(digest)}.json"):
            write_atomic(filled.home.sources / path, text.encode())
        (filled.home.sources / "md5").mkdir(exist_ok=True)
        (filled.home.sources / "md5" / text).symlink_to(f"../files/{hex_of(digest)}")
    key = filled.result("one", "1", sources={"u": names["needed"]})
    path = filled.state("project", {"one": key})
    (path.parent / "cbuild.lock").write_text(json.dumps({"sha256": hex_of(names["locked"])}))
    assert garbage.find(filled.home).items == ()
    plan = garbage.find(filled.home, sources=True)
    assert removed(plan, "source") == [hex_of(names["old"])[:12]]
    empty(filled.home, plan)
    assert {path.name for path in (filled.home.sources / "md5").iterdir()} == {"needed", "locked"}
    assert {path.name for path in (filled.home.sources / "files").iterdir()} == {
        hex_of(names["needed"]), hex_of(names["locked"]),
    }  # fmt: skip


class Killed(BaseException):
    """What happens in the middle."""


def killed() -> None:
    raise Killed


def test_ended_anywhere_the_store_is_whole_and_the_next_time_removes_the_rest(filled, monkeypatch):
    from cbuild.state import emptied

    keep = filled.result("one", "9")
    old = {str(days): filled.result("one", str(days), days) for days in range(1, 4)}
    path = filled.state("project", {"one": old["1"]})
    filled.base("builder", "2")
    path.unlink()
    count = sum(len(item.paths) for item in garbage.find(filled.home).items)
    assert count > 15
    remove, left = emptied._remove, [0]

    def some(home, path):
        if not left[0]:
            raise Killed
        left[0] -= 1
        remove(home, path)

    monkeypatch.setattr(emptied, "_remove", some)
    for _ in range(count + 1):
        left[0] = 1
        plan = garbage.find(filled.home)
        try:
            empty(filled.home, plan)
        except Killed:
            filled.check(keep)
    assert garbage.find(filled.home).items == ()
    assert filled.blobs == 2 * 3 + 1


def test_nothing_is_removed_while_somebody_uses_the_store(home):
    waits = []
    with (
        use.using(home),
        use.using(home, lambda: waits.append("never")),
        pytest.raises(Killed),
        use.emptying(home, killed),
    ):
        pass
    with use.emptying(home), pytest.raises(Killed), use.using(home, killed):
        pass
    assert waits == []


def test_a_use_is_noted_once_a_day(filled):
    key = filled.result("one", "1", 10)
    path = filled.home.results / f"{hex_of(key)}.json"
    Results(filled.home).get(key)
    assert path.stat().st_mtime > NOW - 60
    os.utime(path, (NOW - 3600, NOW - 3600))
    Results(filled.home).get(key)
    assert path.stat().st_mtime == pytest.approx(NOW - 3600, abs=1)
