"""Requirements to the distributions that fulfil them, chosen once and kept in cbuild.lock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol, cast

from cbuild.canonical import canonical_json, sha256_bytes
from cbuild.distribution.distribution import Distribution
from cbuild.distribution.problems import impossible, parsed
from cbuild.distribution.rules import BUILDOUTS_OWN, Rules, normal
from cbuild.distribution.target import Target
from cbuild.errors import CbuildError, ProfileError, SourceError
from cbuild.source import Lock, Request, Sources

if TYPE_CHECKING:
    from packaging.requirements import Requirement

    from cbuild.distribution.finder import Candidate, Finder


FORMAT = 1
"""Version of how choices are made; raise it when the same question must get another answer."""

NOTHING: Mapping[str, tuple[str, ...]] = MappingProxyType({})

ROUNDS = 10_000
"""Steps of one choice after which there is none: tens of thousands of versions would have been tried."""


@dataclass(frozen=True)
class _Asked:
    """A question, see Distributions.closure."""

    requirements: tuple[str, ...]
    target: Target
    wheels: bool
    source: bool
    developed: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class _Found:
    """A file that was chosen. sha256: None for one of a directory of links that wasn't locked before."""

    name: str
    version: str
    url: str
    sha256: str | None


class Memory(Protocol):
    """What cbuild.state.answers.Answers is."""

    def get(self, digest: str) -> Mapping[str, object] | None:
        """Return what is kept under a digest."""

    def keep(self, digest: str, answer: Mapping[str, object]) -> None:
        """Keep an answer."""


