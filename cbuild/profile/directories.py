"""The directories that [buildout] names: relative to what, and where in the image (LANGUAGE.md LAY-4, OPT-1, SLP-7).

A profile's directory on the host is the buildout's directory in the image: what a profile puts below the one is below
the other. Caches are the host's and stay there.
"""

from __future__ import annotations

import os
import posixpath
from typing import TYPE_CHECKING

from cbuild.errors import ProfileError

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

CACHES = ("download-cache", "extends-cache")
INSIDE = ("bin-directory", "parts-directory", "eggs-directory", "develop-eggs-directory")
EVERY = ("directory", *CACHES, *INSIDE)


class Directories:
    """Makes them absolute.

    host: the directory of the root file. image: what stands for it where recipes run; the same in a buildout that runs
    on its host. set_in: the file that set an option, None for the command line or a default.
    """

    def __init__(self, host: str, image: str, set_in: Callable[[str], str | None]) -> None:
        self._host = host
        self._image = image
        self._set_in = set_in
        self._done: set[str] = set()

    def settle(self, options: MutableMapping[str, str]) -> None:
        """Settle the options that have no references (any more), each once.

        ProfileError ``ambiguous-directory`` for a relative one in a remote file.
        """
        for name in EVERY:
            value = options.get(name)
            if value is None or name in self._done or "${" in value:
                continue
            settled = self._settled(name, value, options.get("directory", self._image))
            if settled is None:
                continue
            self._done.add(name)
            if settled:
                options[name] = settled
            elif name in CACHES:
                del options[name]

    def name_state_file(self, options: MutableMapping[str, str]) -> None:
        """Join ``installed`` to ``directory`` unless it is empty (OPT-2); heirs of [buildout] get what is written."""
        value, base = options.get("installed"), options.get("directory")
        if value and base:
            options["installed"] = posixpath.join(base, self._inside(value))

    def _settled(self, name: str, value: str, base: str) -> str | None:
        """Return the settled value, empty for one that counts as unset; None while it needs an unknown directory."""
        if name in CACHES:
            return value and posixpath.normpath(posixpath.join(self._place(name, value), os.path.expanduser(value)))  # noqa: PTH111 - text
        if name == "directory":
            return posixpath.join(self._image, self._inside(value))
        if "${" in base:
            return None
        if name == "eggs-directory":
            return self._eggs(value, base)
        joined = posixpath.join(base, self._inside(value)) if value else ""
        return posixpath.normpath(joined) if ".." in joined else joined

    def _eggs(self, value: str, base: str) -> str:
        """Return the directory of eggs. One that buildouts of the host share is nothing to an image."""
        value = os.path.expanduser(value) or "eggs"  # noqa: PTH111 - text
        place = self._place("eggs-directory", value)
        if place != self._host and posixpath.isabs(self._host):
            value = posixpath.join(posixpath.relpath(place, self._host), value)
        joined = posixpath.normpath(posixpath.join(base, self._inside(value)))
        foreign = posixpath.isabs(value) and not is_below(joined, self._image) and self._host != self._image
        return posixpath.join(base, "eggs") if foreign else joined

    def _place(self, name: str, value: str) -> str:
        """Return the directory that a value is relative to."""
        source = self._set_in(name)
        if source is None or posixpath.isabs(value):
            return self._host
        if "://" in source and not value.startswith("~"):
            raise ProfileError(
                f"{name} = {value[:200]} is relative in a remote file.",
                reason="ambiguous-directory",
                section="buildout",
                option=name,
                resolution="Make it absolute.",
            )
        return posixpath.dirname(source)

    def _inside(self, value: str) -> str:
        """Return the path in the image for one that may be the host's."""
        if is_below(value, self._host) and not is_below(value, self._image):
            return posixpath.normpath(posixpath.join(self._image, posixpath.relpath(value, self._host)))
        return value


def is_below(path: str, directory: str) -> bool:
    """Return whether an absolute path is directory or lies below it."""
    return path == directory or path.startswith(directory.rstrip("/") + "/")
