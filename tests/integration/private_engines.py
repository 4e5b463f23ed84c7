"""Engines for the tests: those that the environment names, else private ones that leave nothing behind.

$CBUILD_TEST_DOCKER and $CBUILD_TEST_PODMAN name running engines (``unix:///…``).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from cbuild.engine import service
from cbuild.engine.docker import DockerEngine
from cbuild.errors import EngineError
from cbuild.state.home import Home

START_TIMEOUT = 60


class Dockerd:
    """A dockerd below root beside whatever else runs here; it can be killed and started again."""

    def __init__(self, root: Path) -> None:
        self.url = f"unix://{root}/docker.sock"
        self._root = root
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        program = shutil.which("dockerd") or shutil.which("dockerd", path="/usr/sbin:/usr/local/sbin:/sbin")
        if program is None:
            pytest.fail("dockerd is not installed (Debian: docker.io), and CBUILD_TEST_DOCKER names no running one")
        root = self._root
        arguments = [
            program,
            f"--data-root={root}/data",
            f"--exec-root={root}/exec",
            f"--pidfile={root}/pid",
            f"--host={self.url}",
            # Neither docker0 nor the packet filter's DOCKER chains are shared with another dockerd. Static addresses on
            # networks of their own need neither.
            "--bridge=none",
            "--iptables=false",
            "--ip6tables=false",
            "--userland-proxy=false",
            "--experimental",
        ]
        with (root / "log").open("wb") as log:
            self._process = subprocess.Popen(arguments, stdout=log, stderr=log, start_new_session=True)
        wait_for_docker(self.url, self._process, root / "log")

    def kill(self) -> None:
        """Kill it and its containerd, as a machine short of memory may; its containers go on running."""
        assert self._process
        pid = self._root / "exec" / "containerd" / "containerd.pid"
        os.kill(int(pid.read_text()), signal.SIGKILL)
        self._process.kill()
        self._process.wait(30)
        # Where nobody reaps orphans the number stays taken, and the next dockerd would wait for that process.
        pid.unlink(missing_ok=True)

    def stop(self) -> None:
        """Stop it and its containers."""
        if self._process:
            self._process.terminate()
            self._process.wait(30)


@contextmanager
def dockerd(*, in_memory: bool = False) -> Iterator[Dockerd]:
    """Run a dockerd of our own; one that is needed for a moment is quicker with its files in memory."""
    # Not pytest's tmp_path: containerd's sockets lie below it, and end at 107 characters.
    with scratch("cbuild-dockerd-") as root:
        if in_memory:
            (root / "data").mkdir()
            subprocess.run(["mount", "-t", "tmpfs", "tmpfs", root / "data"], check=True)
        engine = Dockerd(root)
        try:
            engine.start()
            yield engine
        finally:
            engine.stop()


def wait_for_docker(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return when dockerd answers; fail the test run, with the end of its log, when it doesn't."""
    deadline = time.monotonic() + START_TIMEOUT
    while True:
        try:
            DockerEngine(url)
        except EngineError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"dockerd does not start: {error.details}\n{tail(log)}")
            time.sleep(0.1)
        else:
            return


@contextmanager
def podman_home(below: str = "") -> Iterator[Home]:
    """Yield a home whose private Podman service is stopped, and whose storage is removed, at the end.

    below: its directory's name, for a path that is not as short as it can be.
    """
    if shutil.which("podman") is None:
        pytest.fail("podman is not installed, and CBUILD_TEST_PODMAN names no running one")
    with scratch("cbuild-podman-") as root:
        home = Home(root / below)
        try:
            yield home
        finally:
            service.stop(home)
            end_processes(home.root)


def end_processes(root: Path) -> None:
    """End the conmon processes of containers below root: later they would run podman, which makes root again."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            ours = f"{root}/".encode() in (process / "cmdline").read_bytes()
            if ours and (process / "comm").read_text() == "conmon\n":
                os.kill(int(process.name), signal.SIGKILL)


@contextmanager
def scratch(prefix: str) -> Iterator[Path]:
    """Yield a directory with a short path; what is mounted below it is unmounted before it is removed."""
    root = Path(tempfile.mkdtemp(prefix=prefix))
    root.chmod(0o755)
    try:
        yield root
    finally:
        mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
        for mount in sorted((m for m in mounts if m.startswith(f"{root}/")), reverse=True):
            subprocess.run(["umount", "--lazy", mount], check=False)
        shutil.rmtree(root, ignore_errors=True)


def tail(log: Path, lines: int = 30) -> str:
    """Return the last lines of a log."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
