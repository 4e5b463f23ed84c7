"""`cbuild software`: profile to plan to layers to image."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

from cbuild.build import damage, picked
from cbuild.build.alone import Alone
from cbuild.build.failed import failed
from cbuild.build.outcome import ImageOutcome, Outcome, PartOutcome, Settings, Status
from cbuild.build.parts import Parts
from cbuild.build.prepare import Prepared, prepare
from cbuild.build.record import Record
from cbuild.build.rehearsal import rehearse
from cbuild.build.room import telling_of_a_full_disk
from cbuild.canonical import hex_of
from cbuild.engine.api import Engine
from cbuild.engine.select import connect
from cbuild.events import Event, Report
from cbuild.image.assemble import Image, assemble, members
from cbuild.image.conflicts import check
from cbuild.image.export import export
from cbuild.image.layout import Layout
from cbuild.image.load import loadable
from cbuild.layer.write import Layer
from cbuild.plan.part import Part
from cbuild.profile import Profile
from cbuild.state import installed, roots, use
from cbuild.state.home import Home
from cbuild.state.installed import Installed
from cbuild.state.results import Results


class Software:
    """One run over one profile.

    name: of the image (``localhost/NAME``). Everything that can fail cheaply fails before an engine is asked.
    """

    def __init__(self, profile: Profile, name: str, home: Home, settings: Settings, report: Report) -> None:
        self._profile = profile
        self._name = name
        self._home = home
        self._settings = settings
        self._report = report
        self._layout = Layout(home.oci)
        self._connected = ""
        self._began = time.time()

    def run(self) -> Outcome:
        """Build what has to be built and return the outcome; PartError when parts failed, after all others are done.

        HostError ``disk-full`` and ``store-damaged``; other errors as prepare has them.
        """
        with telling_of_a_full_disk(self._home.root):
            return self._run()

    def _run(self) -> Outcome:
        started = time.monotonic()
        with use.using(self._home, lambda: self._report(Event("waiting", "gc", "Waiting for cbuild gc."))):
            return self._build(started)

    def _build(self, started: float) -> Outcome:
        settings = self._settings
        ready = prepare(
            self._profile,
            self._home,
            self._engine,
            self._report,
            only=settings.only,
            locked=settings.locked,
            renew=settings.renew,
        )
        if ready.option("dry-run") == "true":
            return rehearse(ready, self._report, started, partial=bool(settings.only))
        roots.note(self._home, ready.state_path)
        with self._writing(ready.state_path):
            # Who waited there finds in the store what the other one has built meanwhile.
            return self._perform(replace(ready, state=installed.read(ready.state_path)), started)

    def _writing(self, state: Path | None) -> AbstractContextManager[None]:
        """Let one cbuild at a time write a state file."""
        if state is None:
            return nullcontext()
        waiting = f"Waiting for another cbuild that writes {state}."
        return Alone(self._home, self._report).at(f"state {state.resolve()}", str(state), waiting)

    def _perform(self, ready: Prepared, started: float) -> Outcome:
        settings = self._settings
        record = Record(
            ready.plan, ready.parts, ready.state, ready.state_path, self._report, partial=bool(settings.only)
        )
        record.begin()
        if ready.missing:
            self._install(ready, record)
        self._tell_picked(ready)
        layers = record.layers(Results(self._home))
        inside = self._inside(ready, layers)
        image = self._assemble(ready, {name: layers[name] for name in inside})
        reference = f"localhost/{self._name}:{hex_of(image.digest)[:12]}"
        self._layout.tag(reference, image.digest)
        # buildout installs nothing when there are no parts; nobody runs an image without any.
        loaded = self._hand_over(image, reference, ready.state) if layers else ""
        record.finish(image, reference, loaded)
        return Outcome(
            ImageOutcome(reference, image.digest, image.config, image.size),
            tuple(
                self._part_outcome(part, ready.parts, in_image=part.name in inside)
                for part in ready.plan.parts.values()
            ),
            record.removed,
            record.events,
            self._profile.name,
            record.path,
            self._connected,
            round(time.monotonic() - started, 3),
            unchanged=image.digest == ready.state.image,
        )

    @functools.cached_property
    def _engine(self) -> Callable[[], Engine]:
        def first_time() -> Engine:
            engine = connect(self._settings.engine, self._home, self._report)
            self._connected = engine.name
            return engine

        return functools.cache(first_time)

    def _install(self, ready: Prepared, record: Record) -> None:
        settings = self._settings
        self._warn(ready)
        failures = ready.parts.install(
            list(ready.missing), self._engine(), settings.jobs, record, keep=settings.keep_failed
        )
        if failures.errors:
            record.interrupt()
            raise failed(failures, self._profile)

    def _warn(self, ready: Prepared) -> None:
        """Say which options of what is going to be installed nobody uses."""
        from cbuild.plan.unused import unused  # noqa: PLC0415 - a run with nothing to do doesn't need it

        parts = ready.plan.parts
        for found in unused(self._profile, [parts[name] for name in ready.missing], parts.values()):
            where = f" ({found.place})" if found.place else ""
            message = f"Nothing uses the option {found.option} of [{found.part}]{where}. {found.hint}".rstrip()
            self._report(Event("warning", found.part, message))

    def _tell_picked(self, ready: Prepared) -> None:
        if ready.option("show-picked-versions") == "true":
            picked.show(ready.picked, self._report)
        if name := ready.option("update-versions-file"):
            picked.pin(ready.picked, self._profile.directory / name)

    def _inside(self, ready: Prepared, layers: Mapping[str, Layer]) -> list[str]:
        """Return the parts that belong to the image, in the order of layers."""
        if ready.option("keep-all-parts") == "true":
            return list(layers)
        asked = [*ready.plan.wanted, *ready.option("parts").split()]
        return members([name for name in asked if name in layers], layers)

    def _assemble(self, ready: Prepared, layers: Mapping[str, Layer]) -> Image:
        # Of a part that only its record knows, what it refers to isn't known; it was checked when it was built.
        parts = ready.plan.parts
        check(self._layout, layers, {name: parts[name].requires if name in parts else tuple(layers) for name in layers})
        base_config = self._layout.read_json(ready.runtime.digest)
        return assemble(self._layout, base_config, [layer.diff_id for layer in ready.runtime.layers], layers)

    def _hand_over(self, image: Image, reference: str, state: Installed) -> str:
        """Give the image to the engine unless the state file says that it has it; return the engine's name."""
        settings = self._settings
        if settings.output:
            export(self._layout, image.digest, reference, settings.output)
        known = state.loaded if state.image == image.digest else ""
        if not settings.load or (known and not settings.tag and settings.engine in (None, "auto", known)):
            return known
        engine = self._engine()
        for name in filter(None, (reference, settings.tag)):
            self._report(Event("loading", name, f"Loading {name} into {engine.name}."))
            damage.load(engine, self._layout, loadable(self._layout, image.digest, name))
        return engine.name

    def _part_outcome(self, part: Part, parts: Parts, *, in_image: bool) -> PartOutcome:
        built = parts.built[part.name]
        layer = built.result.layer
        status: Status = "built" if built.fresh else "cached"
        return PartOutcome(
            part.name, status, built.key, layer.diff_id, layer.size, built.result.seconds, in_image, part.requires,
            round(built.result.started - self._began, 3) if built.fresh else None,
        )  # fmt: skip
