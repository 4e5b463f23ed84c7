"""References to values: ``${section:option}``, the order of parts, and what recipes see (LANGUAGE.md, SUB and PRT).

Sections are resolved when they are asked for, each once, in zc.buildout's order. References can be nested as deep as a
profile likes: the work is done by generators on a list of our own, never by Python's recursion.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Generator, Iterable, Mapping, MutableMapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar, cast

from cbuild.errors import CbuildError, ProfileError
from cbuild.profile.added import sections_of
from cbuild.profile.blame import Blame, Label
from cbuild.profile.builtin import IMAGE_DIRECTORY, check
from cbuild.profile.directories import EVERY as EVERY_DIRECTORY
from cbuild.profile.directories import Directories
from cbuild.profile.locate import Locator, bad_reference
from cbuild.profile.macros import Macros
from cbuild.profile.section import Options, Section
from cbuild.profile.syntax import DEPENDENCIES

if TYPE_CHECKING:
    from cbuild.profile.load import Profile
    from cbuild.profile.origins import Origin

MAX_VALUE = 1 << 24
MAX_TOTAL = 1 << 28
"""Characters: of one value, and of all values together; a reference bomb is refused when it gets there."""

SECTION_NAME = "_buildout_section_name_"

Initialize = Callable[[str, MutableMapping[str, str]], None]
Task = Generator[Any, Any, Any]
_E = TypeVar("_E", bound=CbuildError)

_REFERENCE = re.compile(r"\$\{([^}]*)\}").finditer
_VALID = re.compile(r"([-a-zA-Z0-9 ._]*):([-a-zA-Z0-9 ._]+)").fullmatch


class Resolver:
    """Resolves a profile.

    defaults: built-in options of [buildout], below the profile's own. initialize: called once for a section that has a
    recipe, with its name and its options, when they are resolved and before anything that refers to it is; what it
    sets is what references see. Without it, a reference to an option that only the recipe would set stands as
    ``@@section:option@@``. lazy: resolve options each on its own, and initialise nothing (for annotate).
    """

    def __init__(
        self,
        profile: Profile,
        defaults: Mapping[str, str],
        initialize: Initialize | None = None,
        *,
        lazy: bool = False,
    ) -> None:
        self._raw: dict[str, MutableMapping[str, str]] = {
            name: dict(options) for name, options in profile.sections.items()
        }
        buildout = self._raw["buildout"] = {**defaults, **self._raw.get("buildout", {})}
        self._explicit_versions = "versions" in profile.sections.get("buildout", {})
        self._initialize = initialize
        self._lazy = lazy
        self._macros = Macros(self._raw)
        self._locator = Locator(profile, self._macros)
        host = str(profile.directory)
        self._directories = Directories(host, defaults.get("directory", host), self._set_in(profile))
        self._placed(lambda: self._directories.settle(buildout))
        self._sections: dict[str, Section] = {}
        self._failed: dict[str, ProfileError] = {}
        self._bad: dict[Label, ProfileError] = {}
        self._opening: list[str] = []
        self._asking: list[str] = []
        self._trail: list[Label] = []
        self._blame = Blame(
            self._locator, self._raw, self._trail, self._asking, recipes_run=initialize is not None
        )  # fmt: skip
        self._references: dict[str, dict[str, None]] = {}
        self._total = 0
        self._started = False
        self.parts: list[str] = []
        self.added: list[str] = []
        """Sections that recipes have added."""

    @staticmethod
    def _set_in(profile: Profile) -> Callable[[str], str | None]:
        def set_in(option: str) -> str | None:
            if option not in profile.sections.get("buildout", {}):
                return None
            found = profile.origins["buildout"].get(option)
            return found[-1].file if found and found[-1].line else None

        return set_in

    def names(self) -> list[str]:
        """Return the names of all sections."""
        return list(self._raw)

    @property
    def references(self) -> Mapping[str, Sequence[str]]:
        """Return, for each section, those that it referred to directly, in the order in which it first did.

        What a recipe asks for in its constructor counts; parents (``<``) don't.
        """
        return {name: tuple(found) for name, found in self._references.items()}

    def referred(self, section: str) -> Iterable[str]:
        """Return the sections that one referred to directly (see references)."""
        return self._references.get(section, ())

    def section_origins(self, section: str) -> Mapping[str, tuple[Origin, ...]]:
        """Return where the options of a section that is known come from, inherited parts first."""
        return self._locator.of_section(section)

    def origins(self, section: str, option: str) -> tuple[Origin, ...]:
        """Return where an option comes from, inherited parts first; nothing for what no file has."""
        return self._locator.origins(section, option)

    def placed(self, error: _E, spot: str = "") -> _E:
        """Fill in where the section and option are that an error is about, and return it; spot: in the value."""
        return self._locator.place(error, spot)

    def section(self, name: str) -> Options:
        """Return a section's resolved options, initialising it (and before it all that it refers to) if need be.

        Raises ProfileError: ``missing-section``, ``missing-option``, ``bad-reference``, ``circular-reference``,
        ``circular-macro``, ``value-too-large``, and what the options of [buildout] may be wrong in.
        """
        if self._asking and self._asking[-1] != name:
            self._refer(self._asking[-1], name)
        self._start()
        return Options(self._known(name) or self._opened(name), self.value)

    def raw(self, section: str) -> Mapping[str, str]:
        """Return a section before inheritance and references; [buildout] with its defaults. KeyError for none."""
        return self._raw[section]

    def on_host(self, path: str) -> str:
        """Return the path on the host that a path in the buildout directory of the image stands for."""
        return self._directories.on_host(path)

    def link(self, word: str) -> str:
        """Return a word of ``find-links``: directories and files are relative to the buildout directory."""
        return word if "://" in word else self.on_host(posixpath.join(IMAGE_DIRECTORY, word))

    def absolute(self, option: str, path: str) -> str:
        """Return a path on the host that an option of [buildout] names, relative to the file that sets it.

        ProfileError ``ambiguous-directory`` for a relative one in a remote file.
        """
        try:
            return self._directories.absolute(option, path)
        except ProfileError as error:
            raise self.placed(error) from None

    def expanded(self, section: str) -> Mapping[str, str]:
        """Return a section that is known, with what it inherits, before references."""
        return self._sections[section].raw

    def settings(self) -> Options:
        """Return [buildout], with its switches and levels checked; ProfileError for what is wrong with any of them."""
        options = self.section("buildout")
        self._placed(lambda: check(options))
        return options

    def option(self, section: str, option: str) -> str:
        """Return one option; ProfileError ``missing-option`` if there is none."""
        try:
            return self.section(section)[option]
        except KeyError:
            raise self._blame.missing_option(section, option, self._names_in(section)) from None

    def stored(self, section: str, option: str) -> str:
        """Return one option as references get it: with ``$${``."""
        try:
            return self.section(section).stored(option)
        except KeyError:
            raise self._blame.missing_option(section, option, self._names_in(section)) from None

    def substitute(self, text: str, section: str) -> str:
        """Return text with its references replaced and ``$${`` turned into ``${``; ``${:x}`` is section's."""
        self._start()
        known = self._known(section) or self._run(self._open(section))
        text = self._run(self._text(text, known, {}))
        return text.replace("$${", "${")

    def initialise(self, parts: Iterable[str] | None = None) -> list[str]:
        """Initialise parts (default: those of [buildout] parts) and what they need; return all in order (PRT-3)."""
        if parts is None:
            parts = self.option("buildout", "parts").split()
        for name in parts:
            if "recipe" not in self.section(name):
                raise self._blame.missing_option(name, "recipe", self._names_in(name))
        return self.parts

    def add(self, name: str, options: Mapping[str, str]) -> None:
        """Add a section, as a recipe's constructor may (RCP-6), and initialise it."""
        self._put({name: dict(options)})

    def parse(self, text: str, file: str) -> list[str]:
        """Add the sections in a profile's text, as a recipe's constructor may (RCP-6); initialise and return them.

        file: the text's name in errors: those of cbuild.profile.syntax.parse, ``section-exists``, and a section's own.
        """
        found = sections_of(text, file)
        self._put(found)
        return list(found)

    def _put(self, sections: Mapping[str, dict[str, str]]) -> None:
        if known := [name for name in sections if name in self._raw]:
            raise ProfileError(
                f"There is a section [{known[0]}] already.",
                reason="section-exists",
                section=known[0],
                resolution="Give one of the two another name.",
            )
        self._raw.update(sections)
        self.added += sections
        for name in sections:
            self.section(name)

    def value(self, section: Section, option: str) -> str | None:
        """Return an option of a section that is known, None if it has none."""
        found: str | None = section.plain(option)
        if found is not None:
            return found
        text = section.cooked.get(option, section.raw.get(option))
        if text is None:
            return None
        found = self._at_once(text, section)
        if found is None:
            return self._run(self._option(section, option, {}))  # type: ignore[no-any-return]  # it is an option's value
        section.data[option] = found
        return found

    def _names_in(self, section: str) -> list[str]:
        known = self._sections.get(section)
        return [*known.raw, *known.data] if known else list(self._raw.get(section, {}))

    def _start(self) -> None:
        """Resolve [buildout] and the section of versions before anything else (PRT-3)."""
        if self._started:
            return
        self._started = True
        buildout = self._run(self._open("buildout"))
        options = Options(buildout, self.value)
        if self._lazy:
            self._settle_what_can_be(buildout)
            return
        self._placed(lambda: self._directories.settle(options))
        self._directories.name_state_file(options)
        self._placed(lambda: check(options))
        versions = self.value(buildout, "versions")
        if versions and versions in self._raw:
            self._run(self._open(versions))
        elif versions and self._explicit_versions:
            raise self._blame.missing_section(versions, "versions")

    def _settle_what_can_be(self, buildout: Section) -> None:
        """Make directories absolute that have references; what doesn't resolve is an error for who asks for it."""
        known: dict[str, str] = {}
        for name in (*EVERY_DIRECTORY, "installed"):
            with suppress(ProfileError):
                value = self.value(buildout, name)
                known |= {name: value} if value is not None else {}
        self._placed(lambda: self._directories.settle(known))
        self._directories.name_state_file(known)
        buildout.data.update(known)

    def _placed(self, action: Callable[[], None]) -> None:
        """Do something to [buildout]; an error, and each of the others in it, gets its place."""
        try:
            action()
        except ProfileError as error:
            for each in (error, *error.others):
                self._locator.place(cast("ProfileError", each))
            raise

    def _known(self, name: str) -> Section | None:
        if name in self._failed:
            raise self._failed[name].with_traceback(None)
        return self._sections.get(name)

    def _refer(self, by: str, to: str) -> None:
        if by != to:
            self._references.setdefault(by, {})[to] = None

    def _run(self, task: Task) -> Any:  # noqa: ANN401 - what the task returns
        """Run a task and the tasks that it asks for, on a list instead of Python's stack."""
        stack = [task]
        marks = len(self._trail), len(self._opening)
        value: object = None
        try:
            while stack:
                try:
                    asked = stack[-1].send(value)
                except StopIteration as stop:
                    stack.pop()
                    value = stop.value
                else:
                    stack.append(asked)
                    value = None
        except BaseException as error:
            for item in reversed(stack):
                item.close()
            self._note_failure(error, self._opening[marks[1] :], self._trail[marks[0] :])
            raise
        finally:
            del self._trail[marks[0] :]
            del self._opening[marks[1] :]
        return value

    def _opened(self, name: str) -> Section:
        """Return a section that isn't known yet: see _open."""
        if self._lazy and name in self._raw:
            return self._expanded(name)
        section: Section = self._run(self._open(name))
        return section

    def _expanded(self, name: str) -> Section:
        try:
            section = self._sections[name] = Section(name, self._macros.expand(name))
        except ProfileError as error:
            raise self._locator.place(error) from None
        return section

    def _note_failure(self, error: BaseException, sections: Iterable[str], options: Iterable[Label]) -> None:
        """Remember what failed: it would fail again, and be looked for again by all that refer to it."""
        for name in sections:
            self._sections.pop(name, None)
            if isinstance(error, ProfileError):
                self._failed[name] = error
        if self._lazy and isinstance(error, ProfileError):
            self._bad.update(dict.fromkeys(options, error))

    def _open(self, name: str) -> Task:
        """Make a section known; unless lazy, resolve all its options and initialise its recipe (PRT-3, PRT-4)."""
        if name not in self._raw:
            raise self._blame.missing_section(name)
        section = self._expanded(name)
        if self._lazy:
            return section
        self._opening.append(name)
        for option in sorted(section.raw):
            value = section.raw.get(option, "")
            if "${" not in value:
                continue
            found = self._at_once(value, section)
            if found is None:
                self._trail.append((name, option))
                found = yield self._text(value, section, {(name, option): None})
                self._trail.pop()
            section.cooked[option] = found
        if name != "buildout":
            yield self._initialise(section)
        self._opening.pop()
        return section

    def _initialise(self, section: Section) -> Task:
        name = section.name
        for other in ((yield self._option(section, DEPENDENCIES, {})) or "").split():
            self._refer(name, other)
            if self._known(other) is None:
                self._trail.append((name, DEPENDENCIES))
                yield self._open(other)
                self._trail.pop()
        if not (yield self._option(section, "recipe", {})):
            return
        if self._initialize is not None:
            self._asking.append(name)
            try:
                self._initialize(name, Options(section, self.value))
            finally:
                self._asking.pop()
        self.parts.append(name)

    def _option(self, section: Section, option: str, seen: dict[Label, None]) -> Task:
        """Return an option's value or None. seen: the options whose values are being put together."""
        value = section.data.get(option)
        if value is not None:
            return value
        value = section.cooked.get(option)
        if value is None:
            value = section.raw.get(option)
        if value is None:
            return None
        if "${" in value:
            label = (section.name, option)
            if label in self._bad:
                raise self._bad[label].with_traceback(None)
            if label in seen:
                raise self._blame.circular([*seen, label])
            seen[label] = None
            self._trail.append(label)
            value = yield self._text(value, section, seen)
            self._trail.pop()
            del seen[label]
        section.data[option] = value
        return value

    def _at_once(self, text: str, section: Section) -> str | None:
        """Return text with its references replaced if nothing has to be done for any of them, else None.

        That is the short way for nearly all texts; what is special in any way is left to ``_text``.
        """
        if "$$" in text:
            return None
        known: dict[str, str | None] = {}
        out: list[str] = []
        at = length = 0
        for found in _REFERENCE(text, 0, text.rfind("}") + 1):
            reference = found[1]
            if reference not in known:
                known[reference] = self._plain(reference, section)
            value = known[reference]
            if value is None:
                return None
            out += (text[at : found.start()], value)
            at = found.end()
            length += len(value)
        if length > MAX_VALUE or self._total + length > MAX_TOTAL:
            return None
        self._total += length
        return "".join(out) + text[at:]

    def _plain(self, reference: str, section: Section) -> str | None:
        """Return what a reference stands for if it is known already and refers to nothing itself, else None."""
        valid = _VALID(reference)
        if valid is None:
            return None
        name = valid[1] or section.name
        target = section if name == section.name else self._sections.get(name)
        if target is None:
            return None
        self._refer(section.name, name)
        return target.plain(valid[2])

    def _text(self, text: str, section: Section, seen: dict[Label, None]) -> Task:
        """Return text with its references replaced; what follows ``$$`` is none (SUB-4)."""
        pieces = text.split("$$")
        known: dict[str, str] = {}
        for index, piece in enumerate(pieces):
            end = piece.rfind("}") + 1
            if "${" not in piece or not end:
                continue
            out: list[str] = []
            at = 0
            for found in _REFERENCE(piece, 0, end):
                out.append(piece[at : found.start()])
                at = found.end()
                reference = found[1]
                value = known.get(reference)
                if value is None:
                    value = known[reference] = yield self._reference(reference, section, seen)
                out.append(value)
                self._spend(len(value))
            out.append(piece[at:])
            pieces[index] = "".join(out)
        return "$$".join(pieces)

    def _reference(self, reference: str, section: Section, seen: dict[Label, None]) -> Task:
        valid = _VALID(reference)
        if valid is None:
            raise self._blame.at_trail(bad_reference(reference), f"${{{reference}}}")
        name, option = valid[1] or section.name, valid[2]
        self._refer(section.name, name)
        target = section if name == section.name else self._known(name)
        if target is None:
            target = yield self._open(name)
        value = target.data.get(option)
        if value is None:
            value = yield self._option(target, option, seen)
        if value is not None:
            return value
        if option == SECTION_NAME:
            return section.name
        if self._initialize is None and target.raw.get("recipe"):
            return f"@@{name}:{option}@@"
        raise self._blame.missing_option(name, option, [*target.raw, *target.data], reference)

    def _spend(self, length: int) -> None:
        self._total += length
        if length > MAX_VALUE or self._total > MAX_TOTAL:
            raise self._blame.too_large()
