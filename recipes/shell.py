"""Running a part's commands: the environment option, `sh`, and what to say when a command fails."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from cbuild.recipe.api import Buildout, Options, UserError

OWN_OPTIONS = ("recipe", "_buildout_section_name_", "_profile_base_location_")
"""What a section has that is no variable, although it names an environment."""


def environment(buildout: Buildout, options: Options) -> dict[str, str]:
    """Return the option ``environment``: KEY=VALUE lines, or the options of the section that it names.

    Values are not expanded yet: ``%(PATH)s`` means the builder's PATH (slapos.recipe.build, EnvironMixin).
    UserError for a line without ``=`` and for a key that is there twice.
    """
    text = options.get("environment", "").strip()
    if not text:
        return {}
    if "=" not in text:
        section = buildout[text]
        return {key: section[key] for key in section if key not in OWN_OPTIONS}
    values: dict[str, str] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        key, equals, value = line.partition("=")
        if not equals:
            raise UserError(f"[{options.name}] environment: {line!r} is not KEY=VALUE.")
        if key.strip() in values:
            raise UserError(f"[{options.name}] environment: {key.strip()!r} is there twice.")
        values[key.strip()] = value.strip()
    return values


def expand(values: Mapping[str, str]) -> dict[str, str]:
    """Return os.environ with values over it, each value %-formatted with os.environ on its own."""
    environ = dict(os.environ)
    for key, value in sorted(values.items()):
        try:
            environ[key] = value % os.environ
        except KeyError as error:
            raise UserError(f"environment: {key} = {value!r} needs the variable {error}, which is not set.") from None
        except (TypeError, ValueError) as error:
            raise UserError(
                f"environment: {key} = {value!r} can't be formatted ({error}); a percent is '%%'."
            ) from None
        print(f"{key} = {environ[key]}", flush=True)  # noqa: T201 - this is the part's log
    return environ


def run(command: str, environ: Mapping[str, str], directory: Path, *, stop: bool = True) -> None:
    """Run command with ``sh`` in directory; UserError when it fails. stop: at the first line that fails."""
    print(f"+ {command}", flush=True)  # noqa: T201 - this is the part's log
    # By its path: the part's own PATH may have another sh, or none.
    done = subprocess.run(
        ["/bin/sh", "-c", f"set -e;{command}" if stop else command], cwd=directory, env=dict(environ), check=False
    )
    if done.returncode:
        first = (command.strip().splitlines() or [""])[0][:120]
        raise UserError(f"exit code {done.returncode} of: {first}")
