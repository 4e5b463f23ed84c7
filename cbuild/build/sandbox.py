"""One part, one container: no network, a read-only root, and of the other parts only those referred to."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self, cast

from cbuild.base import Base
from cbuild.build import damage
from cbuild.build.excerpt import advice, excerpt, tail
from cbuild.build.growing import opened
from cbuild.build.room import check_room
from cbuild.build.runs import label
from cbuild.build.surroundings import USER, Surroundings
from cbuild.build.trees import Inherited, link, make_directory, tree
from cbuild.canonical import canonical_json, hex_of, sha256_bytes
from cbuild.engine.api import ContainerSpec, Engine, LoadableImage, Mount
from cbuild.errors import PartError
from cbuild.image.layout import Layout
from cbuild.layer.tar import EPOCH
from cbuild.layer.write import write_layer
from cbuild.plan.key import CPU_BASELINE
from cbuild.plan.part import Part, RecipeUse
from cbuild.plan.resolve import DIRECTORY
from cbuild.recipe import code
from cbuild.recipe.registry import COMPATIBLE
from cbuild.source import Fetched
from cbuild.state.home import Home
from cbuild.state.results import Result

SITE = "site"
"""The directory of a recipe's distributions in their layer (recipes.distributions)."""

EVERYBODYS = ("bin", "parts", "eggs", "develop-eggs")
"""Directories that are there for every part, as buildout makes them, unless `[buildout]` moves them."""

BUILDER = "builder"
"""The file of a scratch directory that says for which builder it is."""

ENVIRONMENT = {
    "CBUILD_BUILD": "/build",
    "CBUILD_LINT": "/log/lint",
    "CBUILD_MARCH": CPU_BASELINE,
    "HOME": "/build",
    "LC_ALL": "C.UTF-8",
    "PATH": "/usr/lib/cbuild/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "PERL_HASH_SEED": "0",
    # What is imported after it was installed must not get bytecode with the time of day in it.
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "SOURCE_DATE_EPOCH": str(EPOCH),
    "TZ": "UTC",
}

_START = "import sys; sys.path.insert(0, '/run/cbuild/code'); from cbuild.recipe.run import main; main()"
# Not -I: it ignores PYTHONHASHSEED, too.
RUN = f'exec python3 -P -s -B -c "{_START}" /run/cbuild/job.json /log/result.json >/log/log 2>&1'
"""The shell command that does one task."""


@dataclass(frozen=True)
class Task:
    """What a sandbox has to do.

    action: install or construct. facts: what the recipe may know (see cbuild.recipe.run). sources: URL as the options
    have it, to the file. layers: diff_ids of the parts that are to be there. make_jobs: as make's -j, 0 for the
    sandbox's own. site: diff_ids of what the recipe is imported from (cbuild.build.site). background: it lets tasks
    that aren't go first.
    """

    part: str
    action: str
    recipe: RecipeUse
    facts: Mapping[str, object]
    sources: Mapping[str, Fetched]
    develop: Sequence[Fetched]
    layers: Sequence[str]
    make_jobs: int = 0
    site: Sequence[str] = ()
    background: bool = False

    @property
    def directories(self) -> list[Path]:
        """Return the directories that are there for every part, relative to the buildout directory."""
        sections = cast("Mapping[str, Mapping[str, str]]", self.facts["sections"])
        buildout = sections.get("buildout", {})
        named = [Path(buildout.get(f"{name}-directory", f"{DIRECTORY}/{name}")) for name in EVERYBODYS]
        return [
            path.relative_to(DIRECTORY) for path in named if path.is_relative_to(DIRECTORY) and ".." not in path.parts
        ]

    @classmethod
    def install(
        cls, part: Part, sources: Mapping[str, Fetched], develop: Sequence[Fetched], layers: Sequence[str]
    ) -> Task:
        """Return the task that installs part."""
        return cls(part.name, "install", part.recipe, _facts(part), sources, develop, layers)

    @classmethod
    def construct(cls, part: Part, sources: Mapping[str, Fetched], develop: Sequence[Fetched]) -> Task:
        """Return the task that runs the constructor of part alone."""
        return cls(part.name, "construct", part.recipe, _facts(part), sources, develop, ())


def _facts(part: Part) -> dict[str, object]:
    return {
        "absent": part.absent,
        "distributions": {name: [one.fact for one in found] for name, found in part.distributions.items()},
        "names": part.names,
        "parsed": part.parsed,
        "sections": {**part.visible, part.name: part.given},
    }


class NeedsMore(Exception):  # noqa: N818 - it is no mistake
    """A recipe ended because it needs something (cbuild.recipe.needs): result is its document."""

    def __init__(self, result: Mapping[str, object]) -> None:
        super().__init__(result["message"])
        self.result = result


