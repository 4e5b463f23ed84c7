"""Inside the one-shot container: render the instance profile, resolve it, install its parts into the partition.

``python3 -m cbuild.instance.process JOB.json RESULT.json``; the result is ``{"ok": true, "result": …}`` or
``{"ok": false, "error": …}``. The exit code is 0 when a result was written, good or bad.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from cbuild.errors import CbuildError, PartError, ProfileError
from cbuild.instance import install, job, record, render
from cbuild.instance.job import LIMITS_SECTION, Job, Result
from cbuild.profile import Assignment, Profile, Resolver, load, with_directory
from cbuild.recipe import code, compatible
from cbuild.recipe.api import Options, Recipe, UserError
from cbuild.recipe.live import LiveBuildout
from cbuild.recipe.registry import NATIVE, find
from recipes import publish, slapconfiguration

# BBB: software from before `instance.cfg` had its name.
PROFILES = ("instance.cfg", "template.cfg")
DIRECTORIES = ("bin", "etc", "etc/promise", "etc/run", "etc/service", "srv", "tmp", "var", "var/log", "var/run")


def main() -> None:
    """Run the job named on the command line."""
    # Group and others have no business in a partition; slapgrid's is 0750, too.
    os.umask(0o027)
    asked = Job(**json.loads(Path(sys.argv[1]).read_bytes()))
    document: dict[str, object]
    try:
        result = process(asked, Path(job.DIRECTORY), Path(job.SOFTWARE))
        document = {"ok": True, "result": result.as_dict()}
    except CbuildError as error:
        document = {"ok": False, "error": job.error_document(error)}
    sys.stdout.flush()
    Path(sys.argv[2]).write_text(json.dumps(document), encoding="utf-8")


def process(asked: Job, directory: Path, software: Path) -> Result:
    """Make the partition in directory what the job asks for; ProfileError, PartError if that fails.

    What was installed before a part that fails stays, recorded.
    """
    for name in DIRECTORIES:
        (directory / name).mkdir(parents=True, exist_ok=True)
    own = directory / ".cbuild"
    own.mkdir(exist_ok=True)
    (directory / slapconfiguration.FILE).write_text(json.dumps(asked.as_dict(), sort_keys=True), encoding="utf-8")
    profile = _profile(asked, directory, software)
    os.chdir(directory)
    session = Session(profile, directory, software)
    parts = session.parts()
    state = directory / ".installed.cfg"
    outcome = install.apply(parts, record.load(state), lambda now: record.save(state, now), own / "aside")
    if outcome.failed is not None:
        raise _part_failed(outcome.failed, outcome.error) from outcome.error
    return Result(
        **_connection(own, [part.name for part in parts]),  # type: ignore[arg-type]  # two keys, typed there
        limits=session.limits(),
        installed=tuple(outcome.installed),
        updated=tuple(outcome.updated),
        uninstalled=tuple(outcome.uninstalled),
    )


class Session:
    """One processing: the resolver and the recipes that its parts have."""

    def __init__(self, profile: Profile, directory: Path, software: Path) -> None:
        self._profile = profile
        self._recipes: dict[str, tuple[Options, Recipe, str]] = {}
        self._resolver = Resolver(profile, defaults(directory, software), self._initialize)

    def parts(self) -> list[install.Part]:
        """Run every constructor (before anything is changed, RCP-1); return the parts in order."""
        order = list(self._resolver.initialise())
        refers = {name: tuple(others) for name, others in self._resolver.references.items()}
        sections = {name: dict(self._resolver.section(name)) for others in refers.values() for name in others}
        signed = install.signatures(order, {name: self._recipes[name][2] for name in order}, sections, refers)
        return [install.Part(name, *self._recipes[name][:2], signed[name]) for name in order]

    def limits(self) -> dict[str, str]:
        """Return what the profile says about limits."""
        if LIMITS_SECTION not in self._resolver.names():
            return {}
        ours = ("_profile_base_location_", "_buildout_section_name_")
        return {key: value for key, value in self._resolver.section(LIMITS_SECTION).items() if key not in ours}

    def _initialize(self, name: str, data: MutableMapping[str, str]) -> None:
        native = find(data["recipe"])
        if native is None:
            raise ProfileError(
                f"The recipe {data['recipe']!r} can't be used in an instance profile.",
                reason="unknown-recipe",
                section=name,
                option="recipe",
                resolution="There are: " + ", ".join(sorted(NATIVE)),
            )
        options = Options(LiveBuildout(self._resolver, name, _local), name, data)
        try:
            if native.in_builder:
                compatible.install(options.buildout)
            recipe = native.load()(options.buildout, name, options)
        except CbuildError:
            raise
        except Exception as error:
            raise _part_failed(name, error) from error
        self._recipes[name] = (options, recipe, f"{native.module}-{code.digest(native.module)}")


def defaults(directory: Path, software: Path) -> dict[str, str]:
    """Return [buildout]'s built-in options in a partition (SLAPOS.md 2.1)."""
    return {
        **with_directory(str(directory)),
        "eggs-directory": str(software / "eggs"),
        "develop-eggs-directory": str(software / "develop-eggs"),
        "newest": "false",
        "offline": "true",
    }


