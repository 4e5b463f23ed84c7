"""A dry run says what a run would do, and writes nothing."""

from __future__ import annotations

from types import SimpleNamespace

from cbuild.build.parts import Built
from cbuild.build.rehearsal import rehearse
from cbuild.layer.write import Layer
from cbuild.plan.part import Part, Plan, RecipeUse
from cbuild.state.installed import Installed, InstalledPart
from cbuild.state.results import Result


def test_what_would_be_done(tmp_path):
    use = RecipeUse("sha256:" + "c" * 64, spec="r")
    parts = {name: Part(name, use, {}, {"v": name}, {}, {}, ()) for name in ("kept", "changed", "new")}
    built = {"kept": Built("k1", Result(Layer("sha256:1", 1, (), ()), (), 0.1, ()), fresh=False)}
    recorded = [
        InstalledPart(name, {"v": value}, (), "r-c", key, "sha256:1")
        for name, value, key in [("kept", "kept", "k1"), ("changed", "old", "k2"), ("gone", "", "k3")]
    ]
    ready = SimpleNamespace(
        plan=Plan(parts, tuple(parts), {}),
        parts=SimpleNamespace(built=built),
        state=Installed(tuple(recorded), "image", "reference", "docker"),
        state_path=tmp_path / "state",
        profile=SimpleNamespace(name="p.cfg"),
        missing=("changed", "new"),
    )
    said = []
    outcome = rehearse(ready, lambda event: said.append(event.message), 0.0, partial=False)
    assert said == [
        "Uninstalling gone.",
        "Uninstalling changed.",
        "Updating kept.",
        "Installing changed.",
        "Installing new.",
    ]
    assert [f"{action} {name}" for action, name in outcome.events] == [
        "uninstalling gone", "uninstalling changed", "updating kept", "installing changed", "installing new",
    ]  # fmt: skip
    assert [part.status for part in outcome.parts] == ["cached", "skipped", "skipped"]
    assert (outcome.image.reference, outcome.removed, outcome.dry_run) == ("reference", ("gone",), True)
    assert list(tmp_path.iterdir()) == []
