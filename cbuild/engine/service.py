"""A Podman service of cbuild's own: no daemon to set up, nothing of the user's touched.

It is started once per home and left running (detached, ``--time=0``), so that containers' restarts and the next runs
find it; two cbuilds share it. All that it writes lies below ``Home.podman``, but for what has to have a short path
(sockets end at 107 bytes, Podman's runroot at 50) when the home's own path is long.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cbuild.canonical import write_atomic
from cbuild.engine.rlimits import MODEST, may_raise_limits
from cbuild.errors import EngineError
from cbuild.events import Event, Report, silent
from cbuild.state.home import Home, boot_id

#: The longest runroot that Podman accepts (libpod/runtime.go: conmon's attach socket lies below it).
_RUNROOT_LIMIT = 50

#: Seconds for a service to answer after its start; it takes 0.2 s on an idle machine.
_START_TIMEOUT = 30.0

#: Seconds for one to end after SIGTERM.
_STOP_TIMEOUT = 10.0


@dataclass(frozen=True)
class Service:
    """The places of a private Podman service.

    root: what outlives a reboot (images, containers, networks, configuration, log). run: what must not, because Podman
    takes a reboot for granted when it is gone.
    """

    root: Path
    run: Path

    @classmethod
    def of(cls, home: Home) -> Service:
        """Return the places of the service that belongs to home."""
        root = home.podman.absolute()
        # What Podman keeps in `run` must not be seen after the machine's next start.
        boot = boot_id()[:8]
        run = root / f"run-{boot}"
        if len(str(run)) > _RUNROOT_LIMIT:
            name = hashlib.sha256(str(root).encode()).hexdigest()[:12]
            run = _short_directory() / f"cbuild-{os.getuid()}-{name}-{boot}"
        return cls(root, run)

    @property
    def socket(self) -> Path:
        """Return the path of the socket."""
        return self.run / "podman.sock"

    @property
    def url(self) -> str:
        """Return the URL for a client."""
        return f"unix://{self.socket}"

    @property
    def log(self) -> Path:
        """Return the file with what the service writes."""
        return self.root / "service.log"

    @property
    def pid(self) -> Path:
        """Return the file with the service's process ID."""
        return self.run / "service.pid"

    @property
    def configuration(self) -> Path:
        """Return the containers.conf."""
        return self.root / "containers.conf"

    def answers(self) -> bool:
        """Tell whether something accepts connections on the socket."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(5)
            try:
                client.connect(str(self.socket))
            except OSError:
                return False
        return True


def ensure(home: Home, report: Report = silent) -> Service:
    """Return the home's service, started if it doesn't run. EngineError (engine-absent) when that fails."""
    podman = shutil.which("podman")
    if podman is None:
        raise EngineError("podman is not installed", reason="engine-absent", resolution="Install podman or docker.")
    service = Service.of(home)
    with _locked(service):
        # Whoever clears a store away takes the configuration with it; the service would answer, and have nothing.
        if not service.configuration.exists():
            _end(service)
        if not service.answers():
            report(Event("info", "podman", f"Starting a Podman service for {home.root}."))
            _start(podman, service)
    return service


def stop(home: Home) -> None:
    """End the home's service, if it runs; its containers go on. Used by tests and by who clears a home away."""
    service = Service.of(home)
    with _locked(service):
        _end(service)


def _end(service: Service) -> None:
    try:
        process = int(service.pid.read_text())
        arguments = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return
    # The number may belong to another process by now: only one that serves our socket is ours to end.
    if service.url.encode() in arguments:
        os.kill(process, signal.SIGTERM)
        deadline = time.monotonic() + _STOP_TIMEOUT
        while service.answers() and time.monotonic() < deadline:
            time.sleep(0.02)
    service.pid.unlink(missing_ok=True)


def _start(podman: str, service: Service) -> None:
    for stale in service.root.glob("run-*"):
        if stale != service.run:
            # From before the last boot.
            shutil.rmtree(stale, ignore_errors=True)
    configuration = containers_conf(_runtime(), _conmon(service), systemd=_has_systemd())
    write_atomic(service.configuration, configuration.encode())
    service.socket.unlink(missing_ok=True)
    with service.log.open("ab") as log:
        process = subprocess.Popen(
            arguments(podman, service),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env=_environment(service),
            # A session of its own: Ctrl-C, and the end of the run, leave it alone.
            start_new_session=True,
        )
    write_atomic(service.pid, str(process.pid).encode())
    deadline = time.monotonic() + _START_TIMEOUT
    while not service.answers():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise EngineError(
                "a private podman service does not start",
                reason="engine-absent",
                details=f"{' '.join(arguments(podman, service))}\n{_tail(service.log)}",
                resolution=f"See {service.log}; or start docker or podman, and name it with --engine.",
            )
        time.sleep(0.02)
    # Nobody waits for it: it is to outlive this process. Without this, Python would warn about that.
    process.returncode = 0


