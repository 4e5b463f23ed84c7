"""What an engine's ``inspect`` says about a container, in cbuild's words; Podman's document has Docker's shape.

Promise 6, "enforced or refused": what was asked for is read back from the engine after ``create``.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from cbuild.engine.api import ContainerSpec, ContainerState, Limits
from cbuild.errors import EngineError

#: The scheduler's period in microseconds; the kernel's own default, and what both engines take for --cpus.
CPU_PERIOD = 100_000

#: What a container in the background weighs (``cpu.shares``); any other one weighs 1024.
BACKGROUND_SHARES = 102

Document = Mapping[str, Any]


def cpu_quota(cores: float) -> int:
    """Return the microseconds of CPU time in each period that make this many cores; the kernel's minimum is 1000."""
    return max(1000, round(cores * CPU_PERIOD))


def state_of(document: Document) -> ContainerState:
    """Return the state that an inspect document describes."""
    state = document["State"]
    running = bool(state["Running"])
    status = str(state["Status"])
    image = str(document["Image"])
    ended = not running and status not in {"created", "configured", "initialized"}
    return ContainerState(
        id=document["Id"],
        name=document["Name"].lstrip("/"),
        image=image if image.startswith("sha256:") else f"sha256:{image}",
        running=running,
        status=status,
        exit_code=int(state["ExitCode"]) if ended else None,
        oom_killed=bool(state.get("OOMKilled")),
        ipv6=_ipv6(document),
        limits=limits_of(document),
        labels=dict(document["Config"].get("Labels") or {}),
    )


def limits_of(document: Document) -> Limits:
    """Return the limits as the engine holds them; disk is never there: no engine is asked for it."""
    host = document["HostConfig"]
    quota, period = host.get("CpuQuota") or 0, host.get("CpuPeriod") or 0
    return Limits(
        memory=_positive(host.get("Memory")),
        cpu=quota / period if quota > 0 and period > 0 else None,
        pids=_positive(host.get("PidsLimit")),
        open_files=_open_files(host),
    )


def _positive(value: int | None) -> int | None:
    return value if value is not None and value > 0 else None


def _open_files(host: Document) -> int | None:
    for limit in host.get("Ulimits") or ():
        # Docker says nofile, Podman RLIMIT_NOFILE.
        if limit["Name"].lower().removeprefix("rlimit_") == "nofile":
            return int(limit["Hard"])
    return None


def _ipv6(document: Document) -> str | None:
    for network in (document["NetworkSettings"].get("Networks") or {}).values():
        asked = (network.get("IPAMConfig") or {}).get("IPv6Address")
        if found := network.get("GlobalIPv6Address") or asked:
            return str(ipaddress.IPv6Address(found))
    return None


def refuse_unsupported(engine: str, spec: ContainerSpec) -> None:
    """Raise EngineError for what no engine can be asked to enforce, before anything is made."""
    if spec.limits.disk is not None:
        raise EngineError(
            f"{engine} can't enforce a disk limit of {spec.limits.disk} bytes for {spec.name}",
            reason="limit-refused",
            details=(
                "An engine's only limit on space (storage_opt size) counts the container's writable layer, and needs "
                "xfs with project quotas. A partition's root file system is read-only and its data lies in a bound "
                "directory, which no engine counts."
            ),
            resolution="Put the data on a file system of that size (or under a project quota); leave out the limit.",
        )


def check_enforced(engine: str, spec: ContainerSpec, document: Document) -> None:
    """Raise EngineError (limit-refused) when the created container lacks anything that was asked for."""
    missing = list(_differences(spec, document))
    if missing:
        raise EngineError(
            f"{engine} doesn't enforce what was asked for {spec.name}",
            reason="limit-refused",
            details="\n".join(missing),
            resolution="Leave it out, or let the engine's host support it (cgroup controllers, swap accounting).",
        )


def _differences(spec: ContainerSpec, document: Document) -> Iterator[str]:
    host = document["HostConfig"]
    asked, held = spec.limits, limits_of(document)
    for name in ("memory", "pids", "open_files"):
        if getattr(asked, name) is not None and getattr(asked, name) != getattr(held, name):
            yield f"{name}: asked {getattr(asked, name)}, held {getattr(held, name)}"
    if asked.memory is not None and host.get("MemorySwap") != asked.memory:
        yield f"memory with swap: asked {asked.memory}, held {host.get('MemorySwap')}"
    if asked.cpu is not None and (host.get("CpuQuota"), host.get("CpuPeriod")) != (cpu_quota(asked.cpu), CPU_PERIOD):
        yield f"cpu: asked {cpu_quota(asked.cpu)}/{CPU_PERIOD}, held {host.get('CpuQuota')}/{host.get('CpuPeriod')}"
    if not host.get("ReadonlyRootfs"):
        yield "the root file system is not read-only"
    if not any(option.startswith("no-new-privileges") for option in host.get("SecurityOpt") or ()):
        yield "no-new-privileges is not set"
    # Podman lists what is dropped by name; what is left is in EffectiveCaps.
    dropped = "ALL" in (host.get("CapDrop") or ()) or document.get("EffectiveCaps", "?") in (None, [])
    if host.get("CapAdd") or not dropped:
        yield "capabilities are left"
    networks = document["NetworkSettings"].get("Networks") or {}
    if spec.address is None and host.get("NetworkMode") != "none":
        yield f"network: asked none, held {host.get('NetworkMode')}"
    if spec.address is not None and set(networks) != {spec.address.network}:
        yield f"network: asked {spec.address.network}, held {', '.join(sorted(networks)) or 'none'}"
