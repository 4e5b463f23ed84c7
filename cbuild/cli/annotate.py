"""cbuild annotate: every section and option, resolved without running recipes, and where each value comes from."""

from __future__ import annotations

import json as json_module
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cbuild.cli import common
from cbuild.errors import near

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cbuild.profile import Annotation, Origin, Profile

INDENT = "    "


def command(
    words: common.Words = None,
    config: common.Config = None,
    verbose: common.Verbose = 0,
    quiet: common.Quiet = 0,
    offline: common.Offline = None,
    newest: common.Newest = None,
    timeout: common.Timeout = None,
    no_defaults: common.NoDefaults = False,
    raw: Annotated[bool, typer.Option("--raw", help="As written: no inheritance, no references.")] = False,
    json: common.Json = False,
    version: common.Version = False,
) -> None:
    """Print every section and option, or those of the sections named, and where each value comes from."""
    del version
    every = [*(words or ()), *common.switches(offline=offline, newest=newest, timeout=timeout)]
    profile, sections = common.open_profile(every, config, user_defaults=not no_defaults)
    show(profile, sections, json=json, verbosity=verbose - quiet, raw=raw)


def show(profile: Profile, sections: Sequence[str], *, json: bool, verbosity: int, raw: bool) -> None:
    """Print the annotation of a profile.

    sections: those to show, default all. verbosity: above 0 shows every origin of a value instead of the last ones.
    raw: see LANGUAGE.md CLI-6; then a section that isn't there is no error, as in buildout. Raises ProfileError.
    """
    from cbuild.profile import annotate, merged  # noqa: PLC0415 - not needed for --help

    annotation = merged(profile, sections) if raw else annotate(profile, sections)
    if json:
        print(json_module.dumps(annotation.as_dict(), ensure_ascii=False))  # noqa: T201 - the command line prints
    else:
        print("\n".join(_lines(annotation, verbosity)))  # noqa: T201 - the command line prints
    for name in sections:
        if name not in annotation.sections:
            hint = near(name, profile.sections)
            print(f"There is no section [{name}]. {hint}".rstrip(), file=sys.stderr)  # noqa: T201 - as above


def _lines(annotation: Annotation, verbosity: int) -> Iterator[str]:
    for section in sorted(annotation.sections):
        yield f"[{section}]"
        options = annotation.sections[section]
        bad = annotation.unresolved.get(section, {})
        for name in sorted({*options, *bad}):
            if name in options:
                yield from _value(name, options[name])
            if name in bad:
                yield f"{name} ! {bad[name]}"
            yield from _origins(annotation.origins.get(section, {}).get(name, ()), verbosity)
        yield ""
    yield f"# parts, in order: {' '.join(annotation.parts) or 'none'}"
    count = len(annotation.files)
    yield f"# {count} file{'' if count == 1 else 's'}"


def _value(name: str, value: str) -> Iterator[str]:
    first, *more = value.split("\n")
    yield f"{name} = {first}".rstrip()
    for line in more:
        yield f"{INDENT}{line}".rstrip()


def _origins(origins: Sequence[Origin], verbosity: int) -> Iterator[str]:
    shown = origins if verbosity > 0 or len(origins) <= 3 else origins[-3:]  # noqa: PLR2004 - enough to see who was last
    if len(shown) < len(origins):
        yield f"{INDENT}# … {len(origins) - len(shown)} more, with -v"
    for item in shown:
        yield f"{INDENT}# {item.op:2} {item.place}"
