"""CBUILD_HOME: where everything that cbuild keeps lies on disk."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from pathlib import Path

from cbuild.errors import UsageError

BOOT = Path("/proc/sys/kernel/random/boot_id")
SCRATCH = ".part"
"""How the names of scratch directories end: a part may be called `lock`, as a file of a run's own is."""


@dataclass(frozen=True)
class Home:
    """The store's directories below root; each is made by whoever writes there first."""

    root: Path

    @classmethod
    def default(cls) -> Home:
        """Return $CBUILD_HOME, else $XDG_DATA_HOME/cbuild, else ~/.local/share/cbuild.

        UsageError (``bad-home``) if it isn't there and can't be made.
        """
        configured = os.environ.get("CBUILD_HOME")
        data = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
        root = Path(configured).absolute() if configured else Path(data) / "cbuild"
        try:
            root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(
                f"The store {root} can't be made: {error.strerror}.",
                reason="bad-home",
                resolution="Set CBUILD_HOME to a directory that you may write to.",
            ) from error
        return cls(root)

    @property
    def oci(self) -> Path:
        """Return the OCI image layout with every layer, config and manifest."""
        return self.root / "oci"

    @property
    def sources(self) -> Path:
        """Return the content-addressed store of fetched sources."""
        return self.root / "sources"

    @property
    def keys(self) -> Path:
        """Return the key documents, ``<hex of key>.json``."""
        return self.root / "keys"

    @property
    def results(self) -> Path:
        """Return what each key gave, ``<hex of key>.json``: layer, size, references."""
        return self.root / "results"

    @property
    def trees(self) -> Path:
        """Return the unpacked layers, ``<hex of diff_id>/``, read-only, to be seen by other parts' builders.

        A directory for each boot of the machine: their thousands of files aren't synced to disk one by one, so what a
        crash left of them is not believed. They are on work's file system whichever that is: hard links lead there.
        """
        return self.work / "trees" / boot_id()

    @property
    def answers(self) -> Path:
        """Return what recipe constructors that ran in a builder answered, by key."""
        return self.root / "answers"

    @property
    def logs(self) -> Path:
        """Return the logs of part builds, ``<hex of key>.log``."""
        return self.root / "logs"

    @property
    def failures(self) -> Path:
        """Return what is known of keys that failed when they were last tried, ``<hex of key>.json``."""
        return self.root / "failures"

    @property
    def work(self) -> Path:
        """Return the scratch directories of builds that are running or were kept after a failure, and ``trees``."""
        return self.root / "work"

    def scratch(self, run: str, part: str) -> Path:
        """Return the scratch directory of a part in a run; both may be patterns of glob."""
        return self.work / run / f"{file_name(part)}{SCRATCH}"

    @property
    def seconds(self) -> Path:
        """Return how long parts took when they were last installed, see cbuild.state.seconds."""
        return self.root / "seconds"

    @property
    def roots(self) -> Path:
        """Return the list of the state files that refer to this store, see cbuild.state.roots."""
        return self.root / "roots"

    @property
    def locks(self) -> Path:
        """Return the files that processes lock which share this store."""
        return self.root / "locks"

    @property
    def bases(self) -> Path:
        """Return the records of base images that were built here."""
        return self.root / "bases"

    @property
    def instances(self) -> Path:
        """Return the desired state and the data of instances."""
        return self.root / "instances"

    @property
    def podman(self) -> Path:
        """Return the configuration and storage of the private Podman service."""
        return self.root / "podman"


def parts_in(run: Path) -> list[str]:
    """Return the parts of which there is a scratch directory in the directory of a run, sorted."""
    names = (path.name.removesuffix(SCRATCH) for path in run.glob(f"*{SCRATCH}"))
    return sorted(name.replace("%2F", "/").replace("%25", "%") for name in names)


def file_name(part: str) -> str:
    """Return a file's name for a part, another one for each; a part's own may have slashes (``ZODB/scripts``)."""
    return part.replace("%", "%25").replace("/", "%2F")


@functools.cache
def boot_id() -> str:
    """Return what names this boot of the machine (proc_sys_kernel(5)), ``0`` where there is no such thing."""
    try:
        return BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return "0"
