"""How long reading and resolving profiles takes: each profile given, and how the time grows with files and options.

    python bench/profile.py [PROFILE.cfg ...]

Times are the best of several runs in this process, in milliseconds, after Python's start and the imports.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from cbuild.errors import ProfileError
from cbuild.profile import Profile, Resolver, annotate, load, with_directory

RUNS = 5


def best(action: Callable[[], object]) -> float:
    """Return the shortest of several runs of action, in milliseconds."""
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return min(times) * 1000


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


def measure(path: Path) -> str:
    """Return a line of the table for the profile at path."""
    profile = load(path)
    options = resolve(profile)
    reading, resolving = best(lambda: load(path)), best(lambda: resolve(profile))
    annotating = best(lambda: annotate(profile))
    return (
        f"{len(profile.files):6} files {len(profile.sections):6} sections {options:6} options"
        f"  load {reading:7.1f}  resolve {resolving:7.1f}  both {reading + resolving:7.1f}  annotate {annotating:7.1f}"
    )


def tree(directory: Path, files: int, options: int) -> Path:
    """Write a profile of so many files, each extending four of the next ones, and so many options in all."""
    for number in range(files):
        below = " ".join(f"p{next_one}.cfg" for next_one in range(number + 1, min(files, number + 5)))
        own = "".join(f"option{index} = ${{s{number}:value}} {index}\n" for index in range(options // files))
        text = f"[buildout]\nextends = {below}\n[s{number}]\nvalue = {number}\n{own}"
        (directory / f"p{number}.cfg").write_text(text, encoding="utf-8")
    return directory / "p0.cfg"


def main() -> None:
    """Print the table."""
    for name in sys.argv[1:]:
        print(f"{measure(Path(name))}   {name}")  # noqa: T201 - a script that prints
    for files, options in ((10, 1000), (100, 1000), (1000, 1000), (10, 10_000), (10, 100_000)):
        with tempfile.TemporaryDirectory() as directory:
            line = measure(tree(Path(directory), files, options))
            print(f"{line}   made: {files} files, {options} options")  # noqa: T201 - a script that prints


if __name__ == "__main__":
    main()
