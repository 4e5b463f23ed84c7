"""Profile to plan: initialise every part as buildout would, and note what each refers to, reads and needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import replace

from cbuild.canonical import canonical_json, sha256_bytes
from cbuild.errors import CbuildError, ProfileError, UsageError, near, together
from cbuild.plan.graph import requirements
from cbuild.plan.local import LocalFiles
from cbuild.plan.part import Part, Plan, RecipeUse
from cbuild.plan.place import Place, holding, named, place
from cbuild.plan.virtual import Virtual
from cbuild.profile import Profile, Resolver, survey, with_directory
from cbuild.recipe import code
from cbuild.recipe.api import BadValue, MissingOption, MissingSection, Options, UserError
from cbuild.recipe.live import LiveBuildout
from cbuild.recipe.registry import NATIVE, Native, find
from cbuild.recipe.typed import MARK
from cbuild.source import Request, Sources
from cbuild.state.home import Home

DIRECTORY = "/opt/cbuild"
"""`${buildout:directory}` in every builder and image."""

DIRECTORIES = ("bin-directory", "parts-directory", "eggs-directory", "develop-eggs-directory")

Question = dict[str, object]
Answer = Mapping[str, object]
Construct = Callable[[Question, tuple[Request, ...]], Answer]
"""Runs somebody else's constructor in a builder: a pure function of the question, so that answers can be kept."""


