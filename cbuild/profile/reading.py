"""The options of [buildout] that count while files are read: from root file, user defaults, command line (EXT-8)."""

from __future__ import annotations

import os
import posixpath
from typing import TYPE_CHECKING

from cbuild.errors import ProfileError
from cbuild.profile.builtin import check
from cbuild.profile.directories import at_home

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cbuild.profile.extends import File

CACHE = "extends-cache"
SWITCHES = ("offline", "newest", "install-from-cache")


def settings(root: File | None, defaults: File | None, assigned: Mapping[str, str]) -> dict[str, str]:
    """Return the options; ``extends-cache`` absolute, empty if there is none.

    root: the first file of the chain. defaults: the user's. assigned: by the command line. ProfileError
    ``bad-boolean``, ``bad-value`` for a reference, which nothing can be known about yet, ``ambiguous-directory``.
    """
    found: dict[str, str] = {}
    setter: dict[str, File | None] = {}
    for file, options in ((defaults, _own(defaults)), (root, _own(root)), (None, assigned)):
        found.update(options)
        setter.update(dict.fromkeys(options, file))
    for name in (CACHE, *SWITCHES):
        if "${" in found.get(name, ""):
            error = ProfileError(
                f"{name} = {found[name][:200]} can't be known while files are fetched.",
                reason="bad-value",
                resolution="Write the value itself: references are replaced when all files are there.",
            )
            raise _placed(error, name, setter[name])
    try:
        check({name: found[name] for name in SWITCHES if name in found})
    except ProfileError as error:
        raise _placed(error, error.option or "", setter[error.option or ""]) from None
    found[CACHE] = _cache(found.get(CACHE, ""), setter.get(CACHE) or root)
    return found


def _own(file: File | None) -> Mapping[str, str]:
    return file.parsed.sections.get("buildout", {}) if file else {}


def _cache(value: str, by: File | None) -> str:
    value = at_home(value)
    if not value or posixpath.isabs(value) or by is None:
        return value and os.path.abspath(value)  # noqa: PTH100 - a root that is a URL has no directory
    if "://" in by.directory:
        error = ProfileError(
            f"{CACHE} = {value[:200]} is relative in a remote file.",
            reason="ambiguous-directory",
            resolution="Make it absolute.",
        )
        raise _placed(error, CACHE, by)
    return posixpath.normpath(posixpath.join(by.directory, value))


def _placed(error: ProfileError, option: str, file: File | None) -> ProfileError:
    error.section, error.option = "buildout", option
    if file is not None:
        error.file, error.line = file.name, file.parsed.lines.get("buildout", {}).get(option)
        error.column = 1
    return error
