"""What is installed: which parts a run takes out, installs or leaves, and the state file that says so.

Decided as buildout decides (LANGUAGE.md INS-4, INS-5), with the key in the place of recorded options and signature:
it covers both, and the layers of the parts that are referred to.
"""

from __future__ import annotations

from pathlib import Path

from cbuild.build.outcome import Action
from cbuild.build.parts import Built, Parts
from cbuild.canonical import hex_of
from cbuild.errors import UsageError
from cbuild.events import Event, Report
from cbuild.image.assemble import Image
from cbuild.layer.write import Layer
from cbuild.plan.part import Part, Plan
from cbuild.state import installed
from cbuild.state.installed import Installed, InstalledPart
from cbuild.state.results import Results


class Record:
    """Announces what happens to each part, and keeps the state file.

    The file is replaced as a whole after each part, so that a kill loses nothing. partial: `install PART…` leaves the
    records of all other parts alone (LANGUAGE.md PRT-8), and them in the image.
    """

    def __init__(
        self, plan: Plan, parts: Parts, before: Installed, path: Path | None, report: Report, *, partial: bool
    ) -> None:
        self._plan = plan
        self._parts = parts
        self._before = before
        self._report = report
        self._others = [part for part in before.parts if part.name not in plan.parts]
        self._kept = self._others if partial else []
        self._actions: dict[str, Action] = {}
        self._gone = {part.name for part in self._others if part not in self._kept}
        self.path = path

    @property
    def removed(self) -> tuple[str, ...]:
        """Return the parts that were installed before and aren't wanted now."""
        return tuple(part.name for part in self._others if part.name in self._gone)

    @property
    def events(self) -> tuple[tuple[Action, str], ...]:
        """Return what happened: what was uninstalled, last recorded first, then the rest in the plan's order."""
        gone = [part.name for part in reversed(self._before.parts) if part.name in self._gone]
        done = [(self._actions[name], name) for name in self._plan.parts if name in self._actions]
        return (*(("uninstalling", name) for name in gone), *done)

    def begin(self) -> None:
        """Announce the parts that aren't wanted, or not as they were; then those that the store has.

        Of a part that refers to one which has to be built first it isn't known yet whether its own key will change.
        """
        built, plan = self._parts.built, self._plan.parts
        for part in reversed(self._before.parts):
            if part.name not in plan:
                changed = part.name in self._gone
            elif part.name in built:
                changed = part.key != built[part.name].key
            else:
                changed = part.options != plan[part.name].options
            if changed:
                self._uninstall(part.name)
        for name in plan:
            if name in built:
                self._announce(name, built[name])

    def starting(self, name: str) -> None:
        """Announce that a part is being installed."""
        before = self._before.part(name)
        if before and name not in self._gone:
            self._uninstall(name)
        self._act("installing", name, f"Installing {name}.", "part-started")

    def finished(self, name: str, built: Built) -> None:
        """Write the state after a part has come into the store; the image is still the one before."""
        if name not in self._actions:
            self._announce(name, built)
        self.interrupt()

    def interrupt(self) -> None:
        """Write what is installed now, not all of it (LANGUAGE.md INS-7)."""
        self._write(self._before.image, self._before.reference, self._before.loaded)

    def finish(self, image: Image, reference: str, loaded: str) -> None:
        """Write the state at the end."""
        self._write(image.digest, reference, loaded)

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

    def _announce(self, name: str, built: Built) -> None:
        """Say of a part whose layer is in the store whether it is the recorded one."""
        before = self._before.part(name)
        if before and before.key == built.key:
            self._act("updating", name, f"Updating {name}.", "part-kept")
            return
        if before and name not in self._gone:
            self._uninstall(name)
        self._act("installing", name, f"Installing {name}. (Its layer is in the store.)", "part-cached")

    def _uninstall(self, name: str) -> None:
        self._gone.add(name)
        self._report(Event("part-uninstalling", name, f"Uninstalling {name}."))

    def _act(self, action: Action, name: str, message: str, kind: str) -> None:
        self._actions[name] = action
        self._report(Event(kind, name, message))

    def _write(self, image: str, reference: str, loaded: str) -> None:
        """Write the state: parts left alone or not reached yet as they were recorded (INS-9), then the plan's."""
        built, plan = self._parts.built, self._plan.parts
        waiting = [part for part in self._before.parts if part.name in plan and part.name not in {*built, *self._gone}]
        now = [_part(part, built[part.name]) for part in plan.values() if part.name in built]
        installed.write(self.path, Installed((*self._kept, *waiting, *now), image, reference, loaded))


def _part(part: Part, built: Built) -> InstalledPart:
    layer = built.result.layer.diff_id
    return InstalledPart(part.name, part.options, built.result.paths, _signature(part), built.key, layer)


def _signature(part: Part) -> str:
    """Return what stands for the recipe's code: its distributions, as in buildout (INS-13), or a digest."""
    requirement = part.recipe.spec.partition(":")[0].strip()
    eggs = [one.egg for one in part.origin]
    if requirement not in part.recipe.requirements:
        eggs.append(f"{part.recipe.module or requirement}-{hex_of(part.recipe.code)[:16]}")
    return " ".join(sorted(eggs))
