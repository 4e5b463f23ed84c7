"""Where instances are kept in CBUILD_HOME, and the locks that keep two cbuilds from changing one at once.

- instances/node.json: the machine's prefix, uids and addresses
- instances/NAME/instance.json: the desired state
- instances/NAME/partitions/NAME-0/applied.json: what was processed last, and its results
- instances/NAME/partitions/NAME-0/process.log: the last processing's output
- instances/NAME/partitions/NAME-0/data: /srv/partition
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cbuild.events import Event, Report, silent
from cbuild.instance import document
from cbuild.instance.document import Instance
from cbuild.state.home import Home
from cbuild.state.use import using


@dataclass(frozen=True)
class PartitionFiles:
    """The files of one partition on the node."""

    root: Path

    @property
    def data(self) -> Path:
        """Return what is /srv/partition inside."""
        return self.root / "data"

    @property
    def applied(self) -> Path:
        """Return the record of the last processing."""
        return self.root / "applied.json"

    @property
    def log(self) -> Path:
        """Return the output of the last processing."""
        return self.root / "process.log"


@dataclass(frozen=True)
class Store:
    """The instances of one CBUILD_HOME."""

    home: Home

    def path(self, name: str) -> Path:
        """Return the document's path."""
        return self.home.instances / name / "instance.json"

    def partition(self, instance: str, name: str) -> PartitionFiles:
        """Return the files of a partition."""
        return PartitionFiles(self.home.instances / instance / "partitions" / name)

    def load(self, name: str) -> Instance | None:
        """Return an instance's document, None if there is no such instance."""
        return document.load(self.path(name))

    def save(self, instance: Instance) -> None:
        """Write an instance's document."""
        document.save(self.path(instance.name), instance)

    def forget(self, name: str) -> None:
        """Remove all that is kept of an instance, data included; the document goes last."""
        directory = self.home.instances / name
        shutil.rmtree(directory / "partitions", ignore_errors=True)
        shutil.rmtree(directory, ignore_errors=False)

    def names(self) -> list[str]:
        """Return the names of all instances, sorted."""
        return sorted(path.parent.name for path in self.home.instances.glob("*/instance.json"))

    def partitions(self, name: str) -> list[str]:
        """Return the names of an instance's partitions, by the directories that they have."""
        return sorted(path.name for path in (self.home.instances / name / "partitions").glob("*"))

    def owner(self, partition: str) -> str | None:
        """Return the name of the instance that a partition belongs to."""
        found = list(self.home.instances.glob(f"*/partitions/{partition}"))
        return found[0].parents[1].name if found else None

    @contextmanager
    def locked(self, name: str, report: Report = silent) -> Iterator[None]:
        """Hold the lock of an instance (or, for ``node``, of the node's record); wait for another cbuild if need be."""
        directory = self.home.instances / ".locks"
        directory.mkdir(parents=True, exist_ok=True)
        with using(self.home), (directory / f"{name}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                report(Event("info", name, f"Another cbuild is changing {name}; waiting for it."))
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield
