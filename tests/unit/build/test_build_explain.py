"""Why a part would be built again, and which log is its."""

from __future__ import annotations

import os

import pytest
from build_helpers import build, layer, part, planned

from cbuild.build.explain import Cause, Change, log, log_at_hand, why
from cbuild.errors import UsageError
from cbuild.plan.key import key_of
from cbuild.profile import load
from cbuild.state import failures, installed
from cbuild.state.home import Home
from cbuild.state.installed import Installed, InstalledPart
from cbuild.state.results import Result, Results


def parts(m4="1", zlib="1", web="1"):
    return (
        part("m4", version=m4), part("zlib", version=zlib), part("xz", ["m4"], version="1"),
        part("web", ["m4", "zlib", "xz"], version=web),
    )  # fmt: skip


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def state(home) -> Installed:
    """What is recorded after a build of parts()."""
    ready = planned(home, *parts())
    results = {name: Result(layer(home, name), (), 1.0) for name in ready.plan.parts}
    keys = build(home, ready, results)
    return Installed(
        tuple(InstalledPart(name, {}, (), "", key, results[name].layer.diff_id) for name, key in keys.items())
    )


def test_nothing_has_changed(home, state):
    assert why(planned(home, *parts(), state=state), home, "web").status == "cached"


def test_a_part_that_changed_itself(home, state):
    answer = why(planned(home, *parts(web="2"), state=state), home, "web")
    assert (answer.status, answer.causes, answer.in_store) == ("changed", (), False)
    assert answer.changes == (Change("options/version", "1", "2"),)


def test_the_way_to_the_part_where_it_began(home, state):
    answer = why(planned(home, *parts(m4="2"), state=state), home, "web")
    assert {change.what for change in answer.changes} == {"requires/m4", "requires/xz"}
    assert answer.causes == (Cause("m4", ("web", "xz", "m4"), (Change("options/version", "1", "2"),)),)


def test_a_requirement_that_was_built_meanwhile(home, state):
    """The state file has the new one already; what it was before is found by its layer."""
    ready = planned(home, *parts(zlib="2"), state=state)
    keys = build(home, ready, {"zlib": Result(layer(home, "another"), (), 1.0)})
    newer = [InstalledPart("zlib", {}, (), "", keys["zlib"], layer(home, "another").diff_id)]
    newer += [one for one in state.parts if one.name != "zlib"]
    answer = why(planned(home, *parts(zlib="2"), state=Installed(tuple(newer))), home, "web")
    assert answer.causes == (Cause("zlib", ("web", "zlib"), (Change("options/version", "1", "2"),)),)


def test_one_that_came_out_the_same_is_no_reason(home, state):
    ready = planned(home, *parts(zlib="2"), state=state)
    build(home, ready, {"zlib": Result(layer(home, "zlib"), (), 1.0)})
    assert why(planned(home, *parts(zlib="2"), state=state), home, "web").status == "cached"


def test_switched_back_to_what_the_store_has(home, state):
    ready = planned(home, *parts(web="2"), state=state)
    build(home, ready, {"web": Result(layer(home, "web2"), (), 1.0)})
    answer = why(planned(home, *parts(web="2"), state=state), home, "web")
    assert (answer.status, answer.in_store) == ("changed", True)


def test_a_failure_is_told_with_its_log(home, state):
    ready = planned(home, *parts(web="2"), state=state)
    key = key_of(ready.parts.document(ready.plan.parts["web"]))
    failures.note(home, key, failures.Failure("web", "The part web failed: no", "1", 1.0, 1.0))
    assert why(ready, home, "web").failure == "The part web failed: no"
    path = Results(home).log(key)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("failed")
    assert log(ready, home, "web") == path
    # Changed since then: it is still the last log that there is.
    again = planned(home, *parts(web="3"), state=state)
    assert why(again, home, "web").failure == ""
    assert log(again, home, "web") == path
    built = Results(home).log(state.part("web").key)
    built.write_text("built")
    assert log(again, home, "web") == built, "the later one"
    os.utime(built, (1, 1))
    assert log(again, home, "web") == path


def test_what_was_never_built(home):
    ready = planned(home, *parts())
    assert why(ready, home, "web").status == "new"
    with pytest.raises(UsageError) as caught:
        log(ready, home, "web")
    assert caught.value.reason == "no-log"
    with pytest.raises(UsageError) as caught:
        why(ready, home, "wbe")
    assert caught.value.details == "Did you mean 'web'?"


def test_a_log_that_is_known_without_a_plan(home, state, tmp_path):
    (tmp_path / "p.cfg").write_text("[web]\nrecipe = command\n")
    profile = load(tmp_path / "p.cfg")

    def found():
        return log_at_hand(profile, home, "web")

    def written(key, seconds):
        path = Results(home).log(f"sha256:{key}" if ":" not in key else key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        os.utime(path, (seconds, seconds))
        return path

    assert found() is None
    failures.note(home, "sha256:" + "f" * 64, failures.Failure("web", "no", "1", 1.0, 1.0))
    assert found() is None, "its log is gone"
    written("f" * 64, 5)
    assert found() is None, "another profile's may have failed: only a plan tells"
    installed.write(tmp_path / ".installed.cfg", state)
    recorded = written(state.part("web").key, 6)
    assert found() == recorded
    written("f" * 64, 7)
    assert found() is None, "the same"
    assert log_at_hand(profile, home, "zlib") is None, "the profile has no such section"
    scratch = home.scratch("run", "web") / "log"
    scratch.mkdir(parents=True)
    (scratch / "log").touch()
    (scratch.parents[1] / "lock").touch()
    assert found() == scratch / "log", "of the build that runs now"
