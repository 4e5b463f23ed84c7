"""The machine's own Debian mirrors, as apt is configured with them."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cbuild.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Sequence

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_FIELDS = ("REPO_URI", "RELEASE", "COMPONENT", "ORIGIN", "SIGNED_BY")


@dataclass(frozen=True)
class Target:
    """One index that apt is configured to read; origin is empty before the first ``apt-get update``."""

    uri: str
    suite: str
    component: str
    origin: str
    signed_by: str


def sources(suite: str) -> tuple[str, ...]:
    """Return sources.list lines for suite, its updates and its security updates, from the machine's apt.

    A machine whose apt knows Debian's archive, but another release of it, gives its mirror. EngineError
    (``base-no-mirror``) where apt knows no mirror of Debian's archive.
    """
    keyring = str(KEYRING) if KEYRING.exists() else ""
    return select(_configured(), suite, keyring)


def select(targets: Sequence[Target], suite: str, keyring: str) -> tuple[str, ...]:
    """Return the sources.list lines for suite out of apt's targets: Debian's own archive, component main."""
    debian = [target for target in targets if _is_debian(target)]
    wanted = (suite, f"{suite}-updates", f"{suite}-security")
    chosen = {(target.uri, target.suite): target for target in debian if target.suite in wanted}
    if not any(name == suite for _uri, name in chosen):
        chosen = {}
        for target in debian:
            kind = target.suite.partition("-")[2]
            if kind in {"", "updates", "security"}:
                chosen[target.uri, suite + (f"-{kind}" if kind else "")] = target
    lines = {f"deb{_option(keyring or target.signed_by)} {uri} {name} main" for (uri, name), target in chosen.items()}
    if not lines:
        raise EngineError(
            "apt knows no mirror of Debian's archive, and base images are built from its packages.",
            reason="base-no-mirror",
            resolution=f"Add one to apt's sources, for {suite} or any other release, or name a base by its digest.",
        )
    return tuple(sorted(lines))


def _is_debian(target: Target) -> bool:
    """Tell whether this is Debian's archive: a vendor may name its suite bookworm and its component main, too."""
    if target.component != "main":
        return False
    if target.origin:
        return target.origin == "Debian"
    return target.signed_by.startswith("/usr/share/keyrings/debian-archive") or (
        not target.signed_by and target.uri.rstrip("/").rpartition("/")[2] in {"debian", "debian-security"}
    )


def _option(keyring: str) -> str:
    """Return the signed-by option of a sources.list line."""
    return f" [signed-by={keyring}]" if keyring.startswith("/") else ""


def _configured() -> list[Target]:
    """Ask apt for its targets."""
    template = "|".join(f"$({field})" for field in _FIELDS)
    output = _apt("apt-get", "indextargets", "--format", template, "Created-By: Packages")
    targets = []
    for line in output.splitlines():
        # apt leaves a field that a source lacks as it is written
        fields = ["" if value.startswith("$(") else value for value in line.split("|")]
        if len(fields) == len(_FIELDS):
            targets.append(Target(*fields))
    return targets


def settings() -> str:
    """Return apt's settings for fetching (proxies, certificates) as apt.conf text."""
    output = _apt("apt-config", "dump", "Acquire::http", "Acquire::https", "Acquire::Retries")
    return "".join(f"{line}\n" for line in output.splitlines() if not line.endswith(' "";'))


def architecture() -> str:
    """Return Debian's name of the machine's architecture, which is also OCI's for amd64 and arm64."""
    return _apt("dpkg", "--print-architecture").strip()


def triplet(arch: str) -> str:
    """Return the multiarch name of an architecture."""
    names = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}
    if arch not in names:
        raise EngineError(
            f"cbuild's base images are for amd64 and arm64, and this machine is {arch}", reason="base-architecture"
        )
    return names[arch]


def _apt(*command: str) -> str:
    """Return the output of one of apt's and dpkg's own tools."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, env={"LC_ALL": "C.UTF-8", "PATH": _PATH}
        )
    except FileNotFoundError as error:
        raise EngineError(
            f"{command[0]} is not installed, and base images are built from Debian's packages",
            reason="base-tool-missing",
            resolution="Install apt and dpkg (Debian and its derivatives have them), or name a base by its digest.",
        ) from error
    except subprocess.CalledProcessError as error:
        raise EngineError(f"{command[0]} failed", reason="base-apt", details=error.stderr) from error
    return done.stdout


_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
