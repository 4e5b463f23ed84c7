"""Constructors that run in a builder: asked, and told what they want to know, until they answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

from cbuild.plan.facts import Facts, Need
from cbuild.plan.part import Part

Answer = Mapping[str, object]
Construct = Callable[[Part], Answer]
"""Runs the constructor of a part in a builder; returns the result document (cbuild.recipe.run).

It is a pure function of what the part has (recipe, options, what is visible, sources), so that answers can be kept."""


class Refused(Exception):  # noqa: N818 - the planner makes an error of it
    """The constructor failed; the message is what it said. user: it says that the profile is wrong. log: its end."""

    def __init__(self, message: str, *, user: bool, log: str) -> None:
        super().__init__(message)
        self.user = user
        self.log = log


def ask(construct: Construct, facts: Facts, part: Part) -> tuple[Part, Answer]:
    """Return part with all that its constructor asked for and declared, and the constructor's answer; Refused."""
    while True:
        answer = construct(part)
        if answer["ok"]:
            declared = cast("Mapping[str, str | None]", answer.get("sources", {}))
            return facts.declared(part, declared), answer
        if answer["kind"] != "needs":
            raise Refused(str(answer["message"]), user=answer["kind"] == "user", log=str(answer.get("log", "")))
        part = facts.added(part, cast("Need", answer["needs"]))
