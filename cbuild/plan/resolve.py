"""Profile to plan: initialise every part as buildout would, and note what each refers to, reads and needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import replace
from itertools import islice
from typing import cast

from cbuild.canonical import canonical_json, sha256_bytes
from cbuild.distribution import Distributions
from cbuild.errors import CbuildError, ProfileError, SourceError, UsageError, near, together
from cbuild.plan.asking import Construct, Refused, ask
from cbuild.plan.choice import Choice
from cbuild.plan.developed import developed
from cbuild.plan.facts import Facts
from cbuild.plan.graph import requirements
from cbuild.plan.local import LocalFiles
from cbuild.plan.part import Part, Plan, RecipeUse
from cbuild.plan.place import Place, holding, named, place
from cbuild.plan.texts import blamed
from cbuild.plan.virtual import Virtual
from cbuild.profile import MAX_REPORTED, Profile, Resolver, survey, with_directory
from cbuild.recipe import code, schema
from cbuild.recipe.api import BadValue, MissingOption, MissingSection, Options, UserError
from cbuild.recipe.live import LiveBuildout
from cbuild.recipe.registry import NATIVE, Native, find
from cbuild.recipe.typed import MARK
from cbuild.source import Request, Sources
from cbuild.state.home import Home

DIRECTORY = "/opt/cbuild"
"""`${buildout:directory}` in every builder and image."""

FOREIGN = "cbuild.recipe.foreign"
"""The module that brings recipes into a builder that aren't cbuild's."""

DIRECTORIES = ("bin-directory", "parts-directory", "eggs-directory", "develop-eggs-directory")

TYPED = f"After {MARK} stand literals, and indexes, slices and arithmetic on them (docs/profile.md)."


class Planner:
    """Makes the plan of one profile.

    construct: how to run a constructor in a builder; None where there is none. distributions: chooses those of Python.
    """

    def __init__(
        self,
        profile: Profile,
        sources: Sources,
        home: Home,
        construct: Construct | None,
        distributions: Distributions | None = None,
    ) -> None:
        self._profile = profile
        self._sources = sources
        self._construct = construct
        self._virtual = Virtual(profile.bases)
        self._local = LocalFiles(profile.directory, sources, home, profile.bases)
        self._drafts: dict[str, Part] = {}
        self._wanting: dict[str, list[tuple[str, ...]]] = {}  # part to its requirements of distributions
        self._resolver = Resolver(profile, defaults=self._defaults(), initialize=self._initialize)
        self.facts = Facts(self._resolver, self._virtual, self._local, Choice(self._resolver, distributions))

    def plan(self, only: tuple[str, ...] = ()) -> Plan:
        """Return the plan for the profile's parts, or for those in only.

        ProfileError for what doesn't resolve or a recipe refuses, with all that is wrong in its ``others``; SourceError
        when a template can't be fetched.
        """
        buildout = self._resolver.section("buildout")
        wanted = only or tuple(dict.fromkeys(self._resolver.option("buildout", "parts").split()))
        errors = (error for name in wanted if (error := self._failure(name, asked=bool(only))))
        if failed := list(islice(errors, MAX_REPORTED)):
            raise together([*failed, *self._more(wanted)])
        order = [name for name in self._resolver.parts if name in self._drafts]
        requires = requirements(self._resolver.references, order)
        parts = self._with_distributions(replace(self._drafts[name], requires=requires[name]) for name in order)
        # What a recipe adds is installed like what is asked for, as in buildout: nothing need mention it.
        added = (name for name in self._resolver.added if name in parts and name not in wanted)
        return Plan(parts, (*wanted, *added), self._virtual.options(buildout))

    def _failure(self, part: str, *, asked: bool) -> CbuildError | None:
        """Initialise a part that is wanted; return what is wrong with it."""
        try:
            if part not in self._profile.sections:
                raise self._unknown_part(part, asked=asked)
            if not self._resolver.section(part).get("recipe"):
                raise self._error(
                    place(self._resolver, "buildout", "parts"), f"The part {part} has no recipe.",
                    reason="missing-option", spot=part, resolution=f"Add `recipe = ...` to [{part}].",
                )  # fmt: skip
        except CbuildError as error:
            if _is_mistake(error):
                return error
            raise
        return None

    def _more(self, wanted: tuple[str, ...]) -> list[CbuildError]:
        """Return what else is wrong with the sections that parts need: initialising ends at the first mistake."""
        reached, found = survey(self._profile, self._defaults(), wanted)
        errors: list[CbuildError] = [*found]
        for name in reached:
            try:
                self._resolver.section(name)
            except CbuildError as error:
                if not _is_mistake(error):
                    raise
                errors.append(error)
        return errors

    def _defaults(self) -> dict[str, str]:
        return with_directory(DIRECTORY) | {"develop": "", "native-recipes": "true"}

    def _initialize(self, name: str, options: MutableMapping[str, str]) -> None:
        if {"", ".", ".."} & {*name.split("/")}:
            # A part's name is a path below the directory of parts: its location.
            raise self._error(
                self._at(name), f"[{name}] can't be a part: its name is no path below the directory of parts.",
                reason="bad-part-name", resolution="Give the section another name: ZODB/scripts is good, ../x is not.",
            )  # fmt: skip
        given = self._virtual.options(options)
        recipe = options["recipe"].strip()
        native = find(recipe, originals=self._resolver.option("buildout", "native-recipes") == "false")
        if native and not native.in_builder:
            self._drafts[name] = self._native(name, options, given, native)
        else:
            use = _use(native) if native else self._foreign(recipe)
            self._drafts[name] = self._constructed(name, options, given, use)

    def _native(self, name: str, options: MutableMapping[str, str], given: dict[str, str], native: Native) -> Part:
        def request(url: str, md5: str | None) -> Request:
            found = self._request(name, options, url, md5)
            return replace(found, alternate=buildout.asked.alternates.get(url, ""))

        buildout = LiveBuildout(self._resolver, name, lambda url, md5: self._sources.fetch(request(url, md5)).path)
        try:
            schema.load(native).check(name, given)
            native.load()(buildout, name, Options(buildout, name, options))
        except (MissingOption, MissingSection) as error:
            raise self._error(self._at(name), str(error), reason="missing-option") from error
        except UserError as error:
            bad = isinstance(error, BadValue)
            raise self._error(
                named(self._resolver, name, options, str(error)), str(error),
                reason="bad-value" if bad else "recipe-refuses", resolution=TYPED if bad else "",
            ) from error  # fmt: skip
        except (AttributeError, TypeError) as error:
            # A recipe that wants text got a typed value: the profile's mistake.
            typed = [option for option, value in given.items() if value.startswith(MARK)]
            if not typed:
                raise
            raise self._error(
                place(self._resolver, name, typed[0]), f"The recipe of [{name}] can't use a {MARK} value: {error}.",
                reason="bad-value", resolution=f"Make {typed[0]} text.",
            ) from error  # fmt: skip
        except ProfileError as error:
            raise together(self._in_texts(name, buildout) or [error]) from error
        asked = buildout.asked
        visible = {section: self._virtual.options(seen) for section, seen in asked.options.items()}
        visible |= {} if "buildout" in visible else self._moved()
        sources = {self._virtual.text(url): request(url, md5) for url, md5 in asked.sources.items()}
        names = tuple(sorted(self._resolver.names())) if asked.names else None
        self._wanting[name] = asked.distributions
        return Part(
            name, _use(native), given, self._virtual.options(options), visible, sources, (), names,
            tuple(sorted(asked.absent)), frozenset(asked.own),
        )  # fmt: skip

    def _request(self, part: str, options: Mapping[str, str], url: str, md5: str | None) -> Request:
        try:
            return self._local.request(url, md5, holding(self._resolver, part, options, url))
        except SourceError as error:
            if error.reason == "checksum-invalid" and md5:
                where = holding(self._resolver, part, options, md5)
                error.option, error.file, error.line = where.option, where.file, where.line
            raise

    def _with_distributions(self, parts: Iterable[Part]) -> dict[str, Part]:
        """Return the parts by name, with the Python distributions that each asked for.

        They are chosen after every constructor has run, as zc.recipe.egg chooses when it installs: SlapOS's [ZODB]
        changes [versions] in its own.
        """
        found: dict[str, Part] = {}
        errors: list[CbuildError] = []
        for part in parts:
            found[part.name] = part
            try:
                if wanting := self._wanting.get(part.name):
                    there = developed(part, found, lambda request: self._sources.fetch(request).path)
                    for wanted in wanting:
                        found[part.name] = self.facts.chosen(found[part.name], wanted, there)
            except ProfileError as error:
                errors.append(error)
            except SourceError as error:
                raise together([*errors, error]) from error
        if errors:
            raise together(errors[:MAX_REPORTED])
        return found

    def _foreign(self, recipe: str) -> RecipeUse:
        develop = self._develop()
        digests = [self._sources.fetch(request).sha256 for request in develop]
        own = code.digest(code.RUNNER, FOREIGN)
        return RecipeUse(sha256_bytes(canonical_json([own, digests])), spec=recipe, develop=develop, modules=(FOREIGN,))

    def _constructed(self, name: str, options: MutableMapping[str, str], given: dict[str, str], use: RecipeUse) -> Part:
        """Run the constructor in a builder; what it changed in other sections is changed here."""
        if self._construct is None:
            raise self._unknown_recipe(name, options["recipe"])
        draft = Part(name, use, given, {}, {"buildout": self._directories()}, {}, ())
        try:
            if use.spec and not use.develop:
                # Nothing else can have it; with develop directories only the builder can tell.
                draft = self.facts.added(draft, {"recipe": [use.spec.partition(":")[0].strip()]})
            part, answer = ask(self._construct, self.facts, draft)
        except SourceError as error:
            if error.reason != "distribution-missing":
                raise
            raise self._unknown_recipe(name, use.spec, error) from error
        except Refused as refused:
            where = named(self._resolver, name, options, str(refused)) if refused.user else self._at(name)
            said = str(refused).removeprefix(f"[{name}] ")
            raise self._error(where, f"The recipe refuses [{name}]: {said}", details=refused.log) from None
        found = cast("dict[str, str]", answer["options"])
        for option in set(options) - set(found):
            del options[option]
        # What it left alone keeps its path on this machine, and its `$${`.
        options.update({option: value for option, value in found.items() if given.get(option) != value})
        for section, changes in cast("dict[str, dict[str, str]]", answer.get("sections", {})).items():
            if section in self._resolver.names():
                self._resolver.section(section).update(changes)
            else:
                self._resolver.add(section, changes)
        return replace(part, options=found)

    def _develop(self) -> tuple[Request, ...]:
        text = self._resolver.option("buildout", "develop")
        where = place(self._resolver, "buildout", "develop")
        return tuple(self._local.request(directory, None, where) for directory in self._local.globbed(text, where))

    def _directories(self) -> dict[str, str]:
        buildout = self._resolver.section("buildout")
        return {name: buildout[name] for name in ("directory", *DIRECTORIES) if name in buildout}

    def _moved(self) -> dict[str, dict[str, str]]:
        """Return the directories as a recipe sees them, if the profile has moved any: the builder makes them."""
        directories = self._directories()
        moved = any(directories[name] != f"{DIRECTORY}/{name.removesuffix('-directory')}" for name in DIRECTORIES)
        return {"buildout": directories} if moved else {}

    def _unknown_part(self, name: str, *, asked: bool) -> CbuildError:
        hint = near(name, self._profile.sections)
        if asked:
            return UsageError(
                f"The profile has no section [{name}].", reason="unknown-part", details=hint,
                resolution="`cbuild annotate` lists the sections.",
            )  # fmt: skip
        return self._error(
            place(self._resolver, "buildout", "parts"), f"There is no section [{name}] for the part {name}.",
            reason="missing-section", resolution=hint or "Extend the profile that has it, or take the name out.",
            spot=name,
        )  # fmt: skip

    def _unknown_recipe(self, part: str, recipe: str, searched: SourceError | None = None) -> ProfileError:
        told = [searched.brief, searched.details] if searched else []
        return self._error(
            self._at(part), f"No recipe is called {recipe!r}.", reason="unknown-recipe", spot=recipe,
            details="\n".join(filter(None, told)),
            resolution=f"{near(recipe, NATIVE)} docs/recipes.md lists cbuild's own; `develop` in [buildout] brings in"
            " the profile's, find-links and pip's index anybody's.".lstrip(),
        )  # fmt: skip

    def _in_texts(self, part: str, buildout: LiveBuildout) -> list[ProfileError]:
        """Return what is wrong in the files that a part renders: of those the resolver knows no places."""
        errors: list[ProfileError] = []
        for url, md5 in buildout.asked.sources.items() if buildout.renders else ():
            text = buildout.source(url, md5).path.read_text(encoding="utf-8", errors="replace")
            name = self._local.request(url, None, self._at(part)).shown
            errors += blamed(text, name, part, lambda text: self._resolver.substitute(text, part))
        return errors

    def _at(self, part: str) -> Place:
        return place(self._resolver, part, "recipe")

    def _error(
        self,
        where: Place,
        brief: str,
        *,
        reason: str = "recipe-refuses",
        resolution: str = "",
        details: str = "",
        spot: str = "",
    ) -> ProfileError:
        """Return an error with its place; spot: what of the option's value is at fault."""
        error = ProfileError(
            brief, reason=reason, section=where.section, option=where.option, resolution=resolution, details=details
        )
        return self._resolver.placed(error, spot)


def _is_mistake(error: CbuildError) -> bool:
    """Return whether the profile is at fault and no machine or network: then the rest of it is told as well."""
    return isinstance(error, ProfileError) or error.reason in {"checksum-invalid", "url-unsupported"}


def _use(native: Native) -> RecipeUse:
    return RecipeUse(code.digest(code.RUNNER, *native.modules), native.module, native.attribute, modules=native.modules)
