"""cbuild software: build the image."""

from __future__ import annotations

import json as json_module
import os
import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cbuild.cli import common
from cbuild.cli.progress import printer
from cbuild.errors import UsageError
from cbuild.state.home import Home

if TYPE_CHECKING:
    from cbuild.build.outcome import Outcome

INSTALL = "install"

# The distribution spec's grammar of references, without a digest.
_WORD = r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(rf"(?:[A-Za-z0-9.-]+(?::\d+)?/)?{_WORD}(?:/{_WORD})*(?::\w[\w.-]{{0,127}})?", re.ASCII)


def command(
    words: common.Words = None,
    config: common.Config = None,
    verbose: common.Verbose = 0,
    quiet: common.Quiet = 0,
    offline: common.Offline = False,
    online: common.Online = False,
    no_defaults: common.NoDefaults = False,
    engine: common.EngineChoice = None,
    json: common.Json = False,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Parts at a time.")] = os.cpu_count() or 1,
    tag: Annotated[str, typer.Option(help="A further name for the image.")] = "",
    output: Annotated[Path | None, typer.Option(help="Also write the image there, as an OCI image layout.")] = None,
    load: Annotated[bool, typer.Option(help="Hand the image to the engine.")] = True,
    keep_failed: Annotated[bool, typer.Option("--keep-failed", help="Keep a failed builder's files.")] = False,
    locked: Annotated[bool, typer.Option("--locked", help="Refuse sources that cbuild.lock doesn't have.")] = False,
    update_lock: Annotated[
        bool, typer.Option("--update-lock", help="Ask the profile's URLs anew, and pin them.")
    ] = False,
) -> None:
    """Build a profile's image: every part compiled in a builder container, a layer each."""
    from cbuild.build.outcome import Settings  # noqa: PLC0415 - not needed for --help
    from cbuild.build.software import Software  # noqa: PLC0415

    report = printer(verbose - quiet)
    if tag and not _REFERENCE.fullmatch(tag):
        raise UsageError(
            f"--tag {tag!r} is no name for an image.",
            reason="bad-tag",
            resolution="Write it as [HOST[:PORT]/]name[:tag], the name in small letters: localhost/web:test",
        )
    profile, rest = common.open_profile(
        words or (), config, user_defaults=not no_defaults, offline=offline, online=online,
        pin=True, report=report, locked=locked, renew=update_lock,
    )  # fmt: skip
    if rest and rest[0] != INSTALL:
        raise UsageError(
            f"{rest[0]!r} is neither a profile, an assignment nor `install PART…`.",
            resolution="A profile's name ends in .cfg; an assignment is SECTION:OPTION=VALUE.",
        )
    settings = Settings(jobs, engine, rest[1:], tag, output, load, keep_failed, locked)
    name = image_name(profile.path)
    outcome = Software(profile, name, Home.default(), settings, report).run()
    print(json_module.dumps(_document(outcome)) if json else _text(outcome))  # noqa: T201 - the command line prints


def image_name(profile: Path) -> str:
    """Return the image's name: the profile's, or for software.cfg and buildout.cfg its directory's."""
    generic = profile.stem in ("software", "buildout")
    name = profile.absolute().parent.name if generic else profile.stem
    # The distribution spec's grammar of names: words of ASCII letters and digits, one separator between two.
    plain = re.sub(r"[^a-z0-9._-]+", "-", name.lower())
    return re.sub(r"[._-]{2,}", "-", plain).strip("-._") or "software"


def _document(outcome: Outcome) -> dict[str, object]:
    return {
        "image": asdict(outcome.image),
        "parts": [asdict(part) for part in outcome.parts],
        "removed": list(outcome.removed),
        "events": [list(event) for event in outcome.events],
        "profile": outcome.profile,
        "state": str(outcome.state or ""),
        "engine": outcome.engine,
        "seconds": outcome.seconds,
    }


def _text(outcome: Outcome) -> str:
    image = f"{outcome.image.reference}  {outcome.image.digest}  {outcome.image.size / 1e6:.1f} MB"
    if outcome.nothing_done:
        return f"Nothing to do: {len(outcome.parts)} parts are up to date ({outcome.seconds:.2f} s).\n{image}"
    width = max((len(part.name) for part in outcome.parts), default=0)
    lines = [
        f"  {part.name:{width}}  {part.status:6}  {part.seconds:7.1f} s  {part.size / 1e6:8.2f} MB"
        f"  {part.layer[7:19]}{'' if part.in_image else '  (build only)'}"
        for part in outcome.parts
    ]
    lines += [f"  {name:{width}}  removed" for name in outcome.removed]
    return "\n".join([*lines, f"{image}  ({outcome.seconds:.1f} s)"])