class Planner:
    """Makes the plan of one profile.

    construct: how to ask a builder about a recipe that isn't cbuild's own; None where there is no builder.
    builder: the builder's digest, part of each question.
    """

    def __init__(
        self, profile: Profile, sources: Sources, home: Home, builder: str, construct: Construct | None
    ) -> None:
        self._profile = profile
        self._sources = sources
        self._builder = builder
        self._construct = construct
        self._virtual = Virtual(profile.bases)
        self._local = LocalFiles(profile.directory, sources, home)
        self._drafts: dict[str, Part] = {}
        self._resolver = Resolver(profile, defaults=self._defaults(), initialize=self._initialize)

    def plan(self, only: tuple[str, ...] = ()) -> Plan:
        """Return the plan for the profile's parts, or for those in only.

        ProfileError for what doesn't resolve or a recipe refuses, with all that is wrong in its ``others``; SourceError
        when a template can't be fetched.
        """
        buildout = self._resolver.section("buildout")
        wanted = only or tuple(dict.fromkeys(self._resolver.option("buildout", "parts").split()))
        failed = [error for name in wanted if (error := self._failure(name, asked=bool(only)))]
        if failed:
            raise together([*failed, *self._more(wanted)])
        order = [name for name in self._resolver.parts if name in self._drafts]
        requires = requirements(self._resolver.references, order)
        parts = {name: replace(self._drafts[name], requires=requires[name]) for name in order}
        return Plan(parts, wanted, self._virtual.options(buildout))

    def _failure(self, part: str, *, asked: bool) -> ProfileError | None:
        """Initialise a part that is wanted; return what is wrong with it."""
        try:
            if part not in self._profile.sections:
                raise self._unknown_part(part, asked=asked)
            if not self._resolver.section(part).get("recipe"):
                raise self._error(
                    place(self._resolver, "buildout", "parts"), f"The part {part} has no recipe.",
                    reason="missing-option", resolution=f"Add `recipe = ...` to [{part}].",
                )  # fmt: skip
        except ProfileError as error:
            return error
        return None

    def _more(self, wanted: tuple[str, ...]) -> list[ProfileError]:
        """Return what else is wrong with the sections that parts need: initialising ends at the first mistake."""
        reached, errors = survey(self._profile, self._defaults(), wanted)
        for name in reached:
            try:
                self._resolver.section(name)
            except ProfileError as error:
                errors.append(error)
        return errors

    def _defaults(self) -> dict[str, str]:
        return with_directory(DIRECTORY) | {"develop": ""}

    def _initialize(self, name: str, options: MutableMapping[str, str]) -> None:
        if "/" in name or name in (".", ".."):
            # A part's name is a directory's: its location in the image, its scratch directory here.
            raise self._error(
                self._at(name), f"[{name}] can't be a part: its name is no file name.", reason="bad-part-name",
                resolution="Give the section a name without a slash.",
            )  # fmt: skip
        given = self._virtual.options(options)
        recipe = options["recipe"].strip()
        native = find(recipe)
        self._drafts[name] = (
            self._native(name, options, given, native) if native else self._foreign(name, options, given, recipe)
        )

    def _native(self, name: str, options: MutableMapping[str, str], given: dict[str, str], native: Native) -> Part:
        def request(url: str, md5: str | None) -> Request:
            return self._local.request(url, md5, holding(self._resolver, name, options, url))

        buildout = LiveBuildout(self._resolver, name, lambda url, md5: self._sources.fetch(request(url, md5)).path)
        try:
            native.load()(buildout, name, Options(buildout, name, options))
        except (MissingOption, MissingSection) as error:
            raise self._error(self._at(name), str(error), reason="missing-option") from error
        except UserError as error:
            reason = "bad-value" if isinstance(error, BadValue) else "recipe-refuses"
            raise self._error(named(self._resolver, name, options, str(error)), str(error), reason=reason) from error
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
            # In a template's text; the resolver knows no place for that.
            raise (error if error.file else self._error(
                self._at(name), f"[{name}]: {error.brief}", reason=error.reason,
                resolution=error.resolution, details=self._texts(buildout),
            )) from error  # fmt: skip
        use = RecipeUse(code.digest(code.RUNNER, native.module), native.module, native.attribute)
        visible = {section: self._virtual.options(seen) for section, seen in buildout.asked.options.items()}
        sources = {self._virtual.text(url): request(url, md5) for url, md5 in buildout.asked.sources.items()}
        return Part(name, use, given, self._virtual.options(options), visible, sources, ())

    def _foreign(self, name: str, options: MutableMapping[str, str], given: dict[str, str], recipe: str) -> Part:
        develop = self._develop()
        if not develop or self._construct is None:
            raise self._unknown_recipe(name, recipe)
        digests = [self._sources.fetch(request).sha256 for request in develop]
        own = code.digest(code.RUNNER, "cbuild.recipe.develop")
        use = RecipeUse(sha256_bytes(canonical_json([own, digests])), spec=recipe, develop=develop)
        visible = {"buildout": self._directories()}
        answer = self._ask(self._construct, name, use, given, visible)
        options.clear()
        options.update(answer)
        return Part(name, use, given, dict(answer), visible, {}, ())

    def _ask(
        self,
        construct: Construct,
        name: str,
        use: RecipeUse,
        given: dict[str, str],
        visible: dict[str, dict[str, str]],
    ) -> dict[str, str]:
        """Construct in the builder; as long as the constructor asks for another section, resolve it and ask again."""
        while True:
            question: Question = {
                "builder": self._builder, "code": use.code, "options": given, "part": name, "spec": use.spec,
                "visible": visible,
            }  # fmt: skip
            answer = construct(question, use.develop)
            if answer["ok"]:
                return {str(key): str(value) for key, value in dict(answer["options"]).items()}  # type: ignore[call-overload]
            section = str(answer["message"])
            if answer["kind"] != "needs" or section in visible:
                raise self._error(self._at(name), f"The recipe refuses [{name}]: {answer['message']}")
            visible[section] = self._virtual.options(self._resolver.section(section))

    def _develop(self) -> tuple[Request, ...]:
        text = self._resolver.option("buildout", "develop")
        where = place(self._resolver, "buildout", "develop")
        return tuple(self._local.request(directory, None, where) for directory in self._local.globbed(text, where))

    def _directories(self) -> dict[str, str]:
        buildout = self._resolver.section("buildout")
        return {name: buildout[name] for name in ("directory", *DIRECTORIES, "offline", "newest") if name in buildout}

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
        )  # fmt: skip

    def _unknown_recipe(self, part: str, recipe: str) -> ProfileError:
        return self._error(
            self._at(part), f"No recipe is called {recipe!r}.", reason="unknown-recipe", details=near(recipe, NATIVE),
            resolution="docs/recipes.md lists cbuild's own; `develop` in [buildout] brings in the profile's.",
        )  # fmt: skip

    def _texts(self, buildout: LiveBuildout) -> str:
        return "\n".join(f"in {url}" for url in buildout.asked.sources)

    def _at(self, part: str) -> Place:
        return place(self._resolver, part, "recipe")

    def _error(
        self, where: Place, brief: str, *, reason: str = "recipe-refuses", resolution: str = "", details: str = ""
    ) -> ProfileError:
        return ProfileError(
            brief, reason=reason, section=where.section, option=where.option, resolution=resolution, details=details,
            file=where.file, line=where.line,
        )  # fmt: skip
