"""What a run says of each part, and what it leaves in the state file."""

import pytest

from cbuild.build.parts import Built
from cbuild.build.record import Record
from cbuild.layer.write import Layer
from cbuild.plan.part import Part, Plan, RecipeUse
from cbuild.state import installed
from cbuild.state.installed import Installed, InstalledPart
from cbuild.state.results import Result

CODE = "sha256:" + "c" * 64


class Stored:
    """The store's side of a run: what is in it."""

    def __init__(self, **keys):
        self.built = {}
        for name, key in keys.items():
            self.add(name, key)

    def add(self, name, key, *, fresh=False):
        self.built[name] = Built(key, Result(Layer(f"sha256:{name}", 1, (), ()), (), 0.1, ()), fresh=fresh)


def planned(**options):
    parts = {
        name: Part(name, RecipeUse(CODE, spec="r:x"), {}, {"recipe": "r:x", "v": value}, {}, {}, ())
        for name, value in options.items()
    }
    return Plan(parts, tuple(parts), {})


def recorded(**keys):
    parts = [
        InstalledPart(name, {"recipe": "r:x", "v": "1"}, (), "r-cccccccccccccccc", key, f"sha256:{name}")
        for name, key in keys.items()
    ]
    return Installed(tuple(parts), "image", "reference", "docker")


@pytest.fixture
def run(tmp_path):
    def make(plan, stored, before, *, partial=False):
        said = []
        path = tmp_path / "state"
        installed.write(path, before)
        record = Record(plan, stored, before, path, lambda event: said.append(event.message), partial=partial)
        record.begin()
        return record, said

    return make


def names(record):
    return [part.name for part in installed.read(record.path).parts]


def test_nothing_changed(run):
    record, said = run(planned(a="1", b="1"), Stored(a="k1", b="k2"), recorded(a="k1", b="k2"))
    assert said == ["Updating a.", "Updating b."]
    assert record.events == (("updating", "a"), ("updating", "b"))
    assert record.removed == ()


def test_a_layer_that_the_store_has_is_installed_if_another_one_is_recorded(run):
    record, said = run(planned(a="1", b="1"), Stored(a="k9", b="k2"), recorded(a="k1", b="k2"))
    assert said == ["Uninstalling a.", "Installing a. (Its layer is in the store.)", "Updating b."]
    assert record.events == (("uninstalling", "a"), ("installing", "a"), ("updating", "b"))


def test_uninstalling_goes_through_the_record_backwards(run):
    record, said = run(planned(b="2"), Stored(), recorded(a="k1", b="k2", c="k3"))
    assert said == ["Uninstalling c.", "Uninstalling b.", "Uninstalling a."]
    assert record.removed == ("a", "c")


def test_whether_a_part_changes_is_seen_when_its_turn_comes(run):
    stored = Stored()
    record, said = run(planned(a="2", same="1", other="1"), stored, recorded(a="k1", same="k2", other="k3"))
    assert said == ["Uninstalling a."]
    record.starting("a")
    stored.add("a", "k9", fresh=True)
    record.finished("a", stored.built["a"])
    assert names(record) == ["same", "other", "a"]
    stored.add("same", "k2")
    record.finished("same", stored.built["same"])
    record.starting("other")
    assert said == ["Uninstalling a.", "Installing a.", "Updating same.", "Uninstalling other.", "Installing other."]
    assert record.events == (
        ("uninstalling", "other"),
        ("uninstalling", "a"),
        ("installing", "a"),
        ("updating", "same"),
        ("installing", "other"),
    )


def test_a_part_that_failed_is_not_in_the_state_file(run):
    stored = Stored(b="k2")
    record, _ = run(planned(a="2", b="1", c="1"), stored, recorded(a="k1", b="k2", c="k3"))
    record.starting("a")
    record.interrupt()
    assert names(record) == ["c", "b"]
    assert installed.read(record.path).image == "image"


def test_a_run_for_some_parts_leaves_the_others_alone(run):
    record, said = run(planned(b="1"), Stored(b="k9"), recorded(a="k1", b="k2"), partial=True)
    record.interrupt()
    assert said == ["Uninstalling b.", "Installing b. (Its layer is in the store.)"]
    assert names(record) == ["a", "b"]
    assert record.removed == ()


def test_the_signature_names_the_recipe_s_distribution_and_its_code(run):
    record, _ = run(planned(a="1"), Stored(a="k1"), Installed())
    record.interrupt()
    assert installed.read(record.path).parts[0].signature == "r-cccccccccccccccc"
