"""Resource limits that Podman sets on every container, and may not be allowed to."""

from __future__ import annotations

import resource
from pathlib import Path

_CAP_SYS_RESOURCE = 24

#: What is given instead of Podman's own 1048576; see docs/engines.md.
MODEST = 4096


def may_raise_limits() -> bool:
    """Tell whether this process has CAP_SYS_RESOURCE (Linux, /proc/self/status); True when it can't be told."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return True
    for line in status.splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> _CAP_SYS_RESOURCE & 1)
    return True


def default_limits() -> dict[str, int]:
    """Return the limits (name to value) that a container without its own must name for Podman to be able to start it.

    Podman sets nofile and nproc to 1048576 unless they are given, which the kernel refuses to a service without
    CAP_SYS_RESOURCE. A service on this machine is taken to be as privileged as this process.
    """
    if may_raise_limits():
        return {}
    kinds = {"nofile": resource.RLIMIT_NOFILE, "nproc": resource.RLIMIT_NPROC}
    hard = {name: resource.getrlimit(kind)[1] for name, kind in kinds.items()}
    return {name: min(MODEST, limit) if limit != resource.RLIM_INFINITY else MODEST for name, limit in hard.items()}
