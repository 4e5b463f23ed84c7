"""Rendered files: slapos.recipe.template (buildout's own substitution) and its jinja2 variant (SLAPOS.md 1.4)."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from cbuild.recipe.api import Buildout, Options, Source, UserError, dumps, loads

OBSOLETE = {"template": "url", "rendered": "output"}
"""Old names of options, still in profiles."""


class _Template:
    """What both have in common: where the text comes from and where it goes."""

    def __init__(self, buildout: Buildout, name: str, options: Options) -> None:
        self.buildout = buildout
        self.name = name
        self.options = options
        for old, new in OBSOLETE.items():
            if old in options and new not in options:
                options[new] = options[old]
        output = options.get("output", "").strip()
        if not output:
            raise UserError(f"[{name}] needs output.")
        self.output = Path(buildout["buildout"]["directory"], output)
        self.mode = self._mode(options.get("mode", "").strip())
        self.inline, self.source = self._input()

    def _input(self) -> tuple[str | None, Source | None]:
        url = self.options.get("url", "").strip()
        inline = self.options.get("inline")
        if url.startswith("inline:"):
            return url.removeprefix("inline:").lstrip("\n"), None
        if (inline is None) == (not url):
            raise UserError(f"[{self.name}] needs one of url and inline, and not both.")
        return (inline, None) if not url else (None, self.buildout.source(url, self.options.get("md5sum")))

    def _mode(self, text: str) -> int | None:
        try:
            return int(text, 8) if text else None
        except ValueError:
            raise UserError(f"[{self.name}] mode = {text}: that is no octal mode such as 0755.") from None

    def text(self) -> str:
        """Return the template's text."""
        if self.source is None:
            return self.inline or ""
        return self.source.path.read_text(encoding=self.options.get("encoding", "utf-8"))

    def write(self, text: str) -> list[str]:
        """Write the result; executable if mode says so, or without mode if it starts with ``#!``."""
        self.output.parent.mkdir(parents=True, exist_ok=True)
        self.output.write_text(text, encoding=self.options.get("encoding", "utf-8"))
        shebang = 0o755 if text.startswith("#!") else 0o644
        self.output.chmod(shebang if self.mode is None else self.mode)
        return [str(self.output)]


class Recipe(_Template):
    """``${section:option}`` in the file is substituted as in an option of this part; ``$${`` gives ``${``."""

    def __init__(self, buildout: Buildout, name: str, options: Options) -> None:
        super().__init__(buildout, name, options)
        # Rendered here as well, so that what the text refers to is installed before this part (and in the key).
        # An option's value, which `inline` is, was substituted when it was read.
        self.rendered = self.text() if self.source is None else buildout.substitute(self.text(), name)

    def install(self) -> list[str]:
        """Write the rendered text."""
        return self.write(self.rendered)

    update = install


class Jinja2(_Template):
    """A jinja2 template; ``context`` lists what it sees: ``TYPE NAME VALUE`` lines.

    Types: raw, key (``section:option``), json, jsonkey, section, import. ``import-list``: ``file|rawfile NAME PATH``.
    """

    def __init__(self, buildout: Buildout, name: str, options: Options) -> None:
        super().__init__(buildout, name, options)
        self.context = dict(map(self._context, _lines(options.get("context", ""))))
        self.imports = dict(map(self._import, _lines(options.get("import-list", ""))))

    def install(self) -> list[str]:
        """Render and write; an undefined name in the template is an error."""
        jinja2 = import_module("jinja2")
        loader = jinja2.FunctionLoader(self._load)
        environment = jinja2.Environment(
            undefined=jinja2.StrictUndefined,
            loader=loader,
            extensions=self.options.get("extensions", "").split(),
            keep_trailing_newline=True,
            autoescape=False,  # configuration files, not HTML
        )
        environment.globals |= {"assert": _assert, "dumps": dumps}
        try:
            values = {key: value() for key, value in self.context.items()}
            return self.write(environment.from_string(self.text()).render(values))
        except jinja2.TemplateError as error:
            line = getattr(error, "lineno", None) or _line(error)
            where = f"{self.source.url if self.source else 'inline'}" + (f":{line}" if line else "")
            raise UserError(f"[{self.name}] {where}: {error}") from None

    update = install

    def _load(self, name: str) -> str | None:
        source = self.imports.get(name)
        return source.path.read_text(encoding="utf-8") if source else None

    def _context(self, line: str) -> tuple[str, Callable[[], Any]]:
        kind, name, value = _three(self.name, "context", line)
        match kind:
            case "raw":
                return name, lambda: value
            case "key":
                found = self._value(value)
                return name, lambda: found
            case "json":
                return name, lambda: json.loads(value)
            case "jsonkey":
                text = self._value(value)
                return name, lambda: json.loads(text)
            case "section":
                section = {key: loads(text) for key, text in self.buildout[value].copy().items()}
                return name, lambda: section
            case "import":
                return name, lambda: import_module(value)
        raise UserError(f"[{self.name}] context: {kind!r} is none of raw, key, json, jsonkey, section, import.")

    def _value(self, reference: str) -> str:
        section, colon, option = reference.partition(":")
        if not colon:
            raise UserError(f"[{self.name}] context: {reference!r} is not section:option.")
        return (self.buildout[section] if section else self.options)[option]

    def _import(self, line: str) -> tuple[str, Source]:
        kind, name, path = _three(self.name, "import-list", line)
        if kind not in ("file", "rawfile"):
            raise UserError(f"[{self.name}] import-list: {kind!r} is neither file nor rawfile.")
        return name, self.buildout.source(path)


def _lines(text: str) -> list[str]:
    return [line for line in map(str.strip, text.splitlines()) if line]


def _three(part: str, option: str, line: str) -> tuple[str, str, str]:
    words = line.split(None, 2)
    # `raw name` with nothing after it is an empty string.
    if len(words) == 2 and words[0] == "raw":  # noqa: PLR2004 - three words, or two
        words.append("")
    if len(words) != 3:  # noqa: PLR2004 - see above
        raise UserError(f"[{part}] {option}: {line!r} is not TYPE NAME VALUE.")
    return words[0], words[1], words[2]


def _line(error: BaseException) -> int | None:
    """Return the line of the template that raised error: jinja2 gives its frames the template's own numbers."""
    found = None
    for frame, line in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename == "<template>":
            found = line
    return found


def _assert(condition: object, message: str = "") -> str:
    if not condition:
        raise UserError(message or "an assertion of the template does not hold")
    return ""
