"""How long reading and resolving profiles takes: how it grows, beside zc.buildout, and on real profiles.

    python -m bench.profile [PROFILE.cfg ...]

cbuild's times are the best of several runs in this process, after Python's start and the imports; zc.buildout (6.0.1,
in the development dependencies) runs once in a process of its own and is given up after LIMIT seconds. Without
arguments the real profiles are those of the corpus (CBUILD_SHARED), where it is.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from bench.measure import say
from cbuild.cli.main import COLLECT
from cbuild.errors import ProfileError
from cbuild.profile import Profile, Resolver, annotate, load, with_directory

RUNS = 5
LIMIT = 30
"""Seconds for zc.buildout; it takes hours on the largest profiles."""

ROOT = Path(__file__).resolve().parents[1]
REAL = ("component/libgpgme/buildout.cfg", "component/ZODB/buildout.cfg", "software/erp5/software.cfg")
"""A file reached 143 times in all, the largest that zc.buildout reads in 10 s (422 times), and 176 680 times."""


def best(action: Callable[[], object], runs: int = RUNS) -> float:
    """Return the shortest of several runs of action, in seconds."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return min(times)


def resolve(profile: Profile) -> int:
    """Resolve every option of profile; return how many can be."""
    resolver = Resolver(profile, with_directory(), lazy=True)
    count = 0
    for name in profile.sections:
        section = resolver.section(name)
        for option in section:
            with suppress(ProfileError):
                section.stored(option)
                count += 1
    return count


def line(profile: Profile, reading: float, resolving: float) -> str:
    """Return the first columns of a table."""
    options = sum(map(len, profile.sections.values()))
    size = f"{len(profile.files):6} files {options:7} options"
    return f"  {size}  read {reading * 1000:8.1f}  resolve {resolving * 1000:7.1f} ms"


def real(path: Path) -> None:
    """Measure a profile, and zc.buildout on it."""
    profile = load(path)
    reading, resolving = best(lambda: load(path)), best(lambda: resolve(profile))
    annotating = best(lambda: annotate(profile)) * 1000
    other = reference(path, reading, resolving)
    say(f"{line(profile, reading, resolving)}  annotate {annotating:7.1f} ms  {other}")


def reference(path: Path, reading: float, resolving: float) -> str:
    """Return what zc.buildout takes, and how many times as much that is."""
    command = [sys.executable, "-m", "bench.reference", str(path)]
    try:
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        return f"zc.buildout: given up after {LIMIT} s; ratio above {LIMIT / reading:.0f}"
    except subprocess.CalledProcessError as error:
        return f"zc.buildout: {(error.stderr.strip().splitlines() or ['failed'])[-1]}"
    found = json.loads(done.stdout)
    return (
        f"zc.buildout: read {found['read'] * 1000:8.1f}  resolve {found['resolve'] * 1000:7.1f} ms"
        f"  ratio {found['read'] / reading:6.1f} and {found['resolve'] / resolving:5.1f}"
    )


def tree(directory: Path, files: int, options: int, fan: int = 4) -> Path:
    """Write a profile of so many files, each extending fan of the next ones, and so many options in all."""
    for number in range(files):
        below = " ".join(f"p{next_one}.cfg" for next_one in range(number + 1, min(files, number + 1 + fan)))
        own = "".join(f"option{index} = ${{s{number}:value}} {index}\n" for index in range(max(1, options // files)))
        text = f"[buildout]\nparts =\nextends = {below}\n[s{number}]\nvalue = {number}\n{own}"
        (directory / f"p{number}.cfg").write_text(text, encoding="utf-8")
    return directory / "p0.cfg"


def growth(what: str, sizes: tuple[tuple[int, int], ...]) -> None:
    """Measure profiles of (files, options), each with ten times as much of what as the one before."""
    say(f"\nTen times as many {what}; linear is 10")
    before = 0.0
    for files, options in sizes:
        with tempfile.TemporaryDirectory() as directory:
            path = tree(Path(directory), files, options)
            profile = load(path)
            reading, resolving = best(lambda path=path: load(path)), best(lambda profile=profile: resolve(profile))  # type: ignore[misc]
        both = reading + resolving
        say(line(profile, reading, resolving) + (f"  ratio {both / before:5.1f}" if before else ""))
        before = both


STACKS: dict[str, Callable[[int], str]] = {
    "parts": lambda number: f"[s{number}]\nrecipe = x\na = 1\n",
    "parts, each of which refers to the next": lambda number: f"[s{number}]\nrecipe = x\na = ${{s{number + 1}:a}}\n",
    "sections, each of which inherits from the one before": lambda number: (
        f"[s{number + 1}]\n<= s{number}\nb = ${{:a}}\n"
    ),
}


def stacks(sizes: tuple[int, ...]) -> None:
    """Measure profiles of one file whose sections stand on one another: reading, and all that annotate shows."""
    for what, section in STACKS.items():
        say(f"\nTen times as many {what}; linear is 10")
        before = 0.0
        for count in sizes:
            with tempfile.TemporaryDirectory() as directory:
                path = Path(directory, "stack.cfg")
                listed = " ".join(f"s{number}" for number in range(count))
                sections = "".join(map(section, range(count)))
                end = f"[s{count}]\na = 1\n" if "next" in what else "[s0]\na = 1\n"
                path.write_text(
                    f"[buildout]\nparts = {listed if what == 'parts' else ''}\n{sections}{end}", encoding="utf-8"
                )
                profile = load(path)
                reading = best(lambda path=path: load(path), 2)  # type: ignore[misc]
                annotating = best(lambda profile=profile: annotate(profile), 2)  # type: ignore[misc]
            both = reading + annotating
            ratio = f"  ratio {both / before:5.1f}" if before else ""
            say(f"  {count:7} sections  read {reading * 1000:8.1f}  annotate {annotating * 1000:8.1f} ms{ratio}")
            before = both


def beside(sizes: tuple[tuple[int, int], ...]) -> None:
    """Measure profiles whose files are each mentioned once, and zc.buildout on them."""
    say("\nBeside zc.buildout, each file mentioned once")
    for files, options in sizes:
        with tempfile.TemporaryDirectory() as directory:
            real(tree(Path(directory), files, options, fan=1))


def corpus() -> list[Path]:
    """Return the real profiles that are there."""
    shared = Path(os.environ.get("CBUILD_SHARED") or ROOT.parent / "shared")
    paths = [shared / "corpus" / "profiles" / "slapos" / name for name in REAL]
    return [path for path in paths if path.is_file()]


def main() -> None:
    """Print the tables."""
    gc.set_threshold(*COLLECT)  # as the command line does
    growth("files", ((10, 1000), (100, 10_000), (1000, 100_000)))
    growth("options in ten files", ((10, 1000), (10, 10_000), (10, 100_000)))
    stacks((100, 1000, 10_000, 100_000))
    beside(((10, 1000), (100, 1000), (100, 10_000)))
    paths = [Path(name) for name in sys.argv[1:]] or corpus()
    if paths:
        say("\nReal profiles, which reach a file again and again")
    for path in paths:
        real(path)
        say(f"    {path}")


if __name__ == "__main__":
    main()
