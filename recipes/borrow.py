"""Building in another part's directory: its files are lent, root owns them, and a build may want to change them."""

from __future__ import annotations

import filecmp
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def borrowed(directory: Path, aside: Path) -> Iterator[None]:
    """Put writable copies in the place of what can't be written below directory; give back what wasn't changed.

    What is given back is the very file that was lent, so that only changed and new files are this part's (and get into
    its layer). aside: where the lent files are meanwhile, on the same file system. After a failure they stay there.
    """
    aside.mkdir(parents=True)
    lent = {aside / str(number): path for number, path in enumerate(_unwritable(directory))}
    for kept, path in lent.items():
        path.rename(kept)
        shutil.copy2(kept, path)
        path.chmod(path.stat().st_mode | 0o200)
    yield
    for kept, path in lent.items():
        if _unchanged(kept, path):
            kept.replace(path)
        else:
            kept.unlink()
    aside.rmdir()


def _unwritable(directory: Path) -> list[Path]:
    found = []
    for parent, _, names in os.walk(directory):
        found += [Path(parent, name) for name in names]
    return sorted(path for path in found if path.is_file() and not path.is_symlink() and not os.access(path, os.W_OK))


def _unchanged(kept: Path, path: Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    executable = bool(kept.stat().st_mode & 0o100) == bool(path.stat().st_mode & 0o100)
    return executable and filecmp.cmp(kept, path, shallow=False)
