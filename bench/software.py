"""`cbuild software` beside `docker build` of an equal Dockerfile: nothing to do, one of twenty parts changed."""

from __future__ import annotations

import time
from pathlib import Path

from bench.measure import in_turns, say, show
from bench.site import Site

PARTS = 20
CHANGED = 5
MANY = 200
ROUNDS = 9
ROUNDS_CHANGED = 5

# About 0.2 s of work: a program compiled, and some files beside it. `%` stands for the part, `@` for its version.
WORK = (
    "mkdir -p /opt/cbuild/parts/% && cd /opt/cbuild/parts/% &&"
    " echo 'int main(void) { return @; }' >main.c && gcc -O2 -o main main.c &&"
    " for i in 1 2 3 4 5 6 7 8; do cp main.c file$i; done"
)


def names(count: int) -> list[str]:
    """Return the names of the parts."""
    return [f"part{number:03}" for number in range(1, count + 1)]


def work(name: str, version: int) -> str:
    """Return the shell command that makes a part."""
    return WORK.replace("%", name).replace("@", str(version))


def profile(directory: Path, count: int, changed: int = 0) -> None:
    """Write software.cfg with independent parts; changed is the version of the fifth."""
    texts = [f"[buildout]\nparts = {' '.join(names(count))}\n"]
    for number, name in enumerate(names(count), 1):
        command = work(name, changed if number == CHANGED else 0)
        place = f"/opt/cbuild/parts/{name}"
        texts.append(
            f"[{name}]\nrecipe = plone.recipe.command\nstop-on-error = true\ncommand = {command}\nlocation = {place}\n"
        )
    directory.mkdir(exist_ok=True)
    (directory / "software.cfg").write_text("\n".join(texts), encoding="utf-8")


def dockerfile(directory: Path, image: str, count: int, changed: int = 0) -> None:
    """Write the equal Dockerfile: a RUN for each part."""
    steps = [f"RUN {work(name, changed if n == CHANGED else 0)}" for n, name in enumerate(names(count), 1)]
    directory.mkdir(exist_ok=True)
    (directory / "Dockerfile").write_text("\n".join([f"FROM {image}", *steps, ""]), encoding="utf-8")


def build(site: Site, directory: Path) -> None:
    """Run docker build as quietly and as closed off as cbuild builds."""
    site.docker("build", "-q", "--network=none", "-t", "cbuild-bench/peer:1", ".", directory=directory)


def nothing_to_do(site: Site) -> None:
    """Everything is up to date: the whole process, beside docker build with every step cached."""
    ours, theirs = _prepared(site, PARTS)
    started = time.time()
    times = in_turns(
        [
            ("docker build, all cached", lambda _: build(site, theirs)),
            ("cbuild software", lambda _: _unchanged(site, ours)),
        ],
        ROUNDS,
    )
    show(f"Nothing to do: {PARTS} parts, {PARTS} RUN steps", times)
    say(f"  containers created meanwhile: {site.created(started, time.time())}")


def one_changed(site: Site) -> None:
    """Change the fifth of twenty independent parts each round."""
    ours, theirs = _prepared(site, PARTS)
    image = site.builder_image()
    # Versions that no earlier run had: an engine that goes on running still has the steps of that run.
    version = int(time.time()) % 10**9
    counts: dict[str, list[int]] = {"docker": [], "cbuild": []}

    def peer(number: int) -> None:
        dockerfile(theirs, image, PARTS, version + number)
        started = time.time()
        build(site, theirs)
        counts["docker"].append(site.created(started, time.time()))

    def own(number: int) -> None:
        profile(ours, PARTS, version + number)
        started = time.time()
        document = site.cbuild("software", directory=ours)
        built = [part["name"] for part in document["parts"] if part["status"] == "built"]
        if built != [names(PARTS)[CHANGED - 1]]:
            raise AssertionError(f"built {built}")
        counts["cbuild"].append(site.created(started, time.time()))

    times = in_turns([("docker build, steps 5 to 20", peer), ("cbuild software, one part", own)], ROUNDS_CHANGED)
    show(f"One of {PARTS} independent parts changed (with loading the image into the engine)", times)
    say(f"  containers created a run: docker {counts['docker']}, cbuild {counts['cbuild']}")


def many(site: Site) -> None:
    """Two hundred parts with nothing to do; Docker's images end at 127 layers, so that it has no peer here."""
    directory = site.root / "bench-many"
    profile(directory, MANY)
    say(f"\nBuilding {MANY} parts, once …")
    started = time.monotonic()
    site.cbuild("software", directory=directory)
    say(f"  {time.monotonic() - started:.1f} s")
    times = in_turns([(f"cbuild software, {MANY} parts", lambda _: _unchanged(site, directory))], ROUNDS)
    show("Nothing to do: many parts", times)


def _unchanged(site: Site, directory: Path) -> None:
    document = site.cbuild("software", directory=directory)
    if any(part["status"] != "cached" for part in document["parts"]):
        raise AssertionError("something was built")


def _prepared(site: Site, count: int) -> tuple[Path, Path]:
    """Return a project and a Docker context, both built."""
    ours, theirs = site.root / "bench-twenty", site.root / "context"
    profile(ours, count)
    site.cbuild("software", directory=ours)
    dockerfile(theirs, site.builder_image(), count)
    build(site, theirs)
    return ours, theirs
