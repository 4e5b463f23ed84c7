"""cbuild software: build the image."""

from __future__ import annotations

import json as json_module
import os
import re
import shutil
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cbuild.cli import annotate, common, query
from cbuild.cli.progress import STEP, printer
from cbuild.cli.timeline import timeline
from cbuild.errors import UsageError, near
from cbuild.state.home import Home

if TYPE_CHECKING:
    from cbuild.build.outcome import Outcome

INSTALL = "install"
LOOKS = {"annotate": annotate.show, "query": query.show}
WORDS = "[PROFILE] [SECTION:OPTION=VALUE]... [install PART...|annotate [SECTION...]|query SECTION:OPTION]"
REFUSED = {
    "init": "Write a profile (docs/tutorial.md begins with one); nothing else has to be there.",
    "bootstrap": "Leave it out: cbuild needs nothing of itself beside a profile.",
    "setup": "List the directory of the setup script in `develop`: it is built where recipes run.",
    "runsetup": "List the directory of the setup script in `develop`: it is built where recipes run.",
}
"""buildout's other commands, and what to do instead (LANGUAGE.md CLI-4)."""

# The distribution spec's grammar of references, without a digest.
_WORD = r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(rf"(?:[A-Za-z0-9.-]+(?::\d+)?/)?{_WORD}(?:/{_WORD})*(?::\w[\w.-]{{0,127}})?", re.ASCII)


def command(
    words: Annotated[list[str] | None, typer.Argument(metavar=WORDS, show_default=False)] = None,
    config: common.Config = None,
    verbose: common.Verbose = 0,
    quiet: common.Quiet = 0,
    offline: common.Offline = None,
    newest: common.Newest = None,
    timeout: common.Timeout = None,
    no_defaults: common.NoDefaults = False,
    engine: common.EngineChoice = None,
    json: common.Json = False,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Parts at a time.")] = os.cpu_count() or 1,
    tag: Annotated[str, typer.Option(help="A further name for the image.")] = "",
    output: Annotated[Path | None, typer.Option(help="Also write the image there, as an OCI image layout.")] = None,
    load: Annotated[bool, typer.Option(help="Hand the image to the engine.")] = True,
    keep_failed: Annotated[
        bool, typer.Option("-D", "--keep-failed", help="Keep a failed builder for `cbuild shell`.")
    ] = False,
    locked: Annotated[bool, typer.Option("--locked", help="Refuse sources that cbuild.lock doesn't have.")] = False,
    update_lock: Annotated[
        bool, typer.Option("--update-lock", help="Ask the profile's URLs and branches anew, and pin them.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    skip_signature_check: Annotated[bool, typer.Option("--skip-signature-check", hidden=True)] = False,
    version: common.Version = False,
) -> None:
    """Build a profile's image: every part compiled in a builder container, a layer each.

    Behind the options may stand `install PART...` for some parts only, or `annotate [SECTION...]` or
    `query SECTION:OPTION` for a look at the profile as it is written.
    """
    from cbuild.build.outcome import Settings  # noqa: PLC0415 - not needed for --help
    from cbuild.build.software import Software  # noqa: PLC0415
    from cbuild.build.steering import steer  # noqa: PLC0415

    del version
    report = printer(verbose - quiet)
    if tag and not _REFERENCE.fullmatch(tag):
        raise UsageError(
            f"--tag {tag!r} is no name for an image.",
            reason="bad-tag",
            resolution="Write it as [HOST[:PORT]/]name[:tag], the name in small letters: localhost/web:test",
        )
    switches = common.switches(
        offline=offline, newest=newest, timeout=timeout, verbosity=STEP * (verbose - quiet), dry_run=dry_run,
        check_signature="false" if skip_signature_check else None,
    )  # fmt: skip
    every = [*(words or ()), *switches]
    action, *rest = common.split(every, config).rest or (INSTALL,)
    _check(action)
    profile, _ = common.open_profile(
        every, config, user_defaults=not no_defaults, pin=action == INSTALL, report=report,
        locked=locked, renew=update_lock,
    )  # fmt: skip
    if action in LOOKS:
        LOOKS[action](profile, rest, json=json, verbosity=verbose - quiet, raw=True)
        return
    steering = steer(profile)
    report.level, report.format = steering.level, steering.log_format
    settings = Settings(jobs, engine, tuple(rest), tag, output, load, keep_failed, locked, update_lock)
    name = image_name(profile.path)
    outcome = Software(profile, name, Home.default(), settings, report).run()
    print(json_module.dumps(_document(outcome)) if json else _text(outcome))  # noqa: T201 - the command line prints


def _check(action: str) -> None:
    """Raise UsageError for a word that is no command of buildout's, or one that is nothing here."""
    if action in REFUSED:
        raise UsageError(
            f"cbuild has no `{action}`.", reason="unsupported-command", resolution=REFUSED[action]
        )  # fmt: skip
    if action not in (INSTALL, *LOOKS):
        raise UsageError(
            f"{action!r} is no command, and neither a profile nor an assignment.",
            reason="unknown-command",
            details=near(action, (INSTALL, *LOOKS)),
            resolution="A profile's name ends in .cfg, an assignment is SECTION:OPTION=VALUE; commands are"
            " `install PART...`, `annotate [SECTION...]` and `query SECTION:OPTION`.",
        )


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
        "dry_run": outcome.dry_run,
        "profile": outcome.profile,
        "state": str(outcome.state or ""),
        "engine": outcome.engine,
        "seconds": outcome.seconds,
    }


def _text(outcome: Outcome) -> str:
    image = f"{outcome.image.reference}  {outcome.image.digest}  {outcome.image.size / 1e6:.1f} MB"
    if outcome.dry_run:
        done = Counter(action for action, _ in outcome.events)
        counts = f"{done['installing']} to install, {done['updating']} to update, {done['uninstalling']} to uninstall"
        return f"Dry run, nothing was done: {counts}."
    if outcome.nothing_done:
        return f"Nothing to do: {len(outcome.parts)} parts are up to date ({outcome.seconds:.2f} s).\n{image}"
    width = max((len(part.name) for part in outcome.parts), default=0)
    lines = [
        f"  {part.name:{width}}  {part.status:6}  {part.seconds:7.1f} s  {part.size / 1e6:8.2f} MB"
        f"  {part.layer[7:19]}{'' if part.in_image else '  (build only)'}"
        for part in outcome.parts
    ]
    lines += [f"  {name:{width}}  removed" for name in outcome.removed]
    lines += timeline(outcome.parts, shutil.get_terminal_size().columns)
    return "\n".join([*lines, f"{image}  ({outcome.seconds:.1f} s)"])
