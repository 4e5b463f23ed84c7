"""Running the instance profile in a one-shot container over the partition's volume (DESIGN.md section 8)."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from cbuild import base
from cbuild.base.model import Base
from cbuild.canonical import canonical_json, write_atomic
from cbuild.engine.api import ContainerSpec, Engine, Limits, LoadableImage, Mount
from cbuild.errors import PartError, UsageError
from cbuild.events import Event
from cbuild.instance import job, labels, shipped, untrusted
from cbuild.instance.job import Job, Result
from cbuild.instance.names import home_id
from cbuild.instance.site import Site
from cbuild.instance.software import Software, files
from cbuild.instance.store import PartitionFiles
from cbuild.state.home import Home

_MODULE = "cbuild.instance.process"
_TAIL_LINES = 20
_LARGEST = 16 << 20  # bytes of a result
_TIMEOUT = 600.0  # seconds; slapgrid's partition_timeout is unlimited, but nobody waits longer for a command line
# What rendering templates takes, and no more: a profile that loops must not take the machine.
_LIMITS = Limits(memory=1 << 30, pids=512)


def inputs(asked: Job) -> dict[str, object]:
    """Return all that a processing depends on: equal inputs, nothing to do."""
    return {"job": asked.as_dict(), "code": shipped.digest()}


def prepare(place: PartitionFiles, uid: int) -> None:
    """Make the partition's volume: owned by its uid, closed to others (0750, as slapgrid has it).

    UsageError (needs-root) if this process may not give files away.
    """
    # Nobody but the one who runs cbuild looks in: parameters and data are the instance's own affair.
    place.root.mkdir(parents=True, exist_ok=True)
    place.root.parents[1].chmod(0o700)
    place.data.mkdir(mode=0o750, exist_ok=True)
    # Only the directory itself: what is in it belongs to the partition, which could lead a chown anywhere.
    try:
        if place.data.stat().st_uid != uid:
            os.chown(place.data, uid, uid)
        place.data.chmod(0o750)
    except PermissionError as error:
        raise UsageError(
            "Partitions have users of their own, and this user may not give files to them.",
            reason="needs-root",
            details=f"chown {uid} {place.data}: {error.strerror}",
            resolution="Run `cbuild instance` as root or with sudo.",
        ) from error


def run(site: Site, software: Software, asked: Job, place: PartitionFiles) -> Result:
    """Process the instance profile; return its results.

    ProfileError or PartError if it fails, with the end of its output; all of it is in the partition's process.log.
    """
    home = site.home
    site.report(Event("info", asked.partition, f"Processing the instance profile of {asked.partition}."))
    builder = base.ensure("builder", home, site.report)
    _load(site.engine, builder)
    tree = files(home, software)
    home.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.work, prefix=f"instance-{asked.partition}-") as scratch:
        directory = Path(scratch)
        directory.chmod(0o755)
        _write_job(directory, asked)
        mounts = (
            Mount(tree, job.SOFTWARE),
            Mount(place.data, job.DIRECTORY, read_only=False),
            Mount(directory / "job", job.JOB),
            Mount(directory / "result", job.RESULT, read_only=False),
        )
        exit_code, output = _contained(site.engine, _spec(home, builder, asked, mounts))
        write_atomic(place.log, output)
        return _result(directory / "result" / "result.json", exit_code, output, place.log)


def _load(engine: Engine, builder: Base) -> None:
    if not engine.has_image(builder.digest):
        engine.load(LoadableImage(builder.config, builder.layers, f"localhost/cbuild-base:{builder.name}"))


def _write_job(directory: Path, asked: Job) -> None:
    (directory / "job").mkdir(mode=0o755)
    shipped.copy(directory / "job" / "code")
    (directory / "job" / "job.json").write_bytes(canonical_json(asked.as_dict()))
    (directory / "result").mkdir(mode=0o700)
    os.chown(directory / "result", asked.uid, asked.uid)


def _spec(home: Home, builder: Base, asked: Job, mounts: tuple[Mount, ...]) -> ContainerSpec:
    return ContainerSpec(
        name=f"cbuild-{home_id(home)}-{asked.partition}-process",
        image=builder.digest,
        command=("python3", "-B", "-m", _MODULE, f"{job.JOB}/job.json", f"{job.RESULT}/result.json"),
        environment={
            "HOME": job.DIRECTORY,
            "LC_ALL": "C.UTF-8",
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": f"{job.JOB}/code",
            "TZ": "UTC",
        },
        user=f"{asked.uid}:{asked.uid}",
        workdir=job.DIRECTORY,
        hostname=asked.partition[:63],
        mounts=mounts,
        tmpfs={"/tmp": "mode=1777"},  # noqa: S108 - the container's own
        limits=_LIMITS,
        labels=labels.of(home, asked.instance, asked.partition, labels.PROCESS),
    )


def _contained(engine: Engine, spec: ContainerSpec) -> tuple[int, bytes]:
    # One left by a cbuild that was killed would have the name; the instance's lock is held, so it is nobody's.
    for leftover in engine.containers(spec.labels):
        engine.remove(leftover.id)
    container = engine.create(spec)
    try:
        engine.start(container)
        exit_code = engine.wait(container, _TIMEOUT)
        return exit_code, engine.logs(container)
    except TimeoutError as error:
        raise PartError(
            f"The instance profile of {spec.hostname} was not processed within {_TIMEOUT:.0f} s.",
            reason="instance-failed",
            section=spec.hostname,
            details=engine.logs(container).decode(errors="replace")[-2000:],
        ) from error
    finally:
        engine.remove(container)


def _result(path: Path, exit_code: int, output: bytes, log: Path) -> Result:
    tail = "\n".join(output.decode(errors="replace").splitlines()[-_TAIL_LINES:])
    try:
        document = json.loads(untrusted.read(path.parent, path.name, _LARGEST))
        if document["ok"]:
            return job.result_from(document["result"])
        error = job.error_from(document["error"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise PartError(
            f"Processing the instance profile ended with exit code {exit_code} and gave no result.",
            reason="instance-failed",
            details=tail or str(problem),
            resolution=f"The whole output is in {log}",
        ) from problem
    error.details = "\n".join(text for text in (error.details, tail) if text)
    error.resolution = error.resolution or f"The whole output is in {log}"
    raise error
