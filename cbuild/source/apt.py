"""The machine's own apt: which archives it is configured with, their indices of sources, and single files.

Everything goes through apt's programs, so that proxies, passwords, certificates, mirrors and transports are as the
machine's owner set them up, and so that an index is one whose signature apt has checked. cbuild keeps apt's lists in
directories of its own: the machine's are neither read nor changed, and no privileges are needed.
"""

from __future__ import annotations

import re
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING

from cbuild.source.unavailable import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

HELPER = "/usr/lib/apt/apt-helper"
CODENAMES = ("trixie", "forky", "sid", "bookworm", "bullseye")
"""Debian's suites, in the order in which they are asked for what the configured ones lack: newer first, because
profiles follow upstream."""
SECURED = ("trixie", "bookworm", "bullseye")
UPDATED = ("trixie", "bookworm")
_DEBIAN = re.compile(
    rf"(?:{'|'.join(CODENAMES)}|oldoldstable|oldstable|stable|testing|unstable|experimental)(?:-[a-z-]+)?"
)
_SECURITY = "-security"
KEYRINGS = tuple(Path("/usr/share/keyrings") / f"debian-archive-keyring.{end}" for end in ("pgp", "gpg"))
UPDATE_SECONDS = 300

# The hooks of the machine's configuration (package caches, desktop notifications) have no business with these lists;
# the unprivileged user that apt downloads as may not write here; the age of an index is cbuild's own concern.
_CONFIGURATION = """\
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
APT::Sandbox::User "root";
APT::Get::List-Cleanup "false";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
Acquire::Retries "1";
Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
Acquire::http::ConnectionAttemptDelayMsec "250";
Dir::Etc::sourcelist "{root}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::State::lists "{root}/lists";
Dir::Cache "{root}/cache";
"""


@dataclass(frozen=True)
class Suite:
    """One suite of one archive. uri: the archive's base, ends in a slash; name: as below ``dists/``."""

    uri: str
    name: str


def available() -> bool:
    """Return whether this machine has apt."""
    return Path(HELPER).exists()


def configured() -> tuple[Suite, ...]:
    """Return the suites of packages that apt is configured with, component main, in apt's order."""
    command = ["apt-get", "indextargets", "--no-release-info", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)"]
    try:
        answer = subprocess.run(
            [*command, "Created-By: Packages"], capture_output=True, text=True, check=True, timeout=60
        )
    except (OSError, subprocess.SubprocessError) as problem:
        raise Unavailable(f"apt's configuration can't be read: {_last_line(problem)}") from None
    rows = (line.split() for line in answer.stdout.splitlines())
    return tuple(dict.fromkeys(Suite(row[0].rstrip("/") + "/", row[1]) for row in rows if row[2:] == ["main"]))


def suites(configuration: tuple[Suite, ...]) -> tuple[Suite, ...]:
    """Return where to look for a source: what is configured, then Debian's other suites on the same mirrors.

    A third party's archive is left out as long as there is one of Debian's: it has its own packages, not upstreams'.
    """
    own = tuple(suite for suite in configuration if _DEBIAN.fullmatch(suite.name)) or configuration
    main = tuple(dict.fromkeys(suite.uri for suite in own if not suite.name.endswith(_SECURITY)))
    security = tuple(dict.fromkeys(suite.uri for suite in own if suite.name.endswith(_SECURITY)))
    more = [Suite(uri, name) for name in CODENAMES for uri in main]
    more += [Suite(uri, f"{name}{_SECURITY}") for name in SECURED for uri in security]
    more += [Suite(uri, f"{name}-{suffix}") for name in UPDATED for suffix in ("updates", "backports") for uri in main]
    return tuple(dict.fromkeys([*own, *more]))


@contextmanager
def sources_index(suite: Suite, directory: Path) -> Iterator[IO[bytes]]:
    """Give the text of the suite's index of sources, fetched and verified by apt; Unavailable otherwise.

    directory: where temporary files may lie.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=directory, prefix="lists.") as temporary:
        root = Path(temporary)
        (root / "lists" / "partial").mkdir(parents=True)
        (root / "cache" / "archives" / "partial").mkdir(parents=True)
        (root / "sources.list").write_text(f"deb-src {_signed_by(suite)}{suite.uri} {suite.name} main\n")
        _run(["apt-get", *_options(root), "-q", "update"])
        found = sorted((root / "lists").glob("*_source_Sources*"))
        if not found:
            raise Unavailable(f"{suite.uri} has no index of sources for {suite.name}")
        with subprocess.Popen([HELPER, "cat-file", str(found[0])], stdout=subprocess.PIPE) as process:
            if process.stdout is not None:
                yield process.stdout
        if process.returncode:
            raise Unavailable(f"the index of {suite.name} can't be read")


def download(url: str, target: Path) -> None:
    """Download one file of an archive to target, as apt does it; Unavailable otherwise. The caller checks the bytes."""
    with TemporaryDirectory(prefix="cbuild-apt.") as temporary:
        root = Path(temporary)
        (root / "lists" / "partial").mkdir(parents=True)
        (root / "sources.list").touch()
        # apt resumes what lies there: an empty file would be "resumed", and one of the server's errors kept.
        target.unlink(missing_ok=True)
        _run([HELPER, *_options(root), "-q", "download-file", url, str(target)])
    if not target.is_file():
        raise Unavailable("apt gave no file")


def _options(root: Path) -> list[str]:
    configuration = root / "apt.conf"
    configuration.write_text(_CONFIGURATION.format(root=root))
    return ["-c", str(configuration)]


def _signed_by(suite: Suite) -> str:
    """Return the option that names Debian's keys: not every system trusts them for every archive."""
    keyring = next((path for path in KEYRINGS if path.exists()), None)
    return f"[signed-by={keyring}] " if keyring and _DEBIAN.fullmatch(suite.name) else ""


def _run(command: list[str]) -> None:
    try:
        subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=UPDATE_SECONDS, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError) as problem:
        raise Unavailable(_last_line(problem)) from None


def _last_line(problem: Exception) -> str:
    """Return the first of apt's own error lines: the others say that it failed because of the first."""
    text = getattr(problem, "stderr", None) or ""
    lines = [line.strip() for line in str(text).splitlines() if line.startswith(("E:", "Err:"))]
    return lines[0].removeprefix("E: ") if lines else str(problem)
