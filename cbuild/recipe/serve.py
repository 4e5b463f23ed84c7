"""Process 1 of the builder that answers questions: it forks a child for each, so that Python starts once.

``serve.py FIFO MODULE…``: each line of the fifo is a question, which lies where a builder's job always lies; the end of
the fifo is the end. The modules, and what of the standard library recipes use, are imported once, and not by every
question; they are the same files that questions bring.
"""

from __future__ import annotations

import importlib
import os
import shutil
import signal
import sys
from contextlib import suppress
from pathlib import Path

for _name in (
    "ast",
    "configparser",
    "hashlib",
    "json",
    "logging",
    "shlex",
    "subprocess",
    "tarfile",
    "tempfile",
    "typing",
):
    importlib.import_module(_name)

JOB, LOG = Path("/run/cbuild"), Path("/log")


def main() -> None:
    """Answer until the fifo ends."""
    sys.path.insert(0, str(JOB / "code"))
    for name in sys.argv[2:]:
        importlib.import_module(name)
    (LOG / "done").touch()
    with Path(sys.argv[1]).open(encoding="ascii") as questions:
        while questions.readline():
            child = os.fork()
            if not child:
                _answer()
            os.waitpid(child, 0)
            _tidy()
            (LOG / "done").touch()


def _answer() -> None:
    """Do what a builder's command line does (cbuild.build.sandbox.RUN), and end."""
    try:
        for descriptor, path, flags in ((0, "/dev/null", os.O_RDONLY), (1, LOG / "log", os.O_WRONLY | os.O_CREAT)):
            os.dup2(os.open(path, flags, 0o666), descriptor)
        os.dup2(1, 2)
        # The directory of the code is another one of the same name now.
        importlib.invalidate_caches()
        sys.argv = ["-c", str(JOB / "job.json"), str(LOG / "result.json")]
        importlib.import_module("cbuild.recipe.run").main()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def _tidy() -> None:
    """End what a question left running (process 1 is spared), remove what it left in memory."""
    with suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)
    with suppress(ChildProcessError):
        while os.waitpid(-1, 0):
            pass
    for path in Path("/dev/shm").iterdir():  # noqa: S108 - the container's own
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
