"""cbuild query: one value of a profile."""

from __future__ import annotations

import json as json_module

from cbuild.cli import common
from cbuild.cli.annotate import one_word


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
    """Print the value of SECTION:OPTION, or of an option of [buildout]."""
    assignments = ["buildout:offline=true"] * offline + ["buildout:offline=false"] * online
    every = [*assignments, *(words or ())]
    run(every, config=config, user_defaults=not no_defaults, json=json, verbosity=verbose - quiet)


def run(words: list[str], *, config: str | None, user_defaults: bool, json: bool, verbosity: int) -> None:
    """Print one value, resolved without running recipes.

    words: assignments, the profile unless config names it, and SECTION:OPTION. verbosity: above 0 says where the value
    comes from, too. Raises ProfileError (``missing-section``, ``missing-option`` …) and UsageError.
    """
    from cbuild.profile import Resolver, with_directory  # noqa: PLC0415 - not needed for --help

    profile, rest = common.open_profile(words, config, user_defaults=user_defaults)
    section, _, option = one_word(rest, "SECTION:OPTION").rpartition(":")
    section = section or "buildout"
    resolver = Resolver(profile, with_directory(), lazy=True)
    value = resolver.stored(section, option)
    origins = resolver.origins(section, option)
    if json:
        found = [item.as_dict() for item in origins]
        document = {"section": section, "option": option, "value": value, "origins": found}
        print(json_module.dumps(document, ensure_ascii=False))  # noqa: T201 - the command line prints
        return
    print(value)  # noqa: T201 - the command line prints
    if verbosity > 0:
        for item in origins:
            print(f"# {item.op:2} {item.file}:{item.line}")  # noqa: T201 - the command line prints
