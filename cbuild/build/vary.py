"""A deliberately different builder: all that differs between two machines, and more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cbuild.build.surroundings import USER, Surroundings

SHIFT = 400 * 86400 + 5 * 3600
"""Seconds by which the clock is ahead: every field of a date is another one. Ahead, because files have the kernel's
time: to a clock that is behind, make would find them all in the future."""

OTHER = 41234
"""Another user, with another name."""


@dataclass(frozen=True)
class _Way:
    """One way to be different. defines: for different.c."""

    user: int = USER
    hostname: str = "cbuild"
    environment: Mapping[str, str] = field(default_factory=dict)
    prelude: str = ""
    defines: str = ""


WAYS = {
    "clock": _Way(defines=f"-DSHIFT={SHIFT}"),
    "cpus": _Way(environment={"MAKEFLAGS": "-j1"}, defines="-DONE_CPU"),
    "directory-order": _Way(defines="-DREVERSE"),
    "hash-seed": _Way(environment={"PYTHONHASHSEED": "4711", "PERL_HASH_SEED": "4711"}),
    "home": _Way(environment={"HOME": "/tmp/home", "TMPDIR": "/tmp/other"}, prelude="mkdir /tmp/home /tmp/other; "),  # noqa: S108 - in the container
    "hostname": _Way(hostname="verify.example.org"),
    "locale": _Way(environment={"LC_ALL": "C", "LANG": "C", "LANGUAGE": "fr"}),
    "time-zone": _Way(environment={"TZ": "<+1345>-13:45"}),
    "umask": _Way(prelude="umask 077; "),
    "user": _Way(user=OTHER),
}
"""By name. The build directory is the same: it is the same in every builder, and its name is in many a binary."""

_COMPILE = (
    "gcc -shared -fPIC -O1 {defines} -o /log/different.so /run/cbuild/different.c 2>/log/log || "
    "{{ echo 'cbuild verify needs a C compiler in the builder.' >>/log/log; exit 1; }}; "
    "export LD_PRELOAD=/log/different.so; "
)


def varied(ways: Iterable[str] = tuple(WAYS)) -> Surroundings:
    """Return a builder's surroundings that are different in these ways."""
    chosen = [WAYS[way] for way in ways]
    defines = " ".join(way.defines for way in chosen if way.defines)
    user = next((way.user for way in chosen if way.user != USER), USER)
    passwd = f"root:x:0:0:root:/root:/bin/sh\nother:x:{user}:{user}::/nonexistent:/bin/sh\n"
    files = {"passwd": passwd} if user != USER else {}
    if defines:
        files["different.c"] = Path(__file__).with_name("different.c").read_text(encoding="utf-8")
    environment: dict[str, str] = {}
    for way in chosen:
        environment |= way.environment
    return Surroundings(
        user=user,
        hostname=next((way.hostname for way in chosen if way.hostname != _Way.hostname), _Way.hostname),
        environment=environment,
        prelude=(_COMPILE.format(defines=defines) if defines else "") + "".join(way.prelude for way in chosen),
        files=files,
        over={"passwd": "/etc/passwd"} if user != USER else {},
    )
