"""A profile's text to sections, with the position of everything (LANGUAGE.md, SYN and CND)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cbuild.errors import ProfileError, together
from cbuild.profile.conditions import holds
from cbuild.profile.expression import ExpressionError
from cbuild.profile.facts import BUILDER_FACTS, Facts
from cbuild.profile.problems import excerpt

if TYPE_CHECKING:
    from collections.abc import Mapping

DEPENDENCIES = "<part-dependencies>"
"""The option that a line ``=> a b`` sets (SYN-11)."""

BASE_LOCATION = "_profile_base_location_"
MAX_REPORTED = 20
MAX_LINES = 1_000_000

_NAME = re.compile(r"\s*([^\s#\[\]:;{}]+)\s*").match
_OPTION_NAME = re.compile(r"[^\s{}\[\]=:]+").fullmatch
_BLANK_LINES = re.compile(r"\A(?:[^\S\n]*\n)+")
_INDENT = re.compile(r"[ \t]*").match


@dataclass(frozen=True)
class Increment:
    """What ``+=`` and ``-=`` of one option say in one file; None where there is none (INC-3: ``+=`` goes first)."""

    add: str | None = None
    remove: str | None = None


@dataclass
class Parsed:
    """One file's sections.

    sections: plain assignments; a section that the file has is there even if it is empty. increments: the ``+=`` and
    ``-=``. lines: the line (from 1) of each option's last mention. headers: the line of each section's first header.
    text: the file's lines, for pointing into them.
    """

    sections: dict[str, dict[str, str]] = field(default_factory=dict)
    increments: dict[str, dict[str, Increment]] = field(default_factory=dict)
    lines: dict[str, dict[str, int]] = field(default_factory=dict)
    headers: dict[str, int] = field(default_factory=dict)
    text: list[str] = field(default_factory=list)


def decode(data: bytes, file: str) -> str:
    """Return data as text: UTF-8, no byte order mark (SYN-1)."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ProfileError(
            f"{file} is not UTF-8 text.",
            reason="not-text",
            details=str(error),
            file=file,
            line=line,
            resolution="Save the file as UTF-8.",
        ) from None
    if text.startswith("\ufeff"):
        raise ProfileError(
            f"{file} starts with a byte order mark.",
            reason="no-section-header",
            file=file,
            line=1,
            column=1,
            resolution="Save the file as UTF-8 without a byte order mark.",
        )
    return text


def parse(text: str, file: str, facts: Facts = BUILDER_FACTS) -> Parsed:
    """Return the sections of text; sections whose condition is false are left out.

    file: the name for errors. Raises ProfileError with the reason ``no-section-header``, ``parse-error``,
    ``bad-condition``, ``bad-option-name`` or ``value-too-large``; every further mistake is in its ``others``.
    """
    return _Parser(file, facts).parse(with_newlines(text, file))


