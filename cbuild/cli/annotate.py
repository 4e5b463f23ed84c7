"""cbuild annotate: every section and option, resolved without running recipes, and where each value comes from."""

from __future__ import annotations

import json as json_module
from typing import TYPE_CHECKING

from cbuild.cli import common
from cbuild.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cbuild.profile import Annotation, Origin

INDENT = "    "


def command(
    words: common.Words = None,
    config: common.Config = None,
    verbose: common.Verbose = 0,
    quiet: common.Quiet = 0,
    offline: common.Offline = False,
    online: common.Online = False,
    no_defaults: common.NoDefaults = False,
    json: common.Json = False,
) -> None:
    """Print every section and option, or those of the sections named, and where each value comes from."""
    assignments = ["buildout:offline=true"] * offline + ["buildout:offline=false"] * online
    every = [*assignments, *(words or ())]
    run(every, config=config, user_defaults=not no_defaults, json=json, verbosity=verbose - quiet)


def run(words: list[str], *, config: str | None, user_defaults: bool, json: bool, verbosity: int) -> None:
    """Print the annotation of a profile.

    words: assignments, the profile unless config names it, sections to show (default: all). verbosity: above 0 shows
    every origin of a value instead of the last ones. Raises ProfileError and UsageError.
    """
    from cbuild.profile import annotate  # noqa: PLC0415 - not needed for --help

    profile, sections = common.open_profile(words, config, user_defaults=user_defaults)
    annotation = annotate(profile, sections)
    if json:
        print(json_module.dumps(annotation.as_dict(), ensure_ascii=False))  # noqa: T201 - the command line prints
    else:
        print("\n".join(_lines(annotation, verbosity)))  # noqa: T201 - the command line prints


def one_word(rest: Sequence[str], what: str) -> str:
    """Return the only word that is left; UsageError if there is none or there are more."""
    if len(rest) != 1:
        details = " ".join(rest)
        raise UsageError(f"Name one {what}.", reason="bad-query", details=details, resolution=f"cbuild query {what}")
    return rest[0]


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
    yield f"# {len(annotation.files)} files"


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
        place = f"{item.file}:{item.line}" if item.line else item.file
        yield f"{INDENT}# {item.op:2} {place}"
