"""`cbuild software`: profile to plan to layers to image, with the state file kept true after every part."""

from __future__ import annotations

import functools
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from cbuild import base
from cbuild.build.construct import Constructors
from cbuild.build.outcome import ImageOutcome, Outcome, PartOutcome, Settings
from cbuild.build.parts import Parts
from cbuild.build.schedule import Failures
from cbuild.canonical import hex_of
from cbuild.engine.api import Engine
from cbuild.engine.select import connect
from cbuild.errors import PartError
from cbuild.events import Event, Report
from cbuild.image.assemble import Image, assemble, members
from cbuild.image.layout import MANIFEST, Descriptor, Layout
from cbuild.image.load import loadable
from cbuild.plan.part import Part, Plan
from cbuild.plan.resolve import DIRECTORY, Planner
from cbuild.profile import Profile
from cbuild.source import Fetched, Lock, Sources
from cbuild.state import installed
from cbuild.state.home import Home
from cbuild.state.installed import Installed, InstalledPart


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
        self._started = time.monotonic()
        self._layout = Layout(home.oci)
        self._engine: Callable[[], Engine] = functools.cache(lambda: connect(settings.engine, home, report))
        self._connected = ""

    def run(self) -> Outcome:
        """Build what has to be built and return the outcome; PartError when parts failed, after all others are done."""
        lock = Lock.load(self._profile.directory / "cbuild.lock")
        sources = self._sources(lock)
        builder = base.ensure(self._option("builder", "builder"), self._home, self._report)
        runtime = base.ensure(self._option("runtime", "runtime"), self._home, self._report)
        constructors = Constructors(self._home, builder, sources, self._engine)
        plan = Planner(self._profile, sources, self._home, builder.digest, constructors).plan(self._settings.only)
        state_path = self._state_path(plan)
        state = installed.read(state_path)
        fetched = self._fetch(plan, sources, lock)
        parts = Parts(plan, self._home, builder, fetched, self._report)
        missing = parts.look_up()
        record = Record(plan, parts, state, state_path)
        failures = self._install(parts, missing, record)
        if failures.errors:
            raise self._failed(failures)
        image = self._assemble(plan, parts, runtime)
        reference = f"localhost/{self._name}:{hex_of(image.digest)[:12]}"
        self._layout.tag(reference, Descriptor(MANIFEST, image.digest, self._layout.blob(image.digest).stat().st_size))
        loaded = self._load(image, reference, state)
        record.finish(image, reference, loaded)
        return self._outcome(plan, parts, image, reference, record)

    def _state_path(self, plan: Plan) -> Path:
        """Return where the state file lies: beside the profile, whatever the buildout directory is in the image."""
        name = plan.buildout.get("installed") or ".installed.cfg"
        return self._profile.directory / name.removeprefix(f"{DIRECTORY}/")

    def _option(self, name: str, default: str) -> str:
        return self._profile.sections.get("buildout", {}).get(name, "").strip() or default

    def _sources(self, lock: Lock) -> Sources:
        cache = self._option("download-cache", "")
        return Sources(
            self._home,
            offline=self._option("offline", "false") == "true",
            download_cache=Path(self._profile.directory, cache) if cache else None,
            mirrors=tuple(self._option("mirrors", "").split()),
            require_checksum=self._option("allow-unchecked-sources", "false") != "true",
            lock=lock,
            locked=self._settings.locked,
            report=self._report,
        )

    def _fetch(self, plan: Plan, sources: Sources, lock: Lock) -> dict[str, Fetched]:
        """Return every source of the plan, by URL as the options have it; develop directories by request."""
        wanted = {url: request for part in plan.parts.values() for url, request in part.sources.items()}
        develop = {request.url: request for part in plan.parts.values() for request in part.recipe.develop}
        requests = wanted | develop
        fetched = dict(zip(requests, sources.fetch_all(list(requests.values())), strict=True))
        lock.save()
        return fetched

    def _install(self, parts: Parts, missing: list[str], record: Record) -> Failures:
        if not missing:
            return Failures({}, ())
        engine = self._engine()
        self._connected = engine.name
        jobs = self._settings.jobs
        return parts.install(missing, engine, jobs, record.finished, keep=self._settings.keep_failed)

    def _failed(self, failures: Failures) -> PartError:
        """Return the first failure; the others and what they stopped stand in its details."""
        first, *others = failures.errors.values()
        for error in others:
            first.details += f"\n\n{error.brief}\n{error.details}\n{error.resolution}"
        if failures.skipped:
            first.details += f"\n\nNot tried, because they need it: {', '.join(failures.skipped)}"
        return first

    def _assemble(self, plan: Plan, parts: Parts, runtime: base.Base) -> Image:
        layers = {name: parts.built[name].result.layer for name in plan.parts}
        chosen = layers if self._option("keep-all-parts", "false") == "true" else members(plan.wanted, layers)
        config = self._layout.read_json(runtime.digest)
        image_layers = {name: layers[name] for name in chosen}
        return assemble(self._layout, config, [layer.diff_id for layer in runtime.layers], image_layers)

    def _load(self, image: Image, reference: str, state: Installed) -> str:
        """Hand the image to the engine unless the state file says that it has it; return the engine's name."""
        if self._settings.output:
            export(self._layout, image, reference, self._settings.output)
        asked = self._settings.engine or "auto"
        if not self._settings.load:
            return state.loaded if state.image == image.digest else ""
        if state.image == image.digest and state.loaded and asked in ("auto", state.loaded) and not self._settings.tag:
            return state.loaded
        engine = self._engine()
        self._connected = engine.name
        for name in filter(None, (reference, self._settings.tag)):
            self._report(Event("loading", name, f"Loading {name} into {engine.name}."))
            engine.load(loadable(self._layout, image.digest, name))
        return engine.name

    def _outcome(self, plan: Plan, parts: Parts, image: Image, reference: str, record: Record) -> Outcome:
        inside = set(members(plan.wanted, {name: parts.built[name].result.layer for name in plan.parts}))
        return Outcome(
            ImageOutcome(reference, image.digest, image.config, image.size),
            tuple(_part_outcome(part, parts, part.name in inside) for part in plan.parts.values()),
            record.removed,
            self._profile.path,
            record.path,
            self._connected,
            round(time.monotonic() - self._started, 3),
        )


