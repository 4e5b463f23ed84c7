"""cbuild query: one value of a profile."""

from __future__ import annotations

import json as json_module
from typing import TYPE_CHECKING, Annotated

import typer

from cbuild.cli import common
from cbuild.errors import ProfileError, UsageError, near

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cbuild.profile import Origin, Profile, Resolver


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
    """Print the value of SECTION:OPTION, or of an option of [buildout]."""
    del version
    every = [*(words or ()), *common.switches(offline=offline, newest=newest, timeout=timeout)]
    profile, rest = common.open_profile(every, config, user_defaults=not no_defaults)
    show(profile, rest, json=json, verbosity=verbose - quiet, raw=raw)


def show(profile: Profile, words: Sequence[str], *, json: bool, verbosity: int, raw: bool) -> None:
    """Print one value, without running recipes.

    words: SECTION:OPTION, and no more. verbosity: above 0 says what is asked for, above 1 where the value comes from,
    too. raw: see LANGUAGE.md CLI-7. Raises ProfileError (``missing-section``, ``missing-option`` …) and UsageError.
    """
    from cbuild.profile import Resolver, with_directory  # noqa: PLC0415 - not needed for --help

    section, option = _asked(words)
    resolver = Resolver(profile, with_directory(), lazy=True)
    value = _raw(resolver, section, option) if raw else resolver.stored(section, option)
    origins = resolver.origins(section, option)
    if json:
        found = [item.as_dict() for item in origins]
        document = {"section": section, "option": option, "value": value, "origins": found}
        print(json_module.dumps(document, ensure_ascii=False))  # noqa: T201 - the command line prints
    else:
        print("\n".join(_lines(section, option, value, origins, verbosity)))  # noqa: T201 - the command line prints


def _asked(words: Sequence[str]) -> tuple[str, str]:
    word = words[0] if len(words) == 1 else ""
    if not word or word.count(":") > 1 or word.endswith(":"):
        raise UsageError(
            "Name one SECTION:OPTION." if not word else f"{word[:200]!r} is no SECTION:OPTION.",
            reason="bad-query",
            details=" ".join(words),
            resolution="cbuild query SECTION:OPTION, or OPTION for one of [buildout]; `cbuild annotate` lists them.",
        )
    section, colon, option = word.partition(":")
    return (section, option) if colon else ("buildout", word)


def _raw(resolver: Resolver, section: str, option: str) -> str:
    if section not in resolver.names():
        raise ProfileError(
            f"There is no section [{section[:200]}].",
            reason="missing-section",
            section=section,
            resolution=near(section, resolver.names()) or "`cbuild annotate` lists the sections.",
        )
    found = resolver.raw(section)
    if option not in found:
        inherits = "what it inherits is shown without --raw" if "<" in found and section != "buildout" else ""
        error = ProfileError(
            f"There is no option {option[:200]!r} in [{section}].",
            reason="missing-option",
            section=section,
            option=option,
            resolution=near(option, found) or (f"cbuild query {section}:{option}: {inherits}." if inherits else ""),
        )
        raise resolver.placed(error)
    return found[option]


def _lines(section: str, option: str, value: str, origins: Sequence[Origin], verbosity: int) -> list[str]:
    lines = [f"${{{section}:{option}}}"] if verbosity > 0 else []
    lines.append(value)
    return [*lines, *(f"# {item.op:2} {item.place}" for item in origins)] if verbosity > 1 else lines