def variables(asked: Job, directory: Path) -> dict[str, object]:
    """Return what the profile sees as a jinja2 template."""
    return {
        "parameters": asked.parameters,
        "slapparameter_dict": asked.parameters,
        "ipv6": asked.ipv6,
        "partition": asked.partition,
        "instance": asked.instance,
        "reference": asked.reference,
        "software_type": asked.type,
        "slap_software_type": asked.type,
        "directory": str(directory),
    }


def assignments(asked: Job, software: Path) -> list[Assignment]:
    """Return the sections that every instance profile may refer to, as slapgrid appends them (SLAPOS.md 2.1)."""
    connection = {
        "computer-id": "localhost",
        "partition-id": asked.partition,
        "server-url": "",
        "software-release-url": asked.software,
        "key-file": "",
        "cert-file": "",
        "requested-state": asked.state,
    }
    own = {
        "partition": asked.partition,
        "instance": asked.instance,
        "reference": asked.reference,
        "type": asked.type,
        "ipv6": asked.ipv6,
        "software": str(software),
    }
    sections: Mapping[str, Mapping[str, str]] = {
        "slap-connection": connection,
        "slap_connection": {key.replace("-", "_"): value for key, value in connection.items()},
        "storage-configuration": {"storage-home": ""},
        "network-information": {"global-ipv4-network": ""},
        "cbuild-partition": own,
    }
    return [Assignment(name, key, "=", value) for name, values in sections.items() for key, value in values.items()]


def _profile(asked: Job, directory: Path, software: Path) -> Profile:
    source = next((software / name for name in PROFILES if (software / name).is_file()), None)
    if source is None:
        raise ProfileError(
            "The software has no instance profile.",
            reason="no-instance-profile",
            details=f"There is no {' and no '.join(str(software / name) for name in PROFILES)} in the image.",
            resolution="Let a template part of the software write it: output = ${buildout:directory}/instance.cfg",
        )
    text = render.rendered(source.read_text(encoding="utf-8"), variables(asked, directory), str(source))
    target = directory / "buildout.cfg"
    target.write_text(text, encoding="utf-8")
    return load(target, assignments(asked, software))


def _local(url: str, md5: str | None) -> Path:
    del md5  # the image's digest covers its files
    path = Path(url.removeprefix("file://"))
    if not path.is_absolute() or not path.is_file():
        raise UserError(f"{url} is no file of the software; nothing can be fetched while a partition is processed.")
    return path


def _connection(own: Path, parts: list[str]) -> dict[str, object]:
    connection: dict[str, object] = {}
    serialised = False
    for name in parts:
        path = own.parent / publish.DIRECTORY / f"{name}.json"
        if path.is_file():
            published = json.loads(path.read_bytes())
            connection |= published["connection"]
            serialised |= published["serialised"]
    return {"connection": connection, "serialised": serialised}


def _part_failed(name: str, error: Exception | None) -> PartError:
    if not isinstance(error, UserError):
        traceback.print_exception(error, file=sys.stdout)
    message = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
    return PartError(f"Part {name!r} of the instance profile failed: {message}", section=name)


if __name__ == "__main__":
    main()
