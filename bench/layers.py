"""Writing a layer into the store beside `tar cf - | sha256sum` of the same tree, which neither stores nor scans."""

from __future__ import annotations

import random
import subprocess
import tempfile
from pathlib import Path

from bench.measure import in_turns, show
from cbuild.image.layout import Layout
from cbuild.layer.write import write_layer

ROUNDS = 7
PREFIX = "/opt/cbuild"
BIG = (4, 128 << 20)
SMALL = (20_000, 4096)


def layers() -> None:
    """Measure a tree of a few big files and one of many small ones."""
    with tempfile.TemporaryDirectory(prefix="cbuild-bench-") as directory:
        for name, (count, size) in {"few big files": BIG, "many small files": SMALL}.items():
            tree = Path(directory, name.replace(" ", "-"))
            _fill(tree, count, size)
            _compare(f"A layer of {name}: {count} of {size} bytes", tree, Path(directory, "store"), count * size)


def _compare(title: str, tree: Path, store: Path, size: int) -> None:
    def ours(number: int) -> None:
        # A layout of its own each time: a blob that is there already would not be written.
        write_layer(Layout(store / f"{tree.name}-{number}"), tree, PREFIX, {})

    def stored(number: int) -> None:
        target = store / f"peer-{tree.name}-{number}.tar"
        store.mkdir(exist_ok=True)
        _shell(f"tar cf - {tree} 2>/dev/null | tee {target} | sha256sum && sync {target}")
        target.unlink()

    def hashed(_: int) -> None:
        _shell(f"tar cf - {tree} 2>/dev/null | sha256sum")

    contenders = [
        ("tar cf - | sha256sum", hashed),
        ("tar cf - | tee FILE | sha256sum, sync", stored),
        ("cbuild: tar, hash, scan, store, sync", ours),
    ]
    show(title, in_turns(contenders, ROUNDS), size)


def _fill(tree: Path, count: int, size: int) -> None:
    """Write files of random bytes, in directories of a hundred."""
    source = random.Random(1)  # noqa: S311 - data, not secrets
    for number in range(count):
        path = tree / "parts" / "bench" / f"{number // 100:03}" / f"{number:05}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(source.randbytes(size))


def _shell(command: str) -> None:
    subprocess.run(command, shell=True, check=True, stdout=subprocess.DEVNULL)  # noqa: S602 - the peer is a pipeline
