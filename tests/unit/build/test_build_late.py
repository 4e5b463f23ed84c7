"""What a recipe asks for while it is installed: from key to key, and nothing is kept of what can't be had."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace

import pytest
from build_helpers import BUILDER, part

from cbuild.build.late import Late
from cbuild.build.parts import Parts
from cbuild.build.site import Sites
from cbuild.errors import PartError, ProfileError
from cbuild.events import silent
from cbuild.plan.key import key_of
from cbuild.plan.part import Part, Plan
from cbuild.source import Lock, Request, Sources
from cbuild.state.answers import Answers
from cbuild.state.home import Home


class Facts:
    """Gives every source that is asked for, and no section."""

    def added_late(self, part: Part, need: Mapping[str, object]) -> Part:
        if "source" not in need:
            raise ProfileError("There is none.", reason="x", file="p.cfg", line=3)
        url = str(need["source"])
        return replace(part, sources={**part.sources, url: Request(url)})


@pytest.fixture
def parts(tmp_path):
    """A function that plans one part and returns what looks after it, with what keeps its answers."""
    home = Home(tmp_path / "home")

    def make() -> tuple[Parts, Late, Part]:
        late = Late(home, Facts(), Sources(home), Lock.load(tmp_path / "cbuild.lock"))  # type: ignore[arg-type]
        one = part("one")
        sites = Sites(home, lambda: BUILDER, Sources(home))
        found = Parts(Plan({"one": one}, ("one",), {}), home, BUILDER, {}, late, sites, silent)
        return found, late, one

    return SimpleNamespace(make=make, answers=Answers(home))


def asks(**what: object) -> dict[str, object]:
    return {"ok": False, "kind": "needs", "needs": what, "message": ""}


def test_a_later_run_follows_the_questions(parts, tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
    found, late, one = parts.make()
    plain = found.document(one)
    late.keep(one, key_of(plain), asks(source=str(tmp_path / "a"), md5=None))
    first = found.document(one)
    late.keep(
        late.added(one, {"source": str(tmp_path / "a")}), key_of(first), asks(source=str(tmp_path / "b"), md5=None)
    )

    again, _, one = parts.make()
    whole = again.document(one)
    assert plain["sources"] == {}
    assert list(first["sources"]) == [str(tmp_path / "a")]
    assert list(whole["sources"]) == [str(tmp_path / "a"), str(tmp_path / "b")]
    assert len({key_of(plain), key_of(first), key_of(whole)}) == 3

    # Another content of the first: what it asks for then is not known.
    (tmp_path / "a").write_text("new")
    other, _, one = parts.make()
    assert list(other.document(one)["sources"]) == [str(tmp_path / "a")]


@pytest.mark.parametrize("need", [{"source": "/no/such/file", "md5": None}, {"section": "x"}])
def test_what_can_not_be_had_is_the_parts_failure_and_not_kept(parts, need):
    found, late, one = parts.make()
    key = key_of(found.document(one))
    with pytest.raises(PartError) as caught:
        late.keep(one, key, asks(**need))
    assert caught.value.section == "one"
    assert caught.value.brief.startswith("The part one failed: ")
    assert parts.answers.get(key) is None
