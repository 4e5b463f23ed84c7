"""Edges that say it all, and the longest chain."""

from __future__ import annotations

from cbuild.plan.chain import direct, longest

REQUIRES = {"a": (), "b": ("a",), "c": ("a", "b"), "d": ("a",), "e": ("a", "b", "c", "d")}


def test_what_is_implied_is_left_out():
    assert direct(REQUIRES) == {"a": (), "b": ("a",), "c": ("b",), "d": ("a",), "e": ("c", "d")}


def test_the_longest_chain_is_that_of_the_biggest_sum_and_not_of_the_most_parts():
    seconds = {"a": 1.0, "b": 1.0, "c": 1.0, "d": 9.0, "e": 1.0}
    assert longest(REQUIRES, seconds) == ("a", "d", "e")
    assert longest(REQUIRES, seconds | {"d": 0.5}) == ("a", "b", "c", "e")


def test_a_chain_may_be_one_part_or_none():
    assert longest({"a": (), "b": ()}, {"b": 2.0}) == ("b",)
    assert longest({}, {}) == ()
