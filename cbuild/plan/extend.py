"""Extensions: asked in a builder, before any part is, for what they change in the profile (LANGUAGE.md, XTN-1)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import cast

from cbuild.canonical import canonical_json, sha256_bytes
from cbuild.distribution import Distributions
from cbuild.errors import CbuildError, ProfileError
from cbuild.events import Event, Report
from cbuild.plan.asking import Construct, Refused, ask
from cbuild.plan.choice import Choice
from cbuild.plan.facts import FETCHING, Facts
from cbuild.plan.local import LocalFiles
from cbuild.plan.part import Part, RecipeUse
from cbuild.plan.place import place
from cbuild.plan.virtual import Virtual
from cbuild.profile import IMAGE_DIRECTORY, Assignment, Profile, Resolver, with_directory
from cbuild.recipe import code
from cbuild.source import Sources
from cbuild.state.home import Home

SUPERSEDED = ("buildout-versions", "buildout.dumppickedversions")
NOT_NEEDED = MappingProxyType(
    {
        "slapos.extension.shared": "Layers are shared by their keys: slapos.extension.shared has nothing to do.",
        "slapos.extension.strip": "Parts are kept as they were built: slapos.extension.strip is not run.",
        "slapos.rebootstrap": "Recipes run with the builder's Python: slapos.rebootstrap has nothing to do.",
    }
)
"""Extensions of SlapOS's that work on buildout's own process or directories, and why they aren't run."""

MODULES = ("cbuild.recipe.extend", "cbuild.recipe.foreign")
SECTION, OPTION = "buildout", "extensions"
UNLOAD = "zc.buildout.unloadextension"
"""As in cbuild.recipe.extend, which runs in the builder only."""


class Extender:
    """Runs the extensions of one profile.

    construct: how to run them in a builder. distributions: chooses those that they are imported from.
    """

    def __init__(
        self,
        profile: Profile,
        sources: Sources,
        home: Home,
        construct: Construct,
        distributions: Distributions,
        report: Report,
    ) -> None:
        self._profile = profile
        self._sources = sources
        self._construct = construct
        self._report = report
        # Nothing is initialised: an extension comes before every recipe.
        self._resolver = Resolver(profile, with_directory(IMAGE_DIRECTORY), lazy=True)
        self._virtual = Virtual(profile.bases)
        self._local = LocalFiles(profile.directory, sources, home, profile.bases)
        self._facts = Facts(self._resolver, self._virtual, self._local, Choice(self._resolver, distributions))

    def extended(self) -> Profile:
        """Return the profile as its extensions leave it.

        ProfileError ``extension-superseded``, ``extension-refuses``; errors as of Distributions.closure.
        """
        names = self._resolver.section(SECTION).get(OPTION, "").split()
        if not names:
            return self._profile
        wanted = tuple(name for name in names if not self._left_out(name))
        return self._profile.assigned(self._changes(wanted)) if wanted else self._profile

    def _left_out(self, name: str) -> bool:
        if name in SUPERSEDED:
            raise self._error(
                f"The extension {name} is part of buildout itself now.", "extension-superseded",
                "Take it out of extensions; show-picked-versions = true does what it did.",
            )  # fmt: skip
        if name in NOT_NEEDED:
            self._report(Event("extension", name, NOT_NEEDED[name]))
        return name in NOT_NEEDED

    def _changes(self, names: tuple[str, ...]) -> list[Assignment]:
        part = self._question(names)
        try:
            answer = ask(self._construct, self._facts, part)[1]
        except Refused as refused:
            raise self._error(f"An extension fails: {refused}", "extension-refuses") from None
        except CbuildError as error:
            if error.line is None:
                where = place(self._resolver, SECTION, OPTION)
                error.section, error.option, error.file, error.line = SECTION, OPTION, where.file, where.line
            raise
        found = cast("Mapping[str, Mapping[str, str]]", answer.get("sections", {}))
        own = dict(cast("Mapping[str, str]", answer["options"]))
        for name in own.pop(UNLOAD, "").split():
            self._report(
                Event(
                    "warning",
                    name,
                    f"The extension {name} has a {UNLOAD}, which isn't called: layers stay as they are.",
                )
            )
        changed = {name: value for name, value in own.items() if part.given.get(name) != value}
        return [
            Assignment(section, option, "=", value, ", ".join(names))
            for section, options in {**found, SECTION: changed}.items()
            for option, value in options.items()
        ]

    def _question(self, names: tuple[str, ...]) -> Part:
        where = place(self._resolver, SECTION, "develop")
        found = self._local.globbed(self._resolver.section(SECTION).get("develop", ""), where)
        develop = tuple(self._local.request(directory, None, where) for directory in found)
        digests = [self._sources.fetch(request).sha256 for request in develop]
        digest = sha256_bytes(canonical_json([code.digest(code.RUNNER, *MODULES), digests]))
        use = RecipeUse(digest, develop=develop, modules=MODULES, extensions=names)
        given = {**self._virtual.options(self._resolver.section(SECTION)), **FETCHING}
        return Part(SECTION, use, given, given, {SECTION: given}, {}, ())

    def _error(self, brief: str, reason: str, resolution: str = "") -> ProfileError:
        where = place(self._resolver, SECTION, OPTION)
        return ProfileError(
            brief, reason=reason, section=SECTION, option=OPTION, file=where.file, line=where.line,
            resolution=resolution,
        )  # fmt: skip
