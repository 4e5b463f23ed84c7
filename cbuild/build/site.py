"""The distributions that a recipe is imported from, unpacked and built once: a layer in the store, in no image."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from cbuild.base import Base
from cbuild.distribution import BUILDOUTS_OWN, Distribution
from cbuild.errors import PartError
from cbuild.plan.key import document, key_of
from cbuild.plan.part import Part, RecipeUse
from cbuild.plan.resolve import DIRECTORY
from cbuild.recipe import code
from cbuild.source import Sources
from cbuild.state.home import Home
from cbuild.state.results import Results

if TYPE_CHECKING:
    from cbuild.build.sandbox import Sandbox

MODULE = "recipes.distributions"
NAME = "distributions of a recipe"
"""In the place of a part's name; no section can be called so."""


class Sites:
    """Makes them in containers; may be used by several threads."""

    def __init__(self, home: Home, builder: Callable[[], Base], sources: Sources) -> None:
        self._builder = builder
        self._sources = sources
        self._results = Results(home)
        self._lock = threading.Lock()

    def of(self, part: Part, sandbox: Sandbox) -> tuple[str, ...]:
        """Return the diff_ids of the layers that part's recipe is imported from, none if it needs none.

        PartError when a distribution can't be built.
        """
        # What buildout runs on is big and the same for nearly all recipes: it is there once.
        own = [one for one in part.origin if one.name in BUILDOUTS_OWN]
        others = [one for one in part.origin if one.name not in BUILDOUTS_OWN]
        with self._lock:
            return tuple(self._layer(_site(group), part.recipe.spec, sandbox) for group in (own, others) if group)

    def _layer(self, site: Part, recipe: str, sandbox: Sandbox) -> str:
        from cbuild.build.sandbox import Task  # noqa: PLC0415 - 30 ms that a run with nothing to do need not pay

        fetched = dict(zip(site.sources, self._sources.fetch_all(site.sources.values()), strict=True))
        details = document(site, self._builder().digest, {url: found.sha256 for url, found in fetched.items()}, {})
        key = key_of(details)
        result = self._results.get(key)
        if result is None:
            try:
                result = sandbox.install(Task.install(site, fetched, [], []), self._results.log(key), keep=False)
            except PartError as error:
                error.brief = error.brief.replace(f"The part {NAME} failed", f"The recipe {recipe} can't be installed")
                raise
            self._results.put(key, details, result)
        return result.layer.diff_id


def _site(distributions: Sequence[Distribution]) -> Part:
    """Return what installs the distributions, as a part that no profile has."""
    use = RecipeUse(code.digest(code.RUNNER, MODULE), MODULE, "Recipe", modules=(MODULE,))
    chosen = [[one.request.url, [tool.request.url for tool in one.build]] for one in distributions]
    given = {"recipe": MODULE, "distributions": json.dumps(chosen)}
    sources = {request.url: request for one in distributions for request in one.requests}
    visible: Mapping[str, Mapping[str, str]] = {"buildout": {"directory": DIRECTORY}}
    return Part(NAME, use, given, given, visible, sources, ())
