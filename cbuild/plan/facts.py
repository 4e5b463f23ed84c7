"""What a recipe in a builder asks for (cbuild.recipe.needs), found in the profile and added to its part."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

from cbuild.distribution.choose import NOTHING
from cbuild.errors import ProfileError, SourceError
from cbuild.plan.choice import Choice
from cbuild.plan.local import SCHEME, LocalFiles
from cbuild.plan.part import Part
from cbuild.plan.place import holding, place
from cbuild.plan.virtual import PROFILE, Virtual
from cbuild.profile import Resolver
from cbuild.recipe.static import LINK
from cbuild.source import Request

Need = Mapping[str, object]

FETCHING = {"newest": "true", "offline": "false"}
"""How the host fetches doesn't change what is built: a recipe finds these as they usually are."""


class Facts:
    """Knows everything that a recipe may be told. It resolves sections, and initialises their parts, on demand."""

    def __init__(self, resolver: Resolver, virtual: Virtual, local: LocalFiles, choice: Choice) -> None:
        self._resolver = resolver
        self._virtual = virtual
        self._local = local
        self._choice = choice

    def added(self, part: Part, need: Need) -> Part:
        """Return part with what its recipe needs to know or to have.

        ProfileError for a section that doesn't resolve, SourceError for a file that it may not have.
        """
        match dict(need):
            case {"section": str(name)}:
                found = self._section(part, name)
            case {"option": str(name)}:
                found = self._option(part, name)
            case {"source": str(url)}:
                found = self.declared(part, {url: cast("str | None", need.get("md5"))})
            case {"parse": str(text)}:
                found = self._parsed(part, text)
            case {"distributions": list(requirements)}:
                # Code in a builder doesn't say what is read on the host.
                found = self.chosen(part, [word for word in requirements if not word.startswith(LINK)])
            case {"recipe": list(requirements)}:
                use = replace(part.recipe, requirements=tuple(requirements))
                found = self.chosen(replace(part, recipe=use), requirements)
            case _:
                found = replace(part, names=tuple(sorted(self._resolver.names())))
        if found == part:
            raise self._error(part, f"The recipe of [{part.name}] asks again for what it was given: {dict(need)}.")
        return found

    def added_late(self, part: Part, need: Need) -> Part:
        """Do the same for a part that is being installed: what it may see of other parts is settled then."""
        if "parse" in need:
            raise self._error(
                part, f"The recipe of [{part.name}] adds sections only while it is installed.",
                "Let its constructor do that (init): what is built is settled when installing begins.",
            )  # fmt: skip
        name = need.get("section")
        known = name in self._resolver.names() and name not in part.requires
        if known and "recipe" in self._resolver.section(str(name)):
            # Its values are no secret, but they would name files that aren't there.
            raise self._error(
                part, f"The recipe of [{part.name}] reads [{name}] only while it is installed.",
                f"Refer to it in an option, so that it is there: depends = ${{{name}:recipe}}.",
            )  # fmt: skip
        return self.added(part, need)

    def declared(self, part: Part, sources: Mapping[str, str | None]) -> Part:
        """Return part with further sources: URL as the recipe has it, to md5 or None."""
        requests = {url: self._request(part, url, md5) for url, md5 in sources.items() if url not in part.sources}
        return replace(part, sources={**part.sources, **requests})

    def chosen(
        self, part: Part, requirements: Sequence[str], developed: Mapping[str, tuple[str, ...]] = NOTHING
    ) -> Part:
        """Return part with the Python distributions that fulfil requirements.

        developed, and errors: as of Distributions.closure.
        """
        return part.with_distributions(requirements, self._choice.closure(requirements, part.name, developed))

    def _section(self, part: Part, name: str) -> Part:
        if name not in self._resolver.names():
            return replace(part, absent=(*part.absent, name))
        options = self._virtual.options(self._resolver.section(name))
        return replace(part, visible={**part.visible, name: options})

    def _parsed(self, part: Part, text: str) -> Part:
        added = self._resolver.parse(text, f"what the recipe of [{part.name}] adds")
        return replace(
            part,
            parsed=(*part.parsed, text),
            names=None if part.names is None else tuple(sorted(self._resolver.names())),
            absent=tuple(name for name in part.absent if name not in added),
        )

    def _option(self, part: Part, name: str) -> Part:
        buildout = {**self._resolver.section("buildout"), **FETCHING}
        if name not in buildout:
            return replace(part, absent=(*part.absent, f"buildout:{name}"))
        known = {**part.visible["buildout"], name: self._virtual.text(buildout[name])}
        return replace(part, visible={**part.visible, "buildout": known})

    def _request(self, part: Part, url: str, md5: str | None) -> Request:
        """Return what to fetch for a recipe that ran in a builder.

        What it builds may be anybody's code: of this machine's files it gets those that the profile's author gave it.
        """
        where = holding(self._resolver, part.name, part.given, url)
        repository = Request(url).git.url if url.startswith("git+") else ""
        path = (repository or url).removeprefix("file://")
        local = url.startswith(("file:", "git+file:")) or not SCHEME.match(url)
        own = path.startswith(f"{PROFILE}/") and ".." not in path.split("/")
        word = re.compile(rf"(?<![\w./-]){re.escape(path)}(?![\w./-])")
        if local and not own and not any(map(word.search, part.given.values())):
            raise SourceError(
                f"The recipe of [{part.name}] asks for {url}, which is no file of the profile's.",
                reason="source-outside", section=part.name, option=where.option, file=where.file, line=where.line,
                resolution="A recipe gets files beside the profile and those that its options name.",
            )  # fmt: skip
        return self._local.request(url, md5, where)

    def _error(self, part: Part, brief: str, resolution: str = "") -> ProfileError:
        where = place(self._resolver, part.name, "recipe")
        return ProfileError(
            brief, reason="recipe-refuses", section=part.name, option="recipe", file=where.file, line=where.line,
            resolution=resolution,
        )  # fmt: skip