class Sandbox:
    """Runs tasks in containers of the builder image.

    run: this run's name, unique on the machine. make_jobs: for tasks that don't say. store: where layers go, the
    home's own if it is None.
    """

    def __init__(
        self,
        engine: Engine,
        home: Home,
        builder: Base,
        run: str,
        make_jobs: int,
        surroundings: Surroundings | None = None,
        store: Layout | None = None,
    ) -> None:
        self._engine = engine
        self._home = home
        self._builder = builder
        self.run = run
        self._around = surroundings or Surroundings()
        self._store = store or Layout(home.oci)
        self._make_jobs = make_jobs

    def load(self) -> None:
        """Hand the builder's image to the engine, if it lacks it."""
        if not self._engine.has_image(self._builder.digest):
            reference = f"localhost/cbuild/builder:{hex_of(self._builder.digest)[:12]}"
            image = LoadableImage(self._builder.config, self._builder.layers, reference)
            damage.load(self._engine, Layout(self._home.oci), image)

    def install(self, task: Task, log: Path, *, keep: bool) -> Result:
        """Install a part and store its layer. The log ends up at log; meanwhile it is what growing_log says.

        PartError when the recipe fails; with keep the scratch directory stays for a look. NeedsMore when it asks.
        HostError (``disk-full``) when it fails and the store's file system has no room left.
        """
        at, started = time.time(), time.monotonic()
        with Scratch(self._home.scratch(self.run, task.part), keep=keep, user=self._around.user) as scratch:
            scratch.note(self._builder.digest)
            inherited = scratch.fill((tree(self._home, layer, self.run) for layer in task.layers), task.directories)
            result = self._perform(task, scratch, log, keep=keep)
            found: list[str] = []
            layer = write_layer(self._store, scratch.opt, DIRECTORY, inherited, found.append)
            lints = (*scratch.lints(), *found)
        seconds = round(time.monotonic() - started, 3)
        return Result(layer, tuple(result["paths"]), seconds, lints, self.run, round(at, 3))

    def growing_log(self, part: str) -> Path:
        """Return where the log of a part is while it is being installed."""
        return self._home.scratch(self.run, part) / "log" / "log"

    def site(self, task: Task) -> list[Path]:
        """Return the directories that the task's recipe is imported from, unpacked."""
        return [tree(self._home, layer, self.run) / DIRECTORY.strip("/") / SITE for layer in task.site]

    def _perform(self, task: Task, scratch: Scratch, log: Path, *, keep: bool) -> dict[str, list[str]]:
        try:
            exit_code = self._run_container(task, scratch)
            result = scratch.result()
        finally:
            scratch.keep_log(log)
        if result.get("kind") == "needs":
            raise NeedsMore(result)
        if exit_code or not result.get("ok"):
            check_room(self._home.work, task.part)
            raise _failed(task.part, result, exit_code, log, keep=keep)
        return {"paths": list(result["paths"])}  # type: ignore[call-overload]  # the runner's own document

    def _run_container(self, task: Task, scratch: Scratch) -> int:
        scratch.write_job(task, self.site(task))
        for name, text in self._around.files.items():
            (scratch.job / name).write_text(text)
        container = self._engine.create(self.spec(task.part, scratch, task.make_jobs, background=task.background))
        try:
            self._engine.start(container)
            return self._engine.wait(container)
        finally:
            self._engine.remove(container)

    def spec(self, part: str, scratch: Scratch, make_jobs: int = 0, *, background: bool = False) -> ContainerSpec:
        """Return the container in which part is installed; make_jobs and background as in Task."""
        user = self._around.user
        make_flags = f"-j{make_jobs or self._make_jobs}"
        return ContainerSpec(
            name=f"cbuild-{self.run}-{_plain(part)}",
            image=self._builder.digest,
            command=("/bin/sh", "-c", self._around.prelude + RUN),
            environment=ENVIRONMENT | {"MAKEFLAGS": make_flags, **self._around.environment},
            user=f"{user}:{user}",
            workdir="/build",
            hostname=self._around.hostname,
            mounts=(
                Mount(scratch.opt, DIRECTORY, read_only=False),
                Mount(scratch.build, "/build", read_only=False),
                Mount(scratch.log, "/log", read_only=False),
                Mount(scratch.job, "/run/cbuild"),
                *(Mount(scratch.job / name, target) for name, target in self._around.over.items()),
            ),
            tmpfs={"/tmp": "rw,exec,nosuid,nodev,mode=1777"},  # noqa: S108 - a mount in the container
            labels=label(self._home) | {"cbuild.run": self.run, "cbuild.part": part},
            background=background,
        )