class Distributions:
    """Chooses for one run.

    What the lock has is taken as long as it fulfils requirements and pins, so a second run asks no index. locked:
    refuse what it lacks. renew: choose as if there were no lock. memory: keeps what follows from a lock: finding it
    again takes 20 ms a question, and 40 ms of imports. cached: offline, too, look where sources does: at files only.
    """

    def __init__(
        self,
        sources: Sources,
        lock: Lock,
        *,
        locked: bool = False,
        renew: bool = False,
        memory: Memory | None = None,
        cached: bool = False,
    ) -> None:
        self._cached = cached
        self._memory = memory
        self._sources = sources
        self._lock = lock
        self._locked = locked
        self._chosen: dict[tuple[object, ...], tuple[Distribution, ...]] = {}
        self.picked: dict[str, str] = {}
        """Project to version of what was chosen without a pin."""
        if renew:
            for url in lock.distributions:
                lock.forget(Request(url))
            lock.distributions.clear()

    def closure(
        self,
        requirements: Sequence[str],
        rules: Rules,
        *,
        target: Target | None = None,
        wheels: bool = False,
        source: bool = False,
        developed: Mapping[str, tuple[str, ...]] = NOTHING,
        links: Sequence[str] = (),
    ) -> tuple[Distribution, ...]:
        """Return the distributions that the requirements need, with all that those need, sorted by name.

        target: the Python that they are for, the builder's own by default. wheels: tools that build others: no source
        distributions, and no pin is needed. source: of what is named itself, no wheels. developed: projects that are
        there, with what they require; of these only that is looked for. links: directories, pages
        and files that may have distributions, looked at from now on. ProfileError:
        ``bad-requirement``, ``version-conflict``, ``version-not-picked``; SourceError: ``version-missing``,
        ``distribution-missing`` (there is no file of what is asked for), ``index-unreachable``, ``offline``,
        ``not-locked``, and what fetching gives.
        """
        self._sources.look_at(links)
        asked = _Asked(
            tuple(sorted(requirements)), target or Target(), wheels, source, tuple(sorted(developed.items()))
        )
        question = (asked, rules.said)
        if question not in self._chosen:
            found = self._remembered(asked, rules)
            self._chosen[question] = tuple(self._distribution(one, asked.target, rules) for one in found)
        return self._chosen[question]

    def _remembered(self, asked: _Asked, rules: Rules) -> list[_Found]:
        """Choose, unless it was done before with the same lock."""
        kept = self._memory.get(self._question(asked, rules)) if self._memory else None
        if kept is None:
            found = [
                _Found(one.name, str(one.version), one.request.url, one.request.sha256)
                for one in self._resolve(asked, rules)
            ]
            picked = {} if asked.wheels else self._check_picked(asked.requirements, found, rules)
            kept = {"ok": True, "found": [astuple(one) for one in found], "picked": picked}
            if self._memory and all(one.sha256 for one in found):
                self._memory.keep(self._question(asked, rules), kept)
        self.picked.update(cast("dict[str, str]", kept["picked"]))
        return [_Found(*one) for one in cast("list[tuple[str, str, str, str]]", kept["found"])]

    def _question(self, asked: _Asked, rules: Rules) -> str:
        """Return the digest of all that a choice among what the lock has depends on."""
        known = {
            url: (asdict(said), entry.sha256)
            for url, said in self._lock.distributions.items()
            if (entry := self._lock.get(Request(url)))
        }
        question = {
            "format": FORMAT,
            "asked": [asked.requirements, asked.target.facts.python, asked.wheels, asked.source, asked.developed],
            "lock": known,
            "rules": [dict(rules.versions), rules.allow_picked, rules.prefer_final],
        }
        return sha256_bytes(canonical_json(question))

    def _resolve(self, asked: _Asked, rules: Rules) -> list[Candidate]:
        """Choose among what the lock has; if that is not enough, ask the indices."""
        from resolvelib import ResolutionError  # noqa: PLC0415 - only runs with distributions need it

        from cbuild.distribution.finder import Finder  # noqa: PLC0415 - packaging is 30 ms

        wanted = [parsed(text) for text in asked.requirements]
        sourced = frozenset(normal(one.name) for one in wanted) if asked.source else frozenset()
        make = partial(Finder, self._sources, self._lock, asked.target, wheels=asked.wheels, sourced=sourced)
        try:
            return _resolved(wanted, make(anew=False), rules, dict(asked.developed))
        except ResolutionError:
            if self._locked or (self._sources.offline and not self._cached):
                raise self._unavailable(asked.requirements) from None
        finder = make(anew=True)
        try:
            found = _resolved(wanted, finder, rules, dict(asked.developed))
        except ResolutionError as error:
            raise impossible(error, finder, rules) from None
        self._record(finder, found)
        return found

    def _record(self, finder: Finder, found: list[Candidate]) -> None:
        """Put what was chosen into the lock, and take out what was only looked at on the way."""
        chosen = {candidate.request.url for candidate in found}
        for url, said in finder.said.items():
            if url in chosen:
                self._lock.distributions[url] = said
            elif url not in self._lock.distributions:
                self._lock.forget(Request(url))

    def _distribution(self, found: _Found, target: Target, rules: Rules) -> Distribution:
        said = self._lock.distributions[found.url]
        request = Request(found.url, sha256=found.sha256)
        if not request.checked:
            # A directory of links gives no checksums: what was read is what will be used.
            request = replace(request, sha256=self._sources.fetch(request).sha256)
        source = not request.filename.endswith(".whl")
        tools = self.closure(said.build, rules, target=target, wheels=True) if source else ()
        return Distribution(found.name, found.version, request, target.platform, tools)

    @staticmethod
    def _check_picked(requirements: tuple[str, ...], found: list[_Found], rules: Rules) -> dict[str, str]:
        """Return what has no pin; ProfileError if everything needs one."""
        named = {normal(one.name) for one in map(parsed, requirements) if _is_exact(one)}
        picked = {}
        for one in found:
            name, version = one.name, one.version
            if name in BUILDOUTS_OWN or name in named or rules.exact(name):
                continue
            if not rules.allow_picked:
                raise ProfileError(
                    f"{name} has no pin, and allow-picked-versions is false.", reason="version-not-picked",
                    section="buildout", option="allow-picked-versions", details=f"Picked: {name} = {version}",
                    resolution=f"Add `{name} = {version}` to [{rules.section}], or set allow-picked-versions = true.",
                )  # fmt: skip
            picked[name] = version
        return picked

    def _unavailable(self, requirements: tuple[str, ...]) -> CbuildError:
        what = ", ".join(requirements)
        if self._locked:
            return SourceError(
                f"cbuild.lock has no distributions for {what}", reason="not-locked",
                resolution="Build once without --locked, and keep cbuild.lock under version control.",
            )  # fmt: skip
        return SourceError(
            f"cbuild.lock has no distributions for {what}, and this run is offline", reason="offline",
            resolution="Run once without -o.",
        )  # fmt: skip


def _resolved(
    wanted: list[Requirement], finder: Finder, rules: Rules, developed: Mapping[str, tuple[str, ...]]
) -> list[Candidate]:
    """Return a file for every project that the requirements need, by name; ResolutionError if no choice fits."""
    from resolvelib import BaseReporter, Resolver  # noqa: PLC0415 - see _resolve

    from cbuild.distribution.provider import Provider  # noqa: PLC0415 - see _resolve

    provider = Provider(finder, rules, developed)
    result = Resolver(provider, BaseReporter()).resolve(list(provider.needed(wanted)), max_rounds=ROUNDS)
    # With extras and without, it is one file.
    files = {candidate.name: candidate for candidate in result.mapping.values()}
    return [files[name] for name in sorted(files)]


def _is_exact(requirement: Requirement) -> bool:
    return any(one.operator == "==" and not one.version.endswith("*") for one in requirement.specifier)
