"""All files of a profile to one set of sections (LANGUAGE.md, EXT-2 and INC).

zc.buildout lists the files depth first, a file after what it extends, *with repetitions*, and folds that list. The
list of a real profile has hundreds of thousands of entries, and can have any number. So it is never made: of an option
that is only ever assigned, the file whose last place in the list is the latest decides; for options with ``+=`` or
``-=`` the sequence of what is said about them is put together file by file.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cbuild.errors import ProfileError
from cbuild.profile.syntax import Increment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cbuild.profile.extends import File

MAX_MENTIONS = 500_000
"""So many places in the list may change one option; a profile whose files double at every level is refused."""

MAX_VALUE = 1 << 26

Sections = dict[str, dict[str, str]]
Key = tuple[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Mention:
    """What one file says about an option."""

    file: File
    assign: str | None
    change: Increment | None


_Sequences = dict[Key, tuple[Mention, ...]]


@dataclass(frozen=True)
class Merged:
    """The result: sections (``name +`` and ``name -`` are increments that wait for a macro parent, MAC-6).

    order: the files, those that win last. sequences: for options with increments, what counts, in order.
    """

    sections: Sections
    order: tuple[File, ...]
    sequences: Mapping[Key, tuple[Mention, ...]]


def merge(root: File, *, once: bool = False) -> Merged:
    """Fold the files that root is made of.

    once: each file counts at its first place only, as in SlapOS's fork today (SLP-13); otherwise at each place, as in
    zc.buildout 6. Raises ProfileError ``value-too-large``.
    """
    first = _first_places(root)
    order = first if once else _last_places(root)
    sections: Sections = {}
    for file in order:
        for section, options in file.parsed.sections.items():
            known = sections.get(section)
            if known is None:
                sections[section] = dict(options)
            else:
                known.update(options)
    changed: dict[str, set[str]] = {}
    births: dict[str, File] = {}
    for file in first:
        for section in file.parsed.sections:
            births.setdefault(section, file)
        for section, names in file.parsed.increments.items():
            changed.setdefault(section, set()).update(names)
    finished = _finished(root)
    counts = {} if once else _counts(finished)
    sequences = _each_once(order, changed) if once else _with_repetitions(finished, changed)
    for key, sequence in sequences.items():
        birth = births[key[0]]
        _fold(sections[key[0]], key, sequence, birth, single=counts.get(id(birth), 1) == 1)
    return Merged(sections, tuple(order), sequences)


def overlay(sections: Sections, above: Mapping[str, Mapping[str, str]]) -> None:
    """Put the options of a finished result over sections."""
    for section, options in above.items():
        sections.setdefault(section, {}).update(options)


def apply(base: str | None, assign: str | None, change: Increment | None) -> str:
    """Return the value that an assignment and then increments make of base (INC-2); None is no value."""
    value = assign if assign is not None else base or ""
    if change is None:
        return value
    if change.add is not None:
        value = f"{value}\n{change.add}"
    if change.remove is not None:
        gone = set(change.remove.split("\n"))
        value = "\n".join([line for line in value.split("\n") if line not in gone])
    return value


def _fold(options: dict[str, str], key: Key, sequence: tuple[Mention, ...], birth: File, *, single: bool) -> None:
    """Set an option with increments to what sequence makes of it.

    birth: the file that has the section first: there ``+=`` assigns (INC-5) or, if the section has a macro parent,
    waits for it (MAC-6). single: whether birth has one place only in the list.
    """
    section, name = key
    macro = "<" in birth.parsed.sections[section]
    value: str | None = None
    head = sequence[0]
    if head.file is birth and (head.assign is None or single):
        sequence = sequence[1:]
        value = head.assign if macro else _born(head)
    for mention in sequence:
        value = apply(value, mention.assign, mention.change)
        if len(value) > MAX_VALUE:
            raise _too_large(key)
    if value is None:
        options.pop(name, None)
    else:
        options[name] = value
    waiting = birth.parsed.increments.get(section, {}).get(name) if macro else None
    if waiting is not None:
        if waiting.add is not None:
            options[f"{name} +"] = waiting.add
        if waiting.remove is not None:
            options[f"{name} -"] = waiting.remove


def _born(head: Mention) -> str:
    """Return what an option of a section that is new starts with (INC-5)."""
    if head.assign is not None or head.change is None:
        return apply(None, head.assign, head.change)
    return apply(None, head.change.add or "", Increment(None, head.change.remove))


def _too_large(key: Key) -> ProfileError:
    section, name = key
    return ProfileError(
        f"The increments of [{section}] {name} add up to more than can be meant.",
        reason="value-too-large",
        section=section,
        option=name,
        resolution="Files that extend one another more than once repeat their +=;"
        " `extends-once = true` in [buildout] counts each file once.",
    )


def _first_places(root: File) -> list[File]:
    """Return the files in the order of their first places in the list."""
    return _walk(root, lambda file: [*file.before, None, *file.after])


def _last_places(root: File) -> list[File]:
    """Return the files in the order of their last places: the first ones of the list read backwards, reversed."""
    return _walk(root, lambda file: [*reversed(file.after), None, *reversed(file.before)])[::-1]


def _finished(root: File) -> list[File]:
    """Return the files, each after all that it refers to."""
    return _walk(root, lambda file: [*file.before, *file.after, None])


def _walk(root: File, steps: Callable[[File], list[File | None]]) -> list[File]:
    """Return the files in the order in which a walk that enters each one once meets them; None is the file itself."""
    out: list[File] = []
    seen: set[int] = set()
    stack: list[tuple[File, bool]] = [(root, False)]
    while stack:
        file, own = stack.pop()
        if own:
            out.append(file)
        elif id(file) not in seen:
            seen.add(id(file))
            stack.extend((file, True) if step is None else (step, False) for step in reversed(steps(file)))
    return out


def _counts(finished: list[File]) -> dict[int, int]:
    """Return how many places each file has in the list."""
    counts = {id(finished[-1]): 1}
    for file in reversed(finished):
        for item in (*file.before, *file.after):
            counts[id(item)] = counts.get(id(item), 0) + counts[id(file)]
    return counts


def _own(file: File, changed: Mapping[str, set[str]]) -> _Sequences:
    """Return what one file says about the options that have increments somewhere."""
    own: _Sequences = {}
    for section, options in file.parsed.sections.items():
        names = changed.get(section)
        if names is None:
            continue
        increments = file.parsed.increments.get(section, {})
        for name in (*options, *increments):
            if name in names:
                own[section, name] = (Mention(file, options.get(name), increments.get(name)),)
    return own


def _append(to: _Sequences, more: _Sequences) -> None:
    """Append what more says; an assignment makes all that was said before it void."""
    for key, sequence in more.items():
        if sequence[0].assign is not None or key not in to:
            to[key] = sequence
        else:
            to[key] += sequence
            if len(to[key]) > MAX_MENTIONS:
                raise _too_large(key)


def _with_repetitions(finished: list[File], changed: Mapping[str, set[str]]) -> _Sequences:
    """Return the sequences over the list with repetitions, each cut before its last assignment."""
    said: dict[int, _Sequences] = {}
    mentions = Counter(id(item) for file in finished for item in (*file.before, *file.after))
    for file in finished:
        before = file.before
        # A base that is mentioned here only needs no copy: a chain of files would copy ever more.
        alone = bool(before) and mentions[id(before[0])] == 1
        result: _Sequences = said.pop(id(before[0])) if alone else {}
        for item in before[alone:]:
            _append(result, said[id(item)])
        _append(result, _own(file, changed))
        for item in file.after:
            _append(result, said[id(item)])
        said[id(file)] = result
    return said[id(finished[-1])]


def _each_once(order: list[File], changed: Mapping[str, set[str]]) -> _Sequences:
    """Return the sequences over a list without repetitions."""
    result: _Sequences = {}
    for file in order:
        _append(result, _own(file, changed))
    return result
