"""What is started first."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cbuild.plan.priority import UNKNOWN, guess, longest_first


def order(names: str, seconds: dict[str, float] | None = None, **requires: str) -> str:
    graph = {name: requires.get(name, "").split() for name in names.split()}
    return " ".join(longest_first(names.split(), graph, seconds or {}))


@pytest.mark.parametrize(
    ("names", "seconds", "requires", "expected"),
    [
        ("c a b", {}, {}, "c a b"),
        ("quick slow", {"quick": 1, "slow": 2}, {}, "slow quick"),
        ("alone first last", {"alone": 15, "first": 1, "last": 15}, {"last": "first"}, "first alone last"),
        ("alone first last", {"alone": 15, "first": 1, "last": 2}, {"last": "first"}, "alone first last"),
        ("new known", {"known": UNKNOWN - 1}, {}, "new known"),
        ("new known", {"known": UNKNOWN + 1}, {}, "known new"),
        ("a b c", {"a": 0, "b": 0, "c": 0}, {"c": "a b", "b": "a"}, "a b c"),
    ],
)
def test_the_longest_chain_comes_first(names, seconds, requires, expected):
    assert order(names, seconds, **requires) == expected


def test_a_part_that_was_never_built_takes_time_by_its_sources():
    """Sizes of tarballs: openssl's 53 MB, perl's 13.9 MB, m4's 1.7 MB; on a first build openssl's chain goes first."""
    sizes = {"perl": 13_900_000, "m4": 1_700_000, "autoconf": 1_400_000, "openssl": 53_000_000, "template": 0}
    seconds = {name: guess(size) for name, size in sizes.items()}
    assert seconds["template"] == UNKNOWN
    assert order("m4 autoconf perl openssl", seconds, autoconf="m4", openssl="perl") == "perl openssl m4 autoconf"


@given(st.lists(st.tuples(st.floats(0, 1e6), st.sets(st.integers(0, 20))), max_size=20))
def test_what_is_required_comes_before(parts):
    requires: dict[str, set[str]] = {}
    for number, (_, others) in enumerate(parts):
        direct = {str(other) for other in others if other < number}
        requires[str(number)] = direct.union(*(requires[other] for other in direct))
    names = list(requires)
    found = longest_first(names, requires, {str(number): seconds for number, (seconds, _) in enumerate(parts)})
    assert sorted(found) == sorted(names)
    for name, others in requires.items():
        assert all(found.index(other) < found.index(name) for other in others)