def with_newlines(text: str, file: str) -> str:
    """Return text with universal newlines (SYN-1); ProfileError ``value-too-large`` if it has more than MAX_LINES."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.count("\n") > MAX_LINES:
        raise ProfileError(
            f"{file} has more than {MAX_LINES} lines.",
            reason="value-too-large",
            file=file,
            resolution="A profile extends others: spread it over several files.",
        )
    return text


def print_sections(sections: Mapping[str, Mapping[str, str]]) -> str:
    """Return a profile whose parsing gives sections (for values that parsing can give: SYN-7)."""
    out = []
    for section, options in sections.items():
        out.append(f"[{section}]\n")
        for name, value in options.items():
            out.append(f"{name} ={_print_value(value)}\n")
    return "".join(out)


def _print_value(value: str) -> str:
    if not value:
        return ""
    lines = value.split("\n")
    flow = all(line and line == line.strip() for line in lines)
    if flow:
        return " " + "\n  ".join(lines)
    return "\n" + "\n".join(f"  {line}" if line else "" for line in lines)


def _dedent(value: str) -> str:
    """Return a block value without its common indentation and its leading blank lines (as textwrap.dedent)."""
    lines = value.rstrip().split("\n")
    filled = [line for line in lines if line]
    if not filled:
        return ""
    first, last = min(filled), max(filled)
    found = _INDENT(first)
    width = found.end() if found else 0
    while not last.startswith(first[:width]):
        width -= 1
    return _BLANK_LINES.sub("", "\n".join([line[width:] for line in lines]))


class _Parser:
    """The state while one file is read line by line."""

    def __init__(self, file: str, facts: Facts) -> None:
        self.file = file
        self.facts = facts
        self.parsed = Parsed()
        self.raw: dict[str, dict[str, str | list[str]]] = {}
        self.problems: list[ProfileError] = []
        self.more = 0
        self.section: dict[str, str | list[str]] | None = None
        self.lines: dict[str, int] = {}
        self.skipping = False
        self.option: str | None = None
        self.block = False

    def parse(self, text: str) -> Parsed:
        lines = self.parsed.text = text.split("\n")
        if lines and not lines[-1]:
            lines = lines[:-1]
        for number, line in enumerate(lines, 1):
            first = line[:1]
            if first in {"#", ";"}:
                continue
            if (not first or first.isspace()) and self.option is not None:
                self._continue(line)
            elif first == "[" and self._header(line, number):
                pass
            else:
                self._option(line, number)
        if self.problems:
            if self.more:
                self.problems[-1].details += f"\nand {self.more} more mistakes in this file"
            raise together(self.problems)
        self._finish()
        return self.parsed

    def _continue(self, line: str) -> None:
        line = line.rstrip() if self.block else line.strip()
        if not self.skipping and (self.block or line):
            self._pieces().append(line)

    def _pieces(self) -> list[str]:
        """Return the lines of the option that is being read; nearly all options have but one, kept as it is."""
        if self.section is None or self.option is None:  # pragma: no cover - asked for after an option only
            return []
        value = self.section[self.option]
        if isinstance(value, str):
            value = self.section[self.option] = [value]
        return value

    def _header(self, line: str, number: int) -> bool:
        found = split_header(line)
        if found is None:
            return False
        name, expression = found
        self.skipping = False
        self.option = None
        if expression:
            try:
                self.skipping = not holds(expression, self.facts)
            except ExpressionError as error:
                self.skipping = True
                self._bad_condition(name, str(error), line, number)
        if self.skipping:
            # A file may start with a section that doesn't hold: its options are no options before the first header.
            if self.section is None:
                self.section = {}
            return True
        self.section = self.raw.setdefault(name, {})
        self.lines = self.parsed.lines.setdefault(name, {})
        self.parsed.headers.setdefault(name, number)
        return True

    def _option(self, line: str, number: int) -> None:
        if self.section is None:
            if line.strip():
                self._no_header(line, number)
            return
        if line[:2] == "=>":
            line = f"{DEPENDENCIES} = {line[2:]}"
        head, equals, value = line.partition("=")
        operator = head[-1:] if head[-1:] in {"+", "-"} else ""
        name = head[:-1].rstrip() if operator else head.rstrip()
        if not equals or not _OPTION_NAME(name):
            if self.option is not None or line.strip():
                self._bad_line(line, number)
            return
        if name[-1] in "+-":
            self._bad_name(name, number)
        if self.skipping:
            self.option = name
            return
        self._assign(self.section, name, operator, value.strip())
        self.lines[f"{name} {operator}" if operator else name] = number

    def _assign(self, section: dict[str, str | list[str]], name: str, operator: str, value: str) -> None:
        self.block = not value
        key = self.option = f"{name} {operator}" if operator else name
        if not operator:
            # An assignment overrides the increments above it in the file (INC-4 b).
            section.pop(f"{name} +", None)
            section.pop(f"{name} -", None)
        if not operator or key not in section:
            section[key] = value
            return
        pieces = self._pieces()
        while len(pieces) > 1 and not pieces[-1].strip():
            pieces.pop()
        pieces[-1] = pieces[-1].rstrip()
        if value:
            pieces.append(value)

    def _finish(self) -> None:
        """Join the values' lines and set increments apart from assignments."""
        for section, options in self.raw.items():
            plain = self.parsed.sections[section] = {}
            changes: dict[str, dict[str, str]] = {}
            for key, pieces in options.items():
                value = pieces if isinstance(pieces, str) else "\n".join(pieces)
                if value[:1].isspace():
                    value = _dedent(value)
                if key[-2:] in {" +", " -"}:
                    changes.setdefault(key[:-2], {})[key[-1]] = value
                else:
                    plain[key] = value
            if changes:
                self.parsed.increments[section] = {
                    name: Increment(change.get("+"), change.get("-")) for name, change in changes.items()
                }

    def _no_header(self, line: str, number: int) -> None:
        raise ProfileError(
            f"{self.file} has text before its first section.",
            reason="no-section-header",
            details=excerpt(line, 1),
            file=self.file,
            line=number,
            column=1,
            resolution="Start the file with a header such as [buildout].",
        )

    def _problem(self, error: ProfileError) -> None:
        """Keep a mistake for the end: the lines after it may have more."""
        if len(self.problems) < MAX_REPORTED:
            self.problems.append(error)
        else:
            self.more += 1

    def _bad_condition(self, name: str, problem: str, line: str, number: int) -> None:
        column = line.index(":") + 2
        self._problem(
            ProfileError(
                f"The condition of [{name}] can't be evaluated: {problem.rstrip('.?')}.",
                reason="bad-condition",
                details=excerpt(line, column),
                file=self.file,
                line=number,
                column=column,
                section=name,
                resolution="Conditions are environment markers, or Python with sys, os, platform, re and names"
                " such as linux, bits64 or python3; they describe the builder (docs/profile.md).",
            )
        )

    def _bad_name(self, name: str, number: int) -> None:
        self._problem(
            ProfileError(
                f"An option's name can't end in {name[-1]!r}: {name[:200]}",
                reason="bad-option-name",
                file=self.file,
                line=number,
                column=len(name),
                option=name[:200],
                details=excerpt(name, len(name)),
                resolution="Write `name += value`, with the operator at the `=`.",
            )
        )

    def _bad_line(self, line: str, number: int) -> None:
        self._problem(
            ProfileError(
                f"{self.file} has a line that can't be read.",
                reason="parse-error",
                details=excerpt(line, len(line) - len(line.lstrip()) + 1),
                file=self.file,
                line=number,
                column=1,
                resolution=_advice(line),
            )
        )


def split_header(line: str) -> tuple[str, str] | None:
    """Return name and condition of a section header, None if line is none (SYN-4, CND-1)."""
    found = _NAME(line, 1)
    if found is None:
        return None
    rest = line[found.end() :]
    if rest[:1] == ":":
        end = min((at for at in (rest.find("#"), rest.find(";")) if at >= 0), default=len(rest))
        body = rest[1:end].rstrip()
        return (found[1], body[:-1]) if body[-1:] == "]" else None
    if rest[:1] != "]":
        return None
    tail = rest[1:].lstrip()
    return (found[1], "") if not tail or tail[0] in "#;" else None


def _advice(line: str) -> str:
    if line[:1].isspace():
        return "A line that continues a value must follow an option."
    if line.startswith("["):
        return "A header is [name] or [name:condition]; names have no blanks and none of # [ ] : ; { }."
    if "=" not in line and ":" in line:
        return "Options are written name = value; there is no name: value."
    return "Lines are [section] headers, name = value (also += and -=), indented continuations, or # comments."
