"""Keys, the store, and building what the store lacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from cbuild.base import Base
from cbuild.build.outcome import Failures
from cbuild.engine.api import Engine
from cbuild.events import Report
from cbuild.plan.key import Document, document, key_of
from cbuild.plan.part import Part, Plan
from cbuild.source import Fetched, Request
from cbuild.state.home import Home
from cbuild.state.results import Result, Results

if TYPE_CHECKING:
    from cbuild.build.late import Late
    from cbuild.build.sandbox import Sandbox, Task
    from cbuild.build.site import Sites

UNBUILT = "not built yet"


@dataclass(frozen=True)
class Built:
    """A part that is in the store: its key, what the key gave, and whether this run installed it."""

    key: str
    result: Result
    fresh: bool


class Progress(Protocol):
    """Is told of parts while they are being installed; called from several threads, ``finished`` by one at a time."""

    def starting(self, name: str) -> None:
        """Note that a part is about to be installed."""

    def finished(self, name: str, built: Built) -> None:
        """Note that a part is in the store."""


class Parts:
    """Brings every part of a plan into the store.

    sources: URL as the options have it to the fetched file, of all parts. late: finds what recipes ask for while they
    are installed. sites: makes what recipes are imported from.
    """

    def __init__(
        self,
        plan: Plan,
        home: Home,
        builder: Base,
        sources: Mapping[str, Fetched],
        late: Late,
        sites: Sites,
        report: Report,
    ) -> None:
        self._plan = plan
        self._home = home
        self._builder = builder
        self._sources = dict(sources)
        self._late = late
        self._sites = sites
        self._report = report
        self._results = Results(home, report)
        self.built: dict[str, Built] = {}

    def look_up(self) -> list[str]:
        """Take what the store has; return the parts that it lacks, in plan order."""
        missing = []
        for name, part in self._plan.parts.items():
            if all(required in self.built for required in part.requires) and self.cached(part):
                continue
            missing.append(name)
        return missing

    def install(self, missing: list[str], engine: Engine, jobs: int, progress: Progress, *, keep: bool) -> Failures:
        """Install the missing parts side by side; return what failed."""
        from cbuild.build.installing import Installing  # noqa: PLC0415 - all of this is 30 ms of imports that a run
        from cbuild.build.runs import clean, running  # noqa: PLC0415 - with nothing to do need not pay
        from cbuild.build.sandbox import Sandbox  # noqa: PLC0415

        with running(self._home) as run:
            clean(self._home, engine)
            sandbox = Sandbox(engine, self._home, self._builder, run, make_jobs=1)
            sandbox.load()
            installing = Installing(
                self._plan, self, self._home, engine, sandbox, progress, self._report, keep=keep
            )  # fmt: skip
            return installing.run(missing, jobs)

    def document(self, part: Part) -> Document:
        """Return the part's key document; a requirement that the store lacks stands as UNBUILT in it."""
        return self._document(self._whole(part))

    def _document(self, part: Part) -> Document:
        built = self.built
        layers = {name: built[name].result.layer.diff_id if name in built else UNBUILT for name in part.requires}
        sources = {url: found.sha256 for url, found in self._fetched(part).items()}
        return document(part, self._builder.digest, sources, layers)

    def task(self, part: Part, sandbox: Sandbox) -> Task:
        """Return what a sandbox has to do to install part; what it requires is in the store.

        sandbox: makes what the recipe is imported from, unless the store has it.
        """
        from cbuild.build.sandbox import Task  # noqa: PLC0415 - see install

        whole = self._whole(part)
        layers = [self.built[name].result.layer.diff_id for name in whole.requires]
        develop = [self._sources[request.url] for request in whole.recipe.develop]
        task = Task.install(whole, self._fetched(whole), develop, layers)
        return replace(task, site=self._sites.of(whole, sandbox))

    def _whole(self, part: Part) -> Part:
        """Return part with all that its recipe is known to ask for while it is installed."""
        while (need := self._late.need(key_of(self._document(part)))) is not None:
            part = self._late.added(part, need)
        return part

    def source_size(self, part: Part) -> int:
        """Return the bytes of the sources that are known to be part's before anything is installed."""
        return sum(found.path.stat().st_size for found in self._fetched(part).values())

    def _fetched(self, part: Part) -> dict[str, Fetched]:
        return {url: self._source(url, request) for url, request in part.sources.items()}

    def _source(self, url: str, request: Request) -> Fetched:
        found = self._sources.get(url)
        if found is None or request.md5 not in (None, found.md5):
            found = self._sources[url] = self._late.fetch(request)
        return found

    def cached(self, part: Part) -> bool:
        """Take a part from the store, if it is there; what it requires is."""
        key = key_of(self.document(part))
        result = self._results.get(key)
        if result is not None:
            self.built[part.name] = Built(key, result, fresh=False)
        return result is not None

    def store(self, part: Part, details: Document, result: Result) -> None:
        """Keep what installing a part with this key document gave."""
        key = key_of(details)
        self._results.put(key, details, result)
        self.built[part.name] = Built(key, result, fresh=True)

    def learn(self, part: Part, key: str, asked: Mapping[str, object]) -> None:
        """Take note of what part's recipe asked for when it was installed with key."""
        self._late.keep(self._whole(part), key, asked)

    def log(self, key: str) -> Path:
        """Return where the log of installing key is kept."""
        return self._results.log(key)