def arguments(podman: str, service: Service) -> list[str]:
    """Return the argv that starts the service: every directory that Podman writes to is its own."""
    return [
        podman,
        f"--root={service.root / 'storage'}",
        f"--runroot={service.run}",
        f"--tmpdir={service.run / 'tmp'}",
        f"--volumepath={service.root / 'volumes'}",
        f"--network-config-dir={service.root / 'networks'}",
        "system",
        "service",
        "--time=0",
        service.url,
    ]


def _environment(service: Service) -> dict[str, str]:
    # CONTAINERS_CONF stands for all other containers.conf files; what is set for podman itself isn't for it.
    dropped = ("CONTAINER_HOST", "CONTAINERS_CONF_OVERRIDE", "NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    temporary = service.root / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    # TMPDIR: where Podman keeps an image while it is loaded; /var/tmp otherwise.
    return kept | {"CONTAINERS_CONF": str(service.configuration), "TMPDIR": str(temporary)}


def containers_conf(runtime: str | None, conmon: Path | None, *, systemd: bool) -> str:
    """Return the service's containers.conf (TOML). runtime, conmon: None leaves Podman its default."""
    lines = ["[containers]"]
    if not may_raise_limits():
        # Podman's own 1048576 is refused by the kernel to a service without CAP_SYS_RESOURCE.
        limits = [f"{name}={MODEST}:{MODEST}" for name in ("nofile", "nproc")]
        lines.append(f"default_ulimits = {json.dumps(limits)}")
    # Not the host's /etc/hosts: what a part sees must not depend on the machine.
    lines.append('base_hosts_file = "none"')
    # The default, shm, is one piece of memory for all of a user's stores, and the first start of a service after a boot
    # frees every lock in it: those of the user's own running containers as well.
    lines += ["[engine]", 'events_logger = "file"', 'lock_type = "file"']
    # A command that was run in a container leaves two conmon processes for five minutes by default: a hundred, when
    # promises are checked every few seconds. The exit code is asked for at once.
    lines.append("exit_command_delay = 10")
    if runtime is not None:
        lines.append(f"runtime = {json.dumps(runtime)}")
    if conmon is not None:
        lines.append(f"conmon_path = {json.dumps([str(conmon)])}")
    if not systemd:
        lines.append('cgroup_manager = "cgroupfs"')
    return "\n".join(lines) + "\n"


def _conmon(service: Service) -> Path | None:
    """Write a conmon that changes into the container's own directory first; return its path, None without conmon.

    conmon notes an out-of-memory kill in a file ``oom`` in its working directory, which before Podman 5.0 is the
    service's (containers/conmon#504), while Podman looks for it in the container's: ``OOMKilled`` is never true.
    """
    conmon = shutil.which("conmon", path=f"{os.environ.get('PATH', '')}:/usr/libexec/podman:/usr/lib/podman")
    if conmon is None:
        return None
    script = f"""#!/bin/sh
for argument; do
    if [ "$last" = -b ]; then cd "$argument" || exit; fi
    last=$argument
done
exec {shlex.quote(conmon)} "$@"
"""
    wrapper = service.root / "conmon"
    write_atomic(wrapper, script.encode())
    wrapper.chmod(0o755)
    return wrapper


def _has_systemd() -> bool:
    """Tell whether systemd runs this machine (sd_booted(3))."""
    return Path("/run/systemd/system").is_dir()


def _runtime() -> str | None:
    """Return ``runc`` where crun refuses to start: without a pure cgroup v2 hierarchy (hybrid mode)."""
    pure = Path("/sys/fs/cgroup/cgroup.controllers").exists()
    return None if pure or shutil.which("runc") is None else "runc"


def _short_directory() -> Path:
    for candidate in (os.environ.get("XDG_RUNTIME_DIR"), "/run"):
        if candidate and len(candidate) <= len("/run/user/65535") and os.access(candidate, os.W_OK):
            return Path(candidate)
    return Path(tempfile.gettempdir())


@contextmanager
def _locked(service: Service) -> Iterator[None]:
    """Hold the home's lock: of two cbuilds that find no service, one starts it and the other waits."""
    service.root.mkdir(parents=True, exist_ok=True)
    service.run.mkdir(mode=0o700, parents=True, exist_ok=True)
    if service.run.stat().st_uid != os.getuid():
        raise EngineError(
            f"{service.run} belongs to another user",
            reason="engine-absent",
            details="The private podman service's socket can't be kept there.",
            resolution="Remove it, or set CBUILD_HOME to a shorter path.",
        )
    with (service.root / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _tail(log: Path, size: int = 2000) -> str:
    return log.read_bytes()[-size:].decode(errors="replace")
