"""The directories that [buildout] names: relative to what, and where in the image (LANGUAGE.md LAY-4, OPT-1, SLP-7).

The buildout directory is one of the host's, and one fixed path in every image: what a profile puts below the one is
below the other, so that equal parts have equal bytes wherever the profile lies. Caches are the host's and stay there.
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

    profile: the directory of the root file. image: the buildout directory where recipes run; the same in a buildout
    that runs on its host. set_in: the file that set an option, None for the command line or a default.
    """

    def __init__(self, profile: str, image: str, set_in: Callable[[str], str | None]) -> None:
        self._profile = profile
        self._image = image
        self._set_in = set_in
        self._done: set[str] = set()
        self.host = profile
        """The buildout directory on the host: where ``directory`` says, else the profile's."""

    def settle(self, options: MutableMapping[str, str]) -> None:
        """Settle the options that have no references (any more), each once.

        ProfileError ``ambiguous-directory`` for a relative one in a remote file.
        """
        for name in EVERY:
            value = options.get(name)
            if value is None or name in self._done or "${" in value:
                continue
            base = options.get("directory", self._image)
            if name in INSIDE and "${" in base:
                continue
            self._done.add(name)
            settled = self._settled(name, value, base)
            if settled:
                options[name] = settled
            elif name in CACHES:
                del options[name]

    def name_state_file(self, options: MutableMapping[str, str]) -> None:
        """Join ``installed`` to ``directory`` unless it is empty (OPT-2); heirs of [buildout] get what is written."""
        value, base = options.get("installed"), options.get("directory")
        if value and base:
            options["installed"] = posixpath.join(base, self._inside(value))

    def on_host(self, path: str) -> str:
        """Return the path on the host that a path in the image stands for; others as they are."""
        return posixpath.join(self.host, posixpath.relpath(path, self._image)) if is_below(path, self._image) else path

    def _settled(self, name: str, value: str, base: str) -> str:
        """Return the settled value, empty for one that counts as unset."""
        if name in CACHES:
            return value and self.absolute(name, value)
        if name == "directory":
            return self._directory(value)
        if name == "eggs-directory":
            return self._eggs(value, base)
        joined = posixpath.join(base, self._inside(value))
        return posixpath.normpath(joined) if ".." in joined else joined

    def _directory(self, value: str) -> str:
        path = posixpath.join(self._profile, at_home(value))
        if self._profile == self._image or is_below(path, self._image):
            return path
        self.host = posixpath.normpath(path)
        return self._image

    def _eggs(self, value: str, base: str) -> str:
        """Return the directory of eggs. One that buildouts of the host share is nothing to an image."""
        if self._set_in("eggs-directory") is None and not value.startswith(("/", "~")):
            return posixpath.join(base, value or "eggs")
        inside = self._inside(self.absolute("eggs-directory", value or "eggs"))
        shared = not is_below(inside, self._image) and self._profile != self._image
        return posixpath.join(base, "eggs") if shared else inside

    def absolute(self, name: str, value: str) -> str:
        """Return the path on the host: relative to the file that set the option name, or to the profile's directory.

        ProfileError ``ambiguous-directory`` for a relative one in a remote file.
        """
        value = at_home(value)
        source = self._set_in(name)
        if source is not None and "://" in source and not posixpath.isabs(value):
            raise ProfileError(
                f"{name} = {value[:200]} is relative in a remote file.",
                reason="ambiguous-directory",
                section="buildout",
                option=name,
                resolution="Make it absolute.",
            )
        place = self._profile if source is None else posixpath.dirname(source)
        return posixpath.normpath(posixpath.join(place, value))

    def _inside(self, path: str) -> str:
        """Return the path in the image for one that may be the host's."""
        for host in (self.host, self._profile):
            if is_below(path, host) and not is_below(path, self._image):
                return posixpath.normpath(posixpath.join(self._image, posixpath.relpath(path, host)))
        return path


def at_home(path: str) -> str:
    """Return path with a leading ``~`` expanded; one that is nobody's home stays as it is."""
    try:
        return os.path.expanduser(path)  # noqa: PTH111 - text, and Path raises for an unknown user
    except ValueError:  # a null byte
        return path


def is_below(path: str, directory: str) -> bool:
    """Return whether an absolute path is directory or lies below it."""
    return path == directory or path.startswith(directory.rstrip("/") + "/")