class Scratch:
    """The directories of one task on the host, removed afterwards unless it failed and keep is set.

    user: whose the directories are that the builder writes to.
    """

    def __init__(self, root: Path, *, keep: bool, user: int = USER) -> None:
        self.root = root
        self._keep = keep
        self._user = user
        self.opt, self.build, self.job, self.log = (root / name for name in ("opt", "build", "job", "log"))

    def __enter__(self) -> Self:
        """Make the directories, empty; compiling and logging are the builder's user's."""
        shutil.rmtree(self.root, ignore_errors=True)
        for path in (self.opt, self.build, self.job, self.log):
            path.mkdir(parents=True)
        for path in (self.build, self.log):
            os.chown(path, self._user, self._user)
        return self

    def __exit__(self, kind: object, *rest: object) -> None:
        """Remove the directories, unless a failed part's are to be kept."""
        if not (self._keep and kind is PartError):
            shutil.rmtree(self.root, ignore_errors=True)

    def note(self, builder: str) -> None:
        """Keep which builder this is for, by digest: see cbuild.build.reopen."""
        (self.root / BUILDER).write_text(builder, encoding="ascii")

    def empty(self, *others: Path, keep: Sequence[str] = ()) -> None:
        """Remove what is in the directories, and in others; keep: names that stay."""
        for directory in (self.opt, self.build, self.job, self.log, *others):
            for path in directory.iterdir():
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                elif path.name not in keep:
                    path.unlink()

    def fill(self, trees: Iterable[Path], directories: Iterable[Path]) -> Inherited:
        """Link other parts' files into opt, add everybody's directories; return what is there now."""
        # A process that an earlier question left behind can't change what is made in a directory of root's; so what is
        # deepest becomes the builder's first.
        os.chown(self.opt, 0, 0)
        inherited = link((root / DIRECTORY.strip("/") for root in trees), self.opt, self._user)
        made = dict.fromkeys(path for each in directories for path in (*reversed(each.parents[:-1]), each))
        for path in made:
            make_directory(self.opt / path, self.opt, inherited)
        for path in (*reversed(made), Path()):
            os.chown(self.opt / path, self._user, self._user, follow_symlinks=False)
        return inherited

    def write_job(self, task: Task, site: Sequence[Path]) -> None:
        """Write job.json, the code, the sources, and what the recipe is imported from."""
        use = task.recipe
        if site:
            link(site, self.job / "site", 0)
        recipe: dict[str, object] = {
            "develop": [self._put(file) for file in task.develop],
            "extensions": use.extensions,
            "requirements": use.requirements,
            "site": "/run/cbuild/site" if site else "",
            "spec": use.spec,
        }
        if use.module:
            recipe = {"module": use.module, "attribute": use.attribute, "compatible": COMPATIBLE in use.modules}
        job = {
            "action": task.action, "directory": DIRECTORY, "part": task.part, "recipe": recipe, **task.facts,
            "sources": {url: self._put(file) for url, file in task.sources.items()},
        }  # fmt: skip
        code.copy(self.job / "code", code.RUNNER, *use.modules)
        (self.job / "job.json").write_bytes(canonical_json(job))

    def _put(self, file: Fetched) -> str:
        """Put a source where the builder sees it, under its own name; return the path there."""
        directory = self.job / "sources" / file.sha256.rpartition(":")[2][:16]
        target = directory / (file.request.filename or file.path.name)
        if not target.exists():
            directory.mkdir(parents=True, exist_ok=True)
            try:
                os.link(file.path, target)
            except OSError:
                shutil.copyfile(file.path, target)
            target.chmod(0o644)
        return f"/run/cbuild/{target.relative_to(self.job)}"

    def result(self) -> dict[str, object]:
        """Return the result document, or one that says that there is none."""
        try:
            found: dict[str, object] = json.loads(_written(self.log / "result.json") or b"")
        except ValueError:
            return {"ok": False, "kind": "exception", "message": "the builder ended without a result"}
        return found

    def lints(self) -> tuple[str, ...]:
        """Return what the compiler wrapper had to change, each thing once."""
        text = (_written(self.log / "lint") or b"").decode(errors="replace")
        return tuple(sorted(set(text.splitlines())))

    def last_words(self) -> str:
        """Return the end of the log."""
        return tail((_written(self.log / "log") or b"").decode(errors="replace"))

    def keep_log(self, log: Path) -> None:
        """Move the log to where it is kept."""
        if (text := _written(self.log / "log")) is not None:
            log.parent.mkdir(parents=True, exist_ok=True)
            log.write_bytes(text)


def _written(path: Path) -> bytes | None:
    """Return what the builder wrote to path; None if it is no plain file."""
    stream = opened(path)
    if stream is None:
        return None
    with stream:
        return stream.read()


def _plain(part: str) -> str:
    """Return a name for the part's container: engines take ASCII, and no two parts may share one."""
    readable = re.sub(r"[^A-Za-z0-9_.-]", "_", part)[:40]
    return f"{readable}-{sha256_bytes(part.encode())[7:15]}"


def _failed(part: str, result: Mapping[str, object], exit_code: int, log: Path, *, keep: bool) -> PartError:
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    message = result.get("message") or f"the builder ended with exit code {exit_code}"
    return PartError(
        f"The part {part} failed: {message}",
        details=excerpt(text),
        resolution=advice(text)
        + f"The whole log: {log} (`cbuild logs {part}`). What was built is kept; the next run goes on there. "
        + ("" if keep else "With --keep-failed, ")
        + f"`cbuild shell {part}` opens the builder as it is now.",
        section=part,
    )
