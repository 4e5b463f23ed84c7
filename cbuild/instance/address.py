"""A partition's IPv6 address: out of the node's prefix, derived from the partition's name.

Sources of the rules: RFC 4193 (ULA), RFC 4291 2.6.1 (the subnet-router anycast address is the subnet's first), RFC 2526
(the last 128 interface identifiers are reserved anycast addresses).
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Iterator
from ipaddress import IPv6Address, IPv6Network

from cbuild.errors import PartError, UsageError

VARIABLE = "CBUILD_IPV6_PREFIX"
_LONGEST = 126  # ::0 is anycast and ::1 the gateway: a /126 has two addresses left
_SHORTEST = 48
_SUBNET = 64
_RESERVED_TOP = 128

# Docker and Podman may run side by side; one subnet can be on one bridge only.
_ENGINE_SUBNETS = {"docker": 0xD, "podman": 0xB}

# Hashes tried before counting upwards: in a /64 the first nearly always is free, in a /120 the rest is.
_HASHED = 8


def new_ula() -> str:
    """Return a fresh /48 below fd00::/8 with 40 random bits (RFC 4193 3.2)."""
    return str(IPv6Network(((0xFD << 120) | (secrets.randbits(40) << 80), 48)))


def operators_prefix(text: str) -> IPv6Network:
    """Return the prefix that the operator named; UsageError (bad-prefix) if it can't serve."""
    try:
        network = IPv6Network(text.strip())
    except ValueError as error:
        raise _bad_prefix(text, str(error)) from error
    if not _SHORTEST <= network.prefixlen <= _LONGEST:
        raise _bad_prefix(text, f"A prefix is between /{_SHORTEST} and /{_LONGEST} long.")
    return network


def subnet(prefix: IPv6Network, engine: str) -> IPv6Network:
    """Return the part of the prefix that an engine's network gets: a /64 of its own where there is room for it."""
    number = _ENGINE_SUBNETS.get(engine, 0xF)
    if prefix.prefixlen > _SUBNET - number.bit_length():
        return prefix
    return IPv6Network((int(prefix.network_address) + (number << _SUBNET), _SUBNET))


def candidates(network: IPv6Network, name: str) -> Iterator[IPv6Address]:
    """Yield every address that the partition called name may have in network, the preferred one first.

    The suffix is the sha256 of the name, so that a laptop and a node with prefixes of one length agree on it.
    """
    space = network.num_addresses
    last = space - (_RESERVED_TOP if network.prefixlen <= _SUBNET else 0)
    suffix = 0
    for attempt in range(_HASHED):
        seed = f"{name}#{attempt}" if attempt else name
        suffix = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:16], "big") % space
        if _usable(suffix, last):
            yield network[suffix]
    for step in range(space):
        number = (suffix + step) % space
        if _usable(number, last):
            yield network[number]


def choose(network: IPv6Network, name: str, taken: Collection[str]) -> str:
    """Return a free address for a partition; PartError (address-pool-full) when there is none left."""
    used = {IPv6Address(address) for address in taken}
    used = {address for address in used if address in network}
    last = network.num_addresses - (_RESERVED_TOP if network.prefixlen <= _SUBNET else 0)
    if len(used) < last - 2:
        for address in candidates(network, name):
            if address not in used:
                return str(address)
    raise PartError(
        f"No address is left in {network} for partition {name!r}.",
        reason="address-pool-full",
        section=name,
        details=f"{len(used)} partitions have one: a /{network.prefixlen} has {last - 2} beside the gateway's.",
        resolution=f"Destroy an instance that isn't needed, or name a shorter prefix in {VARIABLE}.",
    )


def _usable(suffix: int, last: int) -> bool:
    return 1 < suffix < last


def _bad_prefix(text: str, details: str) -> UsageError:
    return UsageError(
        f"{text!r} in {VARIABLE} is no prefix for partitions.",
        reason="bad-prefix",
        details=details,
        resolution="Name one that is routed to this machine, such as 2001:db8:1::/64.",
    )
