"""Addresses of cbuild's networks."""

from __future__ import annotations

import hashlib
import ipaddress


def gateway(subnet: ipaddress.IPv6Network) -> str:
    """Return the host's own address in a subnet: its first."""
    return str(subnet[1])


def bridge_name(store: str, network: str) -> str:
    """Return the bridge's interface name (at most 15 characters) for a network of the engine whose store is named.

    Podman would take the first free ``podmanN``, which another store's network may take as well while this one is idle.
    """
    return "cb" + hashlib.sha256(f"{store}\0{network}".encode()).hexdigest()[:12]
