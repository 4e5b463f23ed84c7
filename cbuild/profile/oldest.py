"""The syntax of buildout's first manual, in files that ask for it: ``dialect = seed`` (LANGUAGE.md, SEED-5 and SEED-6).

It would change what newer files mean (``:`` in URLs, ``;`` in scripts), so nothing but that option turns it on, in the
[buildout] of the file itself, or on the command line for all files.
"""

from __future__ import annotations

import re

from cbuild.errors import ProfileError, together
from cbuild.profile.problems import excerpt
from cbuild.profile.syntax import MAX_REPORTED, Parsed, with_newlines

SEED = "seed"

_HEADER = re.compile(r"\[([^\]]+)\]").match
_OPTION = re.compile(r"([^:=\s][^:=]*)[:=](.*)", re.DOTALL).match
_DIALECT = re.compile(r"dialect\s*[=:]\s*(\S+)").match
_COMMENT = re.compile(r"\s;").search


def asks_for_seed(text: str) -> bool:
    """Return whether a file's [buildout] has ``dialect = seed``."""
    if "dialect" not in text:
        return False
    inside = False
    for line in text.split("\n"):
        if header := _HEADER(line):
            inside = header[1].strip() == "buildout"
        elif inside and (found := _DIALECT(line)):
            return found[1] == SEED
    return False


def parse_seed(text: str, file: str) -> Parsed:
    """Return the sections of text; there are no increments and no conditions in this dialect.

    file: the name for errors. Raises ProfileError ``no-section-header``, ``value-too-large`` or ``parse-error``, with
    every further bad line in its ``others``.
    """
    parsed = Parsed(text=with_newlines(text, file).split("\n"))
    sections: dict[str, dict[str, list[str]]] = {}
    section: dict[str, list[str]] | None = None
    lines: dict[str, int] = {}
    option = ""
    problems: list[ProfileError] = []
    for number, line in enumerate(parsed.text, 1):
        if not line.strip() or line[0] in "#;" or (line[0] in "rR" and line.split(None, 1)[0].lower() == "rem"):
            continue
        if line[0].isspace() and section is not None and option:
            section[option].append(line.strip())
        elif header := _HEADER(line):
            section = sections.setdefault(header[1], {})
            lines = parsed.lines.setdefault(header[1], {})
            parsed.headers.setdefault(header[1], number)
            option = ""
        elif section is None:
            raise _bad("no-section-header", f"{file} has text before its first section.", file, line, number)
        elif found := _OPTION(line):
            option = found[1].rstrip().lower()
            section[option] = [_value(found[2])]
            lines[option] = number
        elif len(problems) < MAX_REPORTED:
            problems.append(_bad("parse-error", f"{file} has a line that can't be read.", file, line, number))
    if problems:
        raise together(problems)
    for name, options in sections.items():
        joined = {option: "\n".join(value) for option, value in options.items()}
        parsed.sections[name] = {option: "" if value == '""' else value for option, value in joined.items()}
    return parsed


def _value(text: str) -> str:
    value = text.strip()
    comment = None if value.startswith(";") else _COMMENT(value)
    return value[: comment.start()].rstrip() if comment else value


def _bad(reason: str, brief: str, file: str, line: str, number: int) -> ProfileError:
    return ProfileError(
        brief,
        reason=reason,
        details=excerpt(line, 1),
        file=file,
        line=number,
        column=1,
        resolution="Lines are [section], `name = value` or `name: value`, indented continuations, # ; or rem comments.",
    )
