"""Running mmdebstrap: from package names to a raw root file system and the list of what was installed."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cbuild.base import debian
from cbuild.base.tree import NOTES
from cbuild.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from cbuild.base.description import Description

_TAIL = 15  # lines of mmdebstrap's own report that an error shows


@dataclass(frozen=True, order=True)
class Package:
    """An installed package; sha256 (hex) is that of the .deb."""

    name: str
    version: str
    architecture: str
    sha256: str


def run(
    description: Description,
    pins: Mapping[str, str],
    scratch: Path,
    log: Path,
    mirrors: Sequence[str] | None = None,
) -> Path:
    """Let mmdebstrap make the root file system; return its tar, below scratch.

    pins: package to the only version of it that may be installed. mirrors: sources.list lines; None takes the
    machine's own. log: gets mmdebstrap's report. EngineError ``base-tool-missing``, ``base-build-failed``.

    The packages are only unpacked: no maintainer script runs, so nothing in the image depends on one's behaviour
    (or on the order of configuration); what little they would do that matters, the description and the hooks do.
    """
    command = [*_mmdebstrap(), "--variant=extract", "--format=tar", f"--include={','.join(description.packages)}"]
    preferences = scratch / "cbuild"
    preferences.write_text("".join(_pin(name, version) for name, version in sorted(pins.items())), encoding="utf-8")
    raw = scratch / "root.tar"
    command += [*_settings(scratch), *_hooks(description, preferences), description.suite, str(raw)]
    command += mirrors if mirrors is not None else debian.sources(description.suite)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as report:
        code = _wait(command, _environment(description, scratch), report.fileno())
    if code:
        tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL:]
        raise EngineError(
            f"mmdebstrap could not make the base image {description.name}",
            reason="base-build-failed",
            details="\n".join(tail),
            resolution=f"The whole report is in {log}.",
        )
    return raw


def packages(notes: bytes) -> tuple[Package, ...]:
    """Return what the hook noted (``sha256sum *.deb``), sorted. A .deb is called name_version_architecture.deb."""
    found = []
    for line in notes.decode().splitlines():
        digest, _space, file = line.partition("  ")
        name, version, architecture = file.removesuffix(".deb").split("_")
        found.append(Package(name, version.replace("%3a", ":"), architecture, digest))
    return tuple(sorted(found))


def _mmdebstrap() -> list[str]:
    """Return mmdebstrap's command for this user. EngineError when it, or what it needs, isn't there."""
    root = os.geteuid() == 0
    needed = ["mmdebstrap"] if root else ["mmdebstrap", "newuidmap"]
    owners = {"mmdebstrap": "mmdebstrap", "newuidmap": "uidmap"}
    if missing := [owners[tool] for tool in needed if shutil.which(tool) is None]:
        raise EngineError(
            f"a base image is to be built, and {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not here",
            reason="base-tool-missing",
            resolution=f"apt install {' '.join(missing)}" + ("" if root else ", or run `cbuild base build` as root."),
        )
    # setpriv lets a killed cbuild take mmdebstrap with it
    guard = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
    return [*guard, "mmdebstrap", f"--mode={'root' if root else 'unshare'}"]


def _settings(scratch: Path) -> list[str]:
    """Return mmdebstrap's options for apt: the machine's own settings for fetching, and none of its others."""
    text = debian.settings()
    if os.geteuid() != 0:
        return [f"--aptopt={line}" for line in text.splitlines()]  # in its user namespace it can't read our file
    path = scratch / "apt.conf"
    path.touch(mode=0o600)  # a proxy's address may hold a password, and a command line is for everybody to see
    path.write_text(text, encoding="utf-8")
    return [f"--aptopt={path}"]


def _pin(name: str, version: str) -> str:
    """Return an apt preference that takes this version and nothing else, older or newer (apt_preferences(5))."""
    return f"Package: {name}\nPin: version {version}\nPin-Priority: 1001\n\n"


def _hooks(description: Description, preferences: Path) -> list[str]:
    """Return the hooks: the merged /usr before anything is unpacked; the notes, caches and bytecode after."""
    libraries = "bin sbin lib lib64" if debian.architecture() == "amd64" else "bin sbin lib"
    setup = (
        f'for name in {libraries}; do mkdir -p "$1/usr/$name"; ln -s "usr/$name" "$1/$name"; done; '
        'mkdir -p "$1/proc" "$1/sys" "$1/etc/apt/preferences.d"'
    )
    notes = f'mkdir "$1{NOTES}"; cd "$1/var/cache/apt/archives"; sha256sum *.deb >"$1{NOTES}/packages"'
    clean = "env -i PATH=/usr/sbin:/usr/bin LC_ALL=C.UTF-8 PYTHONHASHSEED=0 SOURCE_DATE_EPOCH=0"
    hooks = [
        f"--setup-hook={setup}",
        f"--setup-hook=copy-in {shlex.quote(str(preferences))} /etc/apt/preferences.d/",
        f"--extract-hook={notes}",
        f'--extract-hook={clean} chroot "$1" ldconfig -X; {clean} chroot "$1" ldconfig -i',
    ]
    if description.python:
        folders = " ".join(map(shlex.quote, description.python))
        hooks.append(
            # -B, -f: what Python imports for the compilation itself would otherwise get time stamps
            f'--extract-hook={clean} chroot "$1" python3 -B -m compileall -f -q -j1 --invalidation-mode unchecked-hash '
            f"{folders}"
        )
    return hooks


def _environment(description: Description, scratch: Path) -> dict[str, str]:
    """Return mmdebstrap's whole environment."""
    proxies = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
    own = {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "HOME": os.environ.get("HOME", "/"),
        "SOURCE_DATE_EPOCH": str(description.epoch),
    }
    # As root the tree grows in the scratch directory, which the next build clears after a kill; in a user
    # namespace it must lie where other users may look, which a home directory often is not.
    own["TMPDIR"] = str(scratch) if os.geteuid() == 0 else os.environ.get("TMPDIR", "/tmp")  # noqa: S108  # mmdebstrap makes its own directory there
    return proxies | own


def _wait(command: Sequence[str], environment: Mapping[str, str], report: int) -> int:
    """Run command to its end; if we are interrupted, end it and everything that it started."""
    with subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=report,
        stderr=report,
        umask=0o022,
        start_new_session=True,
    ) as process:
        try:
            return process.wait()
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=20)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise
