"""What the host and the one-shot container say to each other: a job going in, a result coming out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from cbuild.errors import CbuildError, PartError, ProfileError, UsageError

DIRECTORY = "/srv/partition"
SOFTWARE = "/opt/cbuild"
JOB = "/run/cbuild"
RESULT = "/run/result"

LIMITS_SECTION = "cbuild-limits"
"""The section in which an instance profile may say which limits its partition gets."""

_ERRORS: Mapping[str, type[CbuildError]] = {kind.__name__: kind for kind in (PartError, ProfileError, UsageError)}


@dataclass(frozen=True)
class Job:
    """What a partition is asked to be; all that its processing may depend on beside the software's files.

    software: the image's manifest digest. state: started or stopped.
    """

    partition: str
    instance: str
    reference: str
    type: str
    parameters: Mapping[str, object]
    ipv6: str
    uid: int
    software: str
    state: str

    def as_dict(self) -> dict[str, object]:
        """Return the job's document."""
        return asdict(self)


@dataclass(frozen=True)
class Result:
    """What processing gave.

    connection: connection parameters. serialised: they travel as JSON in one parameter `_`. limits: what the profile's
    ``[cbuild-limits]`` says, as text. installed, updated, uninstalled: parts.
    """

    connection: Mapping[str, object] = field(default_factory=dict)
    serialised: bool = False
    limits: Mapping[str, str] = field(default_factory=dict)
    installed: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    uninstalled: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """Return the result's document."""
        return asdict(self)


def result_from(data: object) -> Result:
    """Return the result from its document, which a container wrote: nothing in it is taken on trust.

    ValueError if it isn't one.
    """
    if not isinstance(data, dict):
        raise ValueError("it is no object")  # noqa: TRY004 - one error for every way in which it can be wrong
    connection, texts = data.get("connection", {}), data.get("limits", {})
    if not isinstance(connection, dict) or not isinstance(texts, dict):
        raise ValueError("connection or limits is no object")  # noqa: TRY004 - see above
    return Result(
        connection=connection,
        serialised=data.get("serialised") is True,
        limits={str(key): str(value) for key, value in texts.items()},
        installed=_names(data, "installed"),
        updated=_names(data, "updated"),
        uninstalled=_names(data, "uninstalled"),
    )


def error_document(error: CbuildError) -> dict[str, object]:
    """Return an error for the way out of the container."""
    return {"kind": type(error).__name__, **error.as_dict()}


def error_from(data: Mapping[str, object]) -> CbuildError:
    """Return the error again; a PartError for a kind that isn't expected."""
    line, column, chain = data.get("line"), data.get("column"), data.get("chain")
    return _ERRORS.get(str(data.get("kind")), PartError)(
        str(data.get("brief")),
        reason=_text(data, "reason"),
        details=_text(data, "details") or "",
        resolution=_text(data, "resolution") or "",
        file=_text(data, "file"),
        line=line if isinstance(line, int) else None,
        column=column if isinstance(column, int) else None,
        section=_text(data, "section"),
        option=_text(data, "option"),
        chain=tuple(map(str, chain)) if isinstance(chain, list) else (),
    )


def _names(data: Mapping[str, object], key: str) -> tuple[str, ...]:
    value = data.get(key, [])
    return tuple(map(str, value)) if isinstance(value, list) else ()


def _text(data: Mapping[str, object], key: str) -> str | None:
    value = data.get(key)
    return value if isinstance(value, str) else None
