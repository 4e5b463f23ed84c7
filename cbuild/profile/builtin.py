"""What [buildout] has without being told, and what its values must look like (LANGUAGE.md, OPT)."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from cbuild.errors import ProfileError, together
from cbuild.profile.problems import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    "allow-unchecked-sources",
    "check-signature",
    "dry-run",
    "extends-once",
    "interpolate",
    "keep-all-parts",
    "native-recipes",
)
"""Buildout's own and then cbuild's."""
FLAGS = ("true", "false")
LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}


def with_directory(directory: str = IMAGE_DIRECTORY, executable: str = EXECUTABLE) -> dict[str, str]:
    """Return the defaults of a buildout in directory; executable is the Python that runs recipes."""
    return {**DEFAULTS, "directory": directory, "executable": executable}


def check(options: Mapping[str, str]) -> None:
    """Raise ProfileError for what [buildout] can't have: ``bad-boolean``, ``bad-log-level``, ``bad-verbosity``.

    All that is wrong is in the error and its ``others``.
    """
    errors = [
        _bad("bad-boolean", name, options[name], did_you_mean(options[name], FLAGS) or "It is exactly true or false.")
        for name in BOOLEANS
        if options.get(name, "true") not in FLAGS
    ]
    level = options.get("log-level", "INFO")
    if level not in LEVELS and not _is_number(level):
        known = f"It is one of {', '.join(LEVELS)}, or a number."
        errors.append(_bad("bad-log-level", "log-level", level, did_you_mean(level, LEVELS) or known))
    verbosity = options.get("verbosity") or "0"
    if not _is_number(verbosity):
        errors.append(_bad("bad-verbosity", "verbosity", verbosity, "It is a number, taken off log-level."))
    if errors:
        raise together(errors)


def level(options: Mapping[str, str]) -> int:
    """Return from which level on messages are shown: ``log-level`` less ``verbosity`` (OPT-5); they are good ones."""
    name = options.get("log-level", "INFO")
    return (LEVELS[name] if name in LEVELS else int(name)) - int(options.get("verbosity") or "0")


def _is_number(text: str) -> bool:
    try:
        int(text)
    except ValueError:
        return False
    return True


def _bad(reason: str, option: str, value: str, resolution: str) -> ProfileError:
    return ProfileError(
        f"Invalid value for {option!r}: {value[:200]!r}",
        reason=reason,
        section="buildout",
        option=option,
        resolution=resolution,
    )