class Record:
    """The state file during a run: replaced as a whole after each part, so that a kill loses nothing."""

    def __init__(self, plan: Plan, parts: Parts, before: Installed, path: Path) -> None:
        self._plan = plan
        self._parts = parts
        self._before = before
        self.path = path
        self.removed = tuple(part.name for part in before.parts if part.name not in plan.parts)

    def finished(self, name: str, built: object) -> None:
        """Write the state after a part was installed."""
        del name, built
        installed.write(self.path, self._state(self._before.image, self._before.reference, self._before.loaded))

    def finish(self, image: Image, reference: str, loaded: str) -> None:
        """Write the state at the end."""
        installed.write(self.path, self._state(image.digest, reference, loaded))

    def _state(self, image: str, reference: str, loaded: str) -> Installed:
        parts = [_record(part, self._parts) for part in self._plan.parts.values() if part.name in self._parts.built]
        return Installed(tuple(parts), image, reference, loaded)


def export(layout: Layout, image: Image, reference: str, target: Path) -> None:
    """Write the image to target as an OCI image layout of its own."""
    other = Layout(target)
    manifest = layout.read_json(image.digest)
    entries: list[Mapping[str, str]] = [*manifest["layers"], manifest["config"]]  # type: ignore[misc,list-item]  # image-spec's shape
    for digest in [*(entry["digest"] for entry in entries), image.digest]:
        if not other.has(digest):
            other.blob(digest).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(layout.blob(digest), other.blob(digest))
    other.tag(reference, Descriptor(MANIFEST, image.digest, layout.blob(image.digest).stat().st_size))


def _record(part: Part, parts: Parts) -> InstalledPart:
    built = parts.built[part.name]
    recipe = part.recipe.module or part.recipe.spec
    signature = f"{recipe}-{hex_of(part.recipe.code)[:16]}"
    return InstalledPart(part.name, part.options, built.result.paths, signature, built.key, built.result.layer.diff_id)


def _part_outcome(part: Part, parts: Parts, in_image: bool) -> PartOutcome:
    built = parts.built[part.name]
    return PartOutcome(
        part.name,
        "built" if built.fresh else "cached",
        built.key,
        built.result.layer.diff_id,
        built.result.layer.size,
        built.result.seconds,
        in_image,
        part.requires,
    )
