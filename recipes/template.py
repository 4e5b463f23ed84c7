"""Rendered files with buildout's own substitution: slapos.recipe.template (SLAPOS.md 1.4)."""

from __future__ import annotations

import os
from pathlib import Path

from cbuild.recipe.api import Buildout, Options, Source, UserError
from recipes import files


class Template:
    """What all templates have in common: where the text comes from, where it goes, and its mode."""

    def __init__(self, buildout: Buildout, name: str, options: Options) -> None:
        self.buildout = buildout
        self.name = name
        self.options = options
        self.output = output(buildout, options)
        self.mode = mode(options)
        self.inline, self.source = self._input()

    def _input(self) -> tuple[str | None, Source | None]:
        url, inline = self.options.get("url", "").strip(), self.options.get("inline", "")
        md5sum = self.options.get("md5sum", "").strip()
        if bool(inline) == bool(url):
            raise UserError(f"[{self.name}] needs one of url and inline, and not both.")
        if inline and md5sum:
            raise UserError(f"[{self.name}] md5sum: an inline text has none.")
        return (inline, None) if inline else (None, files.declare(self.buildout, url, md5sum))

    @property
    def encoding(self) -> str:
        """Return how the text and the result are encoded."""
        return self.options.get("encoding", "").strip() or "utf-8"

    def text(self) -> str:
        """Return the template's text."""
        if self.source is None:
            return self.inline or ""
        return decoded(self.source, self.encoding, f"[{self.name}] url")

    def write(self, text: str) -> list[str]:
        """Write the result; without mode it is executable if it starts with ``#!`` and a program that is there."""
        executable = self.mode is None and _starts_with_interpreter(text)
        return written(self.output, text.encode(self.encoding), 0o755 if executable else self.mode)


class Recipe(Template):
    """``${section:option}`` in the file is substituted as in an option of this part; ``$$`` gives ``$``."""

    def __init__(self, buildout: Buildout, name: str, options: Options) -> None:
        super().__init__(buildout, name, options)
        # Rendered here as well, so that what the text refers to is installed before this part (and in the key).
        # An option's value, which `inline` is, was substituted when it was read.
        self.rendered = self.text() if self.source is None else self._substituted()

    def install(self) -> list[str]:
        """Write the rendered text."""
        return self.write(self.rendered)

    update = install

    def _substituted(self) -> str:
        # Lines end as they do for Python's open(), with which the original reads the file.
        text = self.text().replace("\r\n", "\n").replace("\r", "\n")
        return "$".join(self.buildout.substitute(piece, self.name) for piece in text.split("$$"))


def output(buildout: Buildout, options: Options) -> Path:
    """Return the path of option output, relative to the buildout directory; UserError if there is none."""
    path = options.get("output", "").strip()
    if not path:
        raise UserError(f"[{options.name}] needs output.")
    return Path(buildout["buildout"]["directory"], path)


def mode(options: Options) -> int | None:
    """Return option mode (octal), None without one."""
    text = options.get("mode", "").strip()
    try:
        return int(text, 8) if text else None
    except ValueError:
        raise UserError(f"[{options.name}] mode = {text}: that is no octal mode such as 0755.") from None


def decoded(source: Source, encoding: str, what: str) -> str:
    """Return a source's text; UserError if it isn't in that encoding. what: part and option, for people."""
    try:
        return source.path.read_bytes().decode(encoding)
    except (UnicodeError, LookupError) as error:
        raise UserError(f"{what}: {source.url} can't be read as {encoding}: {error}") from None


def written(path: Path, data: bytes, mode: int | None) -> list[str]:
    """Write a file anew, with its directories (mode None: 0644); return its path as a recipe returns it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_bytes(data)
    path.chmod(0o644 if mode is None else mode)
    return [str(path)]


def _starts_with_interpreter(text: str) -> bool:
    if not text.startswith("#!"):
        return False
    words = text[2:].split("\n", 1)[0].split(None, 1)
    return bool(words) and os.access(words[0], os.X_OK)
