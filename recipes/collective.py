"""collective.recipe.template: a file with ``${option}`` and ``${section:option}`` replaced (SLAPOS.md 1.4)."""

from __future__ import annotations

import re

from cbuild.recipe.api import Buildout, Options, Source, UserError
from recipes import files
from recipes.template import decoded, mode, output, written

TRUE = ("y", "yes", "1", "true")

_OWN = re.compile(r"\$\{([^:]+?)\}")
# This recipe knows no escape: in `$${a:b}` there is a dollar and a reference.
_DOLLARS = re.compile(r"(?<=\$)(?=\$\{)")


class Recipe:
    """Options: input (a file, or ``inline:`` and the text), inline or url; output, mode, the encodings, overwrite."""

    def __init__(self, buildout: Buildout, name: str, options: Options) -> None:
        self.name = name
        self.options = options
        self.inline, self.source = self._input(buildout)
        self.output = output(buildout, options)
        self.mode = mode(options)
        self.overwrite = options.get("overwrite", "true").strip().lower() in TRUE
        text = _OWN.sub(r"${:\1}", self._text())
        self.rendered = "".join(buildout.substitute(piece, name) for piece in _DOLLARS.split(text))

    def install(self) -> list[str]:
        """Write the result; leave a file that is there alone if overwrite says so."""
        if not self.overwrite and self.output.is_file():
            return []
        made = written(self.output, self.rendered.encode(self._encoding("output-encoding")), self.mode)
        return made if self.overwrite else []

    update = install

    def _input(self, buildout: Buildout) -> tuple[str, Source | None]:
        given = [option for option in ("input", "inline", "url") if option in self.options]
        if not given or (len(given) > 1 and "input" in given):
            raise UserError(f"[{self.name}] needs one of input, inline and url, and not both.")
        if "inline" in given:
            return self.options["inline"].lstrip(), None
        where = self.options[given[0]].strip()
        if where.startswith("inline:"):
            return where.removeprefix("inline:").lstrip(), None
        return "", files.declare(buildout, where, self.options.get("md5sum"))

    def _text(self) -> str:
        if self.source is None:
            return self.inline
        return decoded(self.source, self._encoding("input-encoding"), f"[{self.name}] input")

    def _encoding(self, option: str) -> str:
        return self.options.get(option, "").strip() or "utf-8"
