"""Files rendered with jinja2: slapos.recipe.template:jinja2 (SLAPOS.md 1.4)."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from cbuild.recipe.api import Buildout, Options, Source, UserError, loads
from recipes.jinja_imports import Imports
from recipes.jinja_names import NAMES
from recipes.lines import key, lines, three
from recipes.template import Template

OBSOLETE = {"template": "url", "rendered": "output"}
"""Old names of options, still in profiles."""

BUILT_IN = ("jinja2.ext.with_", "jinja2.ext.autoescape")
"""Extensions that jinja2 3.1 no longer has, because what they did needs none."""

KINDS = ("raw", "key", "json", "jsonkey", "section", "import")


class Recipe(Template):
    """A jinja2 template; ``context`` lists what it sees, ``import-list`` what it imports: ``TYPE NAME VALUE`` lines."""

    def __init__(self, buildout: Buildout, name: str, options: Options) -> None:
        for old, new in OBSOLETE.items():
            if old in options and new not in options:
                options[new] = options[old]
        super().__init__(buildout, name, options)
        self.context: dict[str, Callable[[], Any]] = {}
        for line in lines(options.get("context", "")):
            self._add_context(line)
        self.imports = Imports(buildout, options, self.encoding)
        self.once = options.get("once", "").strip()
        options.flag("update")

    def install(self) -> list[str]:
        """Render and write; an undefined name in the template is an error. Nothing if the file ``once`` is there."""
        directory = Path(self.buildout["buildout"]["directory"])
        marker = directory / self.once
        if self.once and marker.exists():
            return []
        made = self.write(self._render())
        if self.once:
            marker.parent.mkdir(parents=True, exist_ok=True)
            marker.touch()
            return []  # not removed when the part is: it isn't made again
        return made

    update = install

    def _input(self) -> tuple[str | None, Source | None]:
        url = self.options.get("url", "").strip()
        if url.startswith("inline:"):
            return url.removeprefix("inline:").lstrip("\r\n"), None
        return super()._input()

    def _render(self) -> str:
        jinja2 = import_module("jinja2")
        extensions = [name for name in self.options.get("extensions", "").split() if name not in BUILT_IN]
        try:
            environment = jinja2.Environment(
                undefined=jinja2.StrictUndefined,
                loader=jinja2.FunctionLoader(self.imports.load),
                extensions=extensions,
                autoescape=False,  # configuration files, not HTML
            )
        except (ImportError, AttributeError) as error:
            raise UserError(f"[{self.name}] extensions: {error}") from None
        try:
            values = NAMES | {key: value() for key, value in self.context.items()}
            return str(environment.from_string(self.text()).render(values))
        except (jinja2.TemplateError, AssertionError) as error:
            line = getattr(error, "lineno", None) or _line(error)
            where = (self.source.url if self.source else "inline") + (f":{line}" if line else "")
            what = str(error) or "an assertion of the template does not hold"
            raise UserError(f"[{self.name}] {where}: {what}") from None

    def _add_context(self, line: str) -> None:
        kind, name, value = three(self.name, "context", line)
        if name in self.context:
            raise UserError(f"[{self.name}] context: {name!r} is there twice.")
        self.context[name] = self._value(kind, value)

    def _value(self, kind: str, value: str) -> Callable[[], Any]:
        match kind:
            case "raw":
                return lambda: value
            case "key":
                found = key(self.buildout, self.options, "context", value)
                return lambda: found
            case "json":
                return lambda: self._json(value)
            case "jsonkey":
                text = key(self.buildout, self.options, "context", value)
                return lambda: self._json(text)
            case "section":
                section = {key: loads(text) for key, text in self.buildout[value.strip()].copy().items()}
                return lambda: section
            case "import":
                return lambda: import_module(value)
        raise UserError(f"[{self.name}] context: {kind!r} is none of {', '.join(KINDS)}.")

    def _json(self, text: str) -> Any:  # noqa: ANN401 - any type that JSON has
        try:
            return json.loads(text)
        except ValueError as error:
            raise UserError(f"[{self.name}] context: {text!r} is no JSON: {error}") from None


def _line(error: BaseException) -> int | None:
    """Return the line of the template that raised error: jinja2 gives its frames the template's own numbers."""
    found = None
    for frame, line in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename == "<template>":
            found = line
    return found
