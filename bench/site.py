"""Where a benchmark works: a scratch store with the base images, and a dockerd that both contenders use."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cbuild import base
from cbuild.state.home import Home

ROOT = Path(__file__).parents[1]
CBUILD = (sys.executable, "-c", "from cbuild.cli.main import main; main()")
PROJECTS = ("bench-twenty", "bench-many", "bench-partition", "bench-rooted", "bench-stack")
"""Directories of profiles, and so the names of their images."""

START_TIMEOUT = 60
"""Seconds that dockerd may take to answer."""

DOCKERD = ("--bridge=none", "--iptables=false", "--ip6tables=false", "--userland-proxy=false", "--experimental")
"""Nothing is shared with another dockerd on the machine."""


@dataclass(frozen=True)
class Site:
    """A scratch directory, a store (CBUILD_HOME) in it, and the environment that names dockerd and the store."""

    root: Path
    home: Home
    environment: Mapping[str, str]

    def run(self, *command: str, directory: Path | None = None) -> str:
        """Run a command that must succeed; return what it wrote to stdout."""
        done = subprocess.run(
            command, cwd=directory or self.root, env=dict(self.environment), capture_output=True, text=True, check=False
        )
        if done.returncode:
            sys.exit(
                f"{' '.join(command)[:200]}: exit code {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
            )
        return done.stdout

    def cbuild(self, *arguments: str, directory: Path) -> dict[str, Any]:
        """Run cbuild as a whole process; return its JSON document."""
        document: dict[str, Any] = json.loads(self.run(*CBUILD, *arguments, "--json", directory=directory))
        return document

    def docker(self, *arguments: str, directory: Path | None = None) -> str:
        """Run the docker command line; return its output."""
        return self.run("docker", *arguments, directory=directory)

    def created(self, since: float, until: float) -> int:
        """Return how many containers the engine created between two moments (seconds since 1970)."""
        window = ("--since", f"{since:.6f}", "--until", f"{until:.6f}")
        return len(self.docker("events", *window, "--filter", "event=create", "--format", "{{.ID}}").split())

    def forget(self) -> None:
        """Remove the images that benchmarks made from an engine that goes on running."""
        names = self.docker("images", "--format", "{{.Repository}}:{{.Tag}}").split()
        repositories = ("cbuild-bench/", *(f"localhost/{name}:" for name in PROJECTS))
        if mine := [name for name in names if name.startswith(repositories)]:
            self.docker("rmi", "-f", *mine)

    def builder_image(self) -> str:
        """Return the name of the builder's image in the engine; cbuild loads it at its first build."""
        digest = base.ensure("builder", self.home).digest
        name = "cbuild-bench/builder:1"
        self.docker("tag", digest, name)
        return name


@contextmanager
def site() -> Iterator[Site]:
    """Make a site; a running Docker is used if $DOCKER_HOST names one, otherwise a private dockerd is started."""
    with scratch() as root:
        home = Home(root / "home")
        copy_bases(Home.default(), home)
        if host := os.environ.get("DOCKER_HOST"):
            place = Site(root, home, _environment(root, host))
            try:
                yield place
            finally:
                place.forget()
        else:
            with dockerd(root) as host:
                yield Site(root, home, _environment(root, host))


@contextmanager
def scratch() -> Iterator[Path]:
    """Yield a directory with a short path (a socket's ends at 107 characters); unmount and remove it afterwards."""
    root = Path(tempfile.mkdtemp(prefix="cbuild-bench-"))
    root.chmod(0o755)
    try:
        yield root
    finally:
        mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()]
        for mount in sorted((mount for mount in mounts if mount.startswith(f"{root}/")), reverse=True):
            subprocess.run(["umount", "--lazy", mount], check=False)
        shutil.rmtree(root, ignore_errors=True)


@contextmanager
def dockerd(root: Path) -> Iterator[str]:
    """Run a dockerd with all that it keeps below root; yield its URL."""
    program = shutil.which("dockerd") or shutil.which("dockerd", path="/usr/sbin:/usr/local/sbin:/sbin")
    if program is None:
        sys.exit("dockerd is not installed (Debian: docker.io), and DOCKER_HOST names no running one")
    host = f"unix://{root}/docker.sock"
    places = (f"--data-root={root}/data", f"--exec-root={root}/exec", f"--pidfile={root}/pid", f"--host={host}")
    with (root / "dockerd.log").open("wb") as log:
        process = subprocess.Popen([program, *places, *DOCKERD], stdout=log, stderr=log, start_new_session=True)
    try:
        _wait(process, host, root / "dockerd.log")
        yield host
    finally:
        process.terminate()
        process.wait(30)


def _wait(process: subprocess.Popen[bytes], host: str, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while subprocess.run(["docker", "-H", host, "version"], capture_output=True, check=False).returncode:
        if process.poll() is not None or time.monotonic() > deadline:
            sys.exit(f"dockerd does not start:\n{log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.1)


def _environment(root: Path, host: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "CBUILD_", "DOCKER_"))}
    return kept | {
        "CBUILD_HOME": str(root / "home"),
        "DOCKER_HOST": host,
        # Debian's docker.io has no buildx: the classic builder is what its `docker build` is.
        "DOCKER_BUILDKIT": "0",
        "PYTHONPATH": str(ROOT),
        # Compiled once, as for an installed cbuild, whatever the checkout's permissions are.
        "PYTHONPYCACHEPREFIX": str(root / "bytecode"),
    }


def unbuilt(place: Path, theirs: Home) -> Home:
    """Return the store at place; a new one gets the base images and the fetched sources of another, nothing built."""
    home = Home(place)
    copy_bases(theirs, home)
    if not home.sources.exists():
        theirs.sources.mkdir(parents=True, exist_ok=True)
        home.sources.symlink_to(theirs.sources)
    return home


def copy_bases(theirs: Home, home: Home) -> None:
    """Put the base images of one store into another; they are built first if there are none (a minute)."""
    for name in ("builder", "runtime"):
        found = base.ensure(name, theirs)
        blobs = [found.digest, found.manifest, *(layer.diff_id for layer in found.layers)]
        for digest in blobs:
            _link(theirs.oci, home.oci, Path("blobs", *digest.split(":")))
    for record in theirs.bases.glob("*.json"):
        _link(theirs.bases, home.bases, Path(record.name))


def _link(source: Path, target: Path, name: Path) -> None:
    place = target / name
    place.parent.mkdir(parents=True, exist_ok=True)
    if not place.exists():
        try:
            os.link(source / name, place)
        except OSError:
            shutil.copyfile(source / name, place)
