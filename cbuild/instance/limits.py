"""A partition's limits: what the command line and the instance profile say, and what holds when neither does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, fields, replace

from cbuild.engine.api import Limits
from cbuild.errors import CbuildError, UsageError

GIB = 1 << 30

# Nothing on a machine should be able to take all of it by accident: a partition that needs more says so. A runaway
# fork is stopped long before the kernel's pid_max; 512 is room for a database with its connections.
DEFAULTS = Limits(memory=GIB, pids=512)

OPTIONS = {"memory": "memory", "cpus": "cpu", "pids": "pids", "disk": "disk", "open-files": "open_files"}
_FACTORS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?", re.IGNORECASE)
_LEAST_MEMORY = 6 << 20  # both engines refuse less: runc needs that much to start a process


def size(text: str, what: str) -> int:
    """Return bytes for ``1073741824``, ``256M`` or ``1.5G`` (powers of 1024); UsageError (bad-limit) otherwise."""
    match = _SIZE.fullmatch(text.strip())
    value = int(float(match[1]) * _FACTORS[match[2].lower()]) if match else 0
    if value <= 0:
        raise _bad(what, text, "a size such as 256M, 1.5G or a number of bytes")
    return value


def count(text: str, what: str) -> int:
    """Return a whole number above zero; UsageError (bad-limit) otherwise."""
    if not re.fullmatch(r"\d{1,9}", text.strip()) or not int(text):
        raise _bad(what, text, "a whole number above zero")
    return int(text)


def cores(text: str, what: str) -> float:
    """Return a number of cores above zero, ``0.5`` for half of one; UsageError (bad-limit) otherwise."""
    if not re.fullmatch(r"\d{1,4}(\.\d+)?|\.\d+", text.strip()) or float(text) < 0.01:  # noqa: PLR2004 - 1 ms in 100 ms
        raise _bad(what, text, "a number of cores such as 0.5 or 2")
    return float(text)


def parse(texts: Mapping[str, str | None]) -> Limits:
    """Return limits from option names as the command line and ``[cbuild-limits]`` have them; None: not given."""
    unknown = sorted(set(texts) - set(OPTIONS))
    if unknown:
        raise UsageError(
            f"There is no limit called {unknown[0]!r}.",
            reason="bad-limit",
            resolution="Limits are " + ", ".join(OPTIONS),
        )
    values = {name: text for name, text in texts.items() if text is not None}
    limits = Limits(
        memory=size(values["memory"], "memory") if "memory" in values else None,
        cpu=cores(values["cpus"], "cpus") if "cpus" in values else None,
        pids=count(values["pids"], "pids") if "pids" in values else None,
        disk=size(values["disk"], "disk") if "disk" in values else None,
        open_files=count(values["open-files"], "open-files") if "open-files" in values else None,
    )
    if limits.memory is not None and limits.memory < _LEAST_MEMORY:
        raise _bad("memory", values["memory"], "at least 6M; no process starts with less")
    return limits


def merged(*layers: Limits) -> Limits:
    """Return limits where, for each, the first of layers that says something wins."""
    result = Limits()
    for layer in reversed(layers):
        result = replace(result, **{name: value for name, value in asdict(layer).items() if value is not None})
    return result


def as_dict(limits: Limits) -> dict[str, int | float | None]:
    """Return the JSON shape: bytes, cores and counts; None where there is no limit."""
    return asdict(limits)


def from_dict(data: Mapping[str, object]) -> Limits:
    """Return limits from their JSON shape; ValueError on anything else."""
    values: dict[str, int | float | None] = {}
    for field in fields(Limits):
        value = data.get(field.name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or value <= 0):
            raise ValueError(f"limit {field.name} is {value!r}")
        values[field.name] = value
    return Limits(**values)  # type: ignore[arg-type]  # checked above; a count is never a float in what cbuild wrote


def _bad(what: str, text: str, form: str) -> CbuildError:
    return UsageError(f"{text!r} is no limit for {what}.", reason="bad-limit", option=what, resolution=f"It is {form}.")
