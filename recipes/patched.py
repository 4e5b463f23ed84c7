"""Eggs that are patched before they are built: EGG-patches, EGG-patch-options, EGG-patch-binary (SLAPOS.md 1.5)."""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cbuild.recipe.api import Buildout, Options, Source
from recipes import files, shell


@dataclass(frozen=True)
class Patches:
    """Patches for one source tree, and the command that applies one."""

    sources: Sequence[Source]
    command: str

    @classmethod
    def of(cls, buildout: Buildout, options: Mapping[str, str], egg: str, *, shared: bool = False) -> Patches:
        """Return an egg's patches; shared: an option that isn't named for an egg counts as well."""

        def own(option: str) -> str:
            return options.get(f"{egg}-{option}") or (options.get(option, "") if shared else "")

        sources = [files.checked(buildout, word) for word in own("patches").split()]
        return cls(sources, f"{own('patch-binary') or 'patch'} {own('patch-options') or '-p0'}")

    def apply(self, source: Path, environ: Mapping[str, str]) -> None:
        """Patch a source tree."""
        for patch in self.sources:
            shell.run(f"{self.command} < {shlex.quote(str(patch.path))}", dict(environ), source)

    def marked(self, egg: str) -> str:
        """Return the name of an egg with these patches: eggs are shared, and without them it is another one."""
        digest = hashlib.sha256(self.command.encode())
        for patch in self.sources:
            digest.update(patch.path.read_bytes())
        name, version, rest = egg.split("-", 2)
        return f"{name}-{version}+patched.{digest.hexdigest()[:8]}-{rest}"


def names(options: Options) -> list[str]:
    """Return the eggs for which a part has patches."""
    found = (re.fullmatch(r"(.+)-patches", option) for option in options)
    return [match[1] for match in found if match and options[match[0]].strip()]
