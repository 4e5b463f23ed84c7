"""The state file during a run: replaced as a whole after each part, so that a kill loses nothing."""

from __future__ import annotations

from pathlib import Path

from cbuild.build.parts import Built, Parts
from cbuild.canonical import hex_of
from cbuild.errors import UsageError
from cbuild.image.assemble import Image
from cbuild.layer.write import Layer
from cbuild.plan.part import Part, Plan
from cbuild.state import installed
from cbuild.state.installed import Installed, InstalledPart
from cbuild.state.results import Results


class Record:
    """Writes what is installed now.

    partial: `install PART…` leaves the records of all other parts alone (LANGUAGE.md PRT-8), and them in the image.
    """

    def __init__(self, plan: Plan, parts: Parts, before: Installed, path: Path | None, *, partial: bool) -> None:
        self._plan = plan
        self._parts = parts
        self._before = before
        self._others = [part for part in before.parts if part.name not in plan.parts]
        self._kept = self._others if partial else []
        self.path = path

    @property
    def removed(self) -> tuple[str, ...]:
        """Return the parts that were installed before and aren't wanted now."""
        return () if self._kept else tuple(part.name for part in self._others)

    def layers(self, results: Results) -> dict[str, Layer]:
        """Return the layer of every part that is installed now, those that this run left alone last."""
        kept = {part.name: results.get(part.key) for part in self._kept}
        gone = [name for name, result in kept.items() if result is None]
        if gone:
            raise UsageError(
                f"The store doesn't have the part {gone[0]}, which is to stay in the image.",
                reason="not-in-store",
                resolution="Build everything: cbuild software",
            )
        built = {name: self._parts.built[name].result for name in self._plan.parts}
        # What a part requires is planned with it, so those left alone can only refer to the others: they go above.
        return {name: result.layer for name, result in (built | kept).items() if result}

    def finished(self, name: str, built: Built) -> None:
        """Write the state after a part was installed; the image is still the one before."""
        del name, built
        self._write(self._before.image, self._before.reference, self._before.loaded)

    def finish(self, image: Image, reference: str, loaded: str) -> None:
        """Write the state at the end."""
        self._write(image.digest, reference, loaded)

    def _write(self, image: str, reference: str, loaded: str) -> None:
        built = self._parts.built
        now = [_part(part, built[part.name]) for part in self._plan.parts.values() if part.name in built]
        installed.write(self.path, Installed((*now, *self._kept), image, reference, loaded))


def _part(part: Part, built: Built) -> InstalledPart:
    signature = f"{part.recipe.module or part.recipe.spec}-{hex_of(part.recipe.code)[:16]}"
    layer = built.result.layer.diff_id
    return InstalledPart(part.name, part.options, built.result.paths, signature, built.key, layer)
