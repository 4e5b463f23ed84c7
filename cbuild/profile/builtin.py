"""What [buildout] has without being told, and what its values must look like (LANGUAGE.md, OPT and LAY-4)."""

from __future__ import annotations

import posixpath
from types import MappingProxyType
from typing import TYPE_CHECKING

from cbuild.errors import ProfileError
from cbuild.profile.problems import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping

IMAGE_DIRECTORY = "/opt/cbuild"
"""``${buildout:directory}`` in the builder and in the image."""

EXECUTABLE = "/usr/bin/python3"

DEFAULTS: Mapping[str, str] = MappingProxyType(
    {
        "allow-hosts": "*",
        "allow-picked-versions": "true",
        "allow-unknown-extras": "false",
        "bin-directory": "bin",
        "develop-eggs-directory": "develop-eggs",
        "eggs-directory": "eggs",
        "find-links": "",
        "install-from-cache": "false",
        "installed": ".installed.cfg",
        "log-format": "",
        "log-level": "INFO",
        "newest": "true",
        "offline": "false",
        "parts-directory": "parts",
        "prefer-final": "true",
        "python": "buildout",
        "show-picked-versions": "false",
        "socket-timeout": "",
        "update-versions-file": "",
        "use-dependency-links": "true",
        "versions": "versions",
    }
)
"""The options that don't depend on the machine; ``directory`` and ``executable`` are the caller's."""

BOOLEANS = (
    "offline",
    "newest",
    "prefer-final",
    "use-dependency-links",
    "allow-picked-versions",
    "show-picked-versions",
    "install-from-cache",
    "abi-tag-eggs",
)
DIRECTORIES = ("bin-directory", "parts-directory", "eggs-directory", "develop-eggs-directory")
CACHES = ("download-cache", "extends-cache")
LEVELS = frozenset({"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"})


def with_directory(directory: str = IMAGE_DIRECTORY, executable: str = EXECUTABLE) -> dict[str, str]:
    """Return the defaults of a buildout in directory; executable is the Python that runs recipes."""
    return {**DEFAULTS, "directory": directory, "executable": executable}


def settle(options: MutableMapping[str, str], host: str, set_in: Callable[[str], str | None]) -> None:
    """Make [buildout]'s directories absolute, as far as they have no references (LAY-4, SLP-7).

    host: the directory of the root file, which stands for ``directory``. set_in: the file that set an option, None for
    the command line or a default. The caches are the host's and stay there: relative to the file that set them.
    Raises ProfileError ``ambiguous-directory`` for a relative one in a remote file.
    """
    for name in (*CACHES, "eggs-directory"):
        if options.get(name) == "":
            options[name] = DEFAULTS.get(name, "")
            if not options[name]:
                del options[name]
    for name in (*CACHES, "eggs-directory"):
        value = options.get(name, "${")
        if "${" in value or value.startswith("/"):
            continue
        source = set_in(name)
        if source is not None and "://" in source:
            raise ProfileError(
                f"{name} = {value[:200]} is relative in a remote file.",
                reason="ambiguous-directory",
                section="buildout",
                option=name,
                resolution="Make it absolute.",
            )
        place = posixpath.dirname(source) if source is not None else host
        if name in CACHES:
            options[name] = posixpath.normpath(posixpath.join(place, posixpath.expanduser(value)))
        elif place != host and posixpath.isabs(host):
            options[name] = posixpath.join(posixpath.relpath(place, host), value)
    make_absolute(options)


def make_absolute(options: MutableMapping[str, str]) -> None:
    """Join the directories to ``directory``; values that still have references are left for later (LAY-4)."""
    base = options.get("directory")
    if base is None or "${" in base:
        return
    for name in DIRECTORIES:
        value = options.get(name)
        if value is not None and "${" not in value:
            joined = posixpath.join(base, value)
            options[name] = posixpath.normpath(joined) if ".." in joined else joined


def name_state_file(options: MutableMapping[str, str]) -> None:
    """Join ``installed``, if there is to be one, to ``directory`` (OPT-2)."""
    if options.get("installed") and "directory" in options:
        options["installed"] = posixpath.join(options["directory"], options["installed"])


def check(options: Mapping[str, str]) -> None:
    """Raise ProfileError for what [buildout] can't have: ``bad-boolean``, ``bad-log-level``, ``bad-verbosity``."""
    for name in BOOLEANS:
        value = options.get(name)
        if value is not None and value not in {"true", "false"}:
            raise _bad("bad-boolean", name, value, did_you_mean(value, ("true", "false")) or "It is true or false.")
    level = options.get("log-level", "INFO")
    if level not in LEVELS and not _is_number(level):
        known = f"It is one of {', '.join(sorted(LEVELS))}, or a number."
        raise _bad("bad-log-level", "log-level", level, did_you_mean(level, LEVELS) or known)
    verbosity = options.get("verbosity", "0")
    if not _is_number(verbosity):
        raise _bad("bad-verbosity", "verbosity", verbosity, "It is a number.")


def _is_number(text: str) -> bool:
    return text.lstrip("-").isdecimal()


def _bad(reason: str, option: str, value: str, resolution: str) -> ProfileError:
    return ProfileError(
        f"Invalid value for {option!r}: {value[:200]!r}",
        reason=reason,
        section="buildout",
        option=option,
        resolution=resolution,
    )
