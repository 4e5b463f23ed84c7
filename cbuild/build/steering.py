"""What [buildout] says to cbuild itself: where things are, what may be opened, what is printed.

Read before any recipe is asked, so what counts is what the files and the command line give, with references replaced.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cbuild.errors import CbuildError, ProfileError, SourceError, UsageError, together
from cbuild.profile import IMAGE_DIRECTORY, INSIDE, Profile, Resolver, is_below, level, with_directory
from cbuild.source.url import redact, split

LONGEST = 255
"""Bytes of a file's name (Linux's NAME_MAX)."""

_RECIPES = re.compile(r"@@[^@:]*:[^@]*@@").search


@dataclass(frozen=True)
class Steering:
    """The options, resolved and checked.

    builder, runtime: names, references, or descriptions by their absolute paths. level, log_format: of what is
    printed. state: the state file, None for none. timeout: seconds without a byte after which a connection is dead,
    None for the usual. find_links, index: where Python distributions are; from_cache: they are all in the download
    cache. warnings: what is not followed, and why.
    """

    builder: str
    runtime: str
    offline: bool
    download_cache: Path | None
    mirrors: tuple[str, ...]
    find_links: tuple[str, ...]
    index: str
    from_cache: bool
    require_checksum: bool
    timeout: float | None
    state: Path | None
    dry_run: bool
    level: int
    log_format: str
    warnings: tuple[str, ...]


def steer(profile: Profile) -> Steering:
    """Return what the profile says; ProfileError with all that is wrong with it.

    Reasons: the language's (``bad-boolean``, ``missing-option`` …), and ``bad-log-format``, ``outside-image``,
    ``needs-recipe``, ``contradiction``, ``bad-value`` for a state file that can't be one; of a URL that is none
    SourceError ``url-unsupported``.
    """
    told = _Told(profile)
    cache = told.text("download-cache")
    values = Steering(
        builder=told.base("builder"),
        runtime=told.base("runtime"),
        offline=told.says("offline") or told.says("install-from-cache"),
        download_cache=Path(cache) if cache else None,
        mirrors=tuple(told.text("mirrors").split()),
        find_links=tuple(told.links()),
        index=told.index(),
        from_cache=told.says("install-from-cache"),
        require_checksum=not told.says("allow-unchecked-sources"),
        timeout=told.timeout(),
        state=told.state(),
        dry_run=told.says("dry-run"),
        level=told.level,
        log_format=told.log_format(),
        warnings=tuple(told.warnings()),
    )
    told.check()
    return values


@contextmanager
def blaming(profile: Profile, option: str) -> Iterator[None]:
    """Turn a UsageError of a block, about what an option of [buildout] names, into a ProfileError with its place."""
    try:
        yield
    except UsageError as error:
        if error.file is not None:  # a mistake in a description of a base has its place there
            raise
        wrong = ProfileError(
            error.brief, reason=error.reason, details=error.details, resolution=error.resolution,
            section="buildout", option=option,
        )  # fmt: skip
        raise Resolver(profile, with_directory(), lazy=True).placed(wrong) from None


class _Told:
    """[buildout] of a profile, option by option; what is wrong is collected."""

    def __init__(self, profile: Profile) -> None:
        self._resolver = Resolver(profile, with_directory(), lazy=True)
        self._options = self._resolver.settings()
        self._problems: list[CbuildError] = []
        self.level = level(self._options)

    def text(self, name: str) -> str:
        """Return an option, empty if it isn't there."""
        try:
            value = self._options.get(name, "").strip()
        except ProfileError as error:
            self._problems.append(error)
            return ""
        if _RECIPES(value):
            resolution = "Write the value itself: this option is needed before any recipe is asked."
            self._wrong(name, "needs-recipe", f"{name} = {value[:200]} waits for a recipe.", resolution)
        return value

    def base(self, name: str) -> str:
        """Return which base image an option names, the one of its own name if it isn't there."""
        value = self.text(name) or name
        if not value.endswith(".yaml"):
            return value
        try:
            return self._resolver.absolute(name, value)
        except ProfileError as error:
            self._problems.append(error)
            return value

    def links(self) -> Iterator[str]:
        """Give the directories and pages of ``find-links``; directories are relative to the buildout directory.

        With ``install-from-cache`` only where zc.buildout keeps distributions (VER-5).
        """
        if self.says("install-from-cache"):
            yield f"{self.text('download-cache')}/dist"
            return
        for word in self._urls("find-links"):
            yield self._resolver.link(word)

    def index(self) -> str:
        """Return ``index``; with ``install-from-cache`` one that is no more than the cache."""
        return Path(*self.links()).as_uri() if self.says("install-from-cache") else " ".join(self._urls("index"))

    def _urls(self, option: str) -> list[str]:
        """Return the words of an option without those that only look like a URL."""
        words = self.text(option).split()
        for word in [word for word in words if "://" in word and not split(word).scheme]:
            resolution = "An IPv6 address stands in brackets: http://[::1]:8080/simple."
            error = SourceError(
                f"{redact(word)} is no URL that can be asked.", reason="url-unsupported", resolution=resolution,
                section="buildout", option=option,
            )  # fmt: skip
            self._problems.append(self._resolver.placed(error, word))
            words.remove(word)
        return words

    def says(self, name: str) -> bool:
        """Return whether a switch is on."""
        return self.text(name) == "true"

    def timeout(self) -> float | None:
        """Return ``socket-timeout``; one that is no number only warns, as in buildout."""
        try:
            seconds = float(self.text("socket-timeout"))
        except ValueError:
            return None
        return seconds if 0 < seconds < float("inf") else None

    def state(self) -> Path | None:
        """Return the state file: in the buildout directory of the host (OPT-2)."""
        name = self.text("installed")
        if not name:
            return None
        path = Path(self._resolver.on_host(name))
        if wrong := _no_file(path):
            resolution = "Name a file, relative to the buildout directory; empty for no state file."
            self._wrong("installed", "bad-value", f"installed: {str(path)[:200]!r} {wrong}.", resolution)
        elif above := next((one for one in path.parents if one.exists() and not one.is_dir()), None):
            option = "directory" if self._is_buildout_directory(above) else "installed"
            resolution = "The state file lies in a directory: name one, or move away what is there."
            self._wrong(option, "bad-value", f"{option}: {str(above)[:200]!r} is no directory.", resolution)
        return path

    def _is_buildout_directory(self, path: Path) -> bool:
        """Return whether the buildout directory on the host is path, or would lie below it."""
        return Path(self._resolver.on_host(IMAGE_DIRECTORY)).is_relative_to(path)

    def log_format(self) -> str:
        """Return ``log-format``, which Python's logging must take."""
        text = self.text("log-format")
        if text:
            import logging  # noqa: PLC0415 - 10 ms that hardly any run needs

            record = logging.LogRecord("cbuild", self.level, "", 0, "", None, None)
            try:
                logging.Formatter(text).format(record)
            except (ValueError, TypeError, KeyError) as error:
                resolution = "Write it as Python's logging has it: %(name)s: %(message)s"
                self._wrong("log-format", "bad-log-format", f"log-format = {text[:200]}: {error}.", resolution)
        return text

    def warnings(self) -> Iterator[str]:
        """Give what is not followed."""
        if self.text("socket-timeout") and self.timeout() is None:
            yield f"socket-timeout = {self.text('socket-timeout')} is no number of seconds: the usual time is given."
        if self.text("check-signature") == "false":
            yield "Signatures decide nothing here: a part is installed again when its key changes, and only then."

    def check(self) -> None:
        """Raise all that is wrong."""
        if self.says("install-from-cache"):
            resolution = "Take one of them out: with install-from-cache nothing is fetched from elsewhere anyway."
            if self.says("offline"):
                brief = "install-from-cache and offline exclude each other."
                self._wrong("install-from-cache", "contradiction", brief, resolution)
            if not self.text("download-cache"):
                brief = "install-from-cache needs a download-cache."
                self._wrong("install-from-cache", "contradiction", brief, "Name its directory: download-cache = …")
        for name in INSIDE:
            if not is_below(value := self.text(name), IMAGE_DIRECTORY):
                brief = f"{name} = {value[:200]} is not in the image's directory, {IMAGE_DIRECTORY}."
                resolution = (
                    "Leave it out, or make it relative: it is in the buildout directory, which becomes that one."
                )
                self._wrong(name, "outside-image", brief, resolution)
        if self._problems:
            raise together(self._problems)

    def _wrong(self, option: str, reason: str, brief: str, resolution: str) -> None:
        error = ProfileError(brief, reason=reason, resolution=resolution, section="buildout", option=option)
        self._problems.append(self._resolver.placed(error))


def _no_file(path: Path) -> str:
    """Return why path can't be a file's, empty if it can."""
    if "\0" in str(path) or any(len(os.fsencode(part)) > LONGEST for part in path.parts):
        return "can't be a file's name"
    return "is a directory" if path.is_dir() else ""
