"""A container's environment: the same in both engines.

Each engine adds variables of its own. Docker: PATH and HOSTNAME. Podman: container, TERM, PATH, HOSTNAME, HOME, and the
proxy variables of its service. What a container gets here is the image's environment, what the spec gives, PATH when
neither has one, and HOSTNAME; the OCI runtime adds HOME (from the image's /etc/passwd, else ``/``) when it is missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def container_environment(image: Sequence[str] | None, given: Mapping[str, str]) -> dict[str, str]:
    """Return the image's ``NAME=value`` entries with the given variables over them, and a PATH in any case."""
    merged = {"PATH": DEFAULT_PATH}
    for entry in image or ():
        name, _, value = entry.partition("=")
        merged[name] = value
    return merged | dict(given)


def as_list(environment: Mapping[str, str] | None) -> list[str]:
    """Return ``NAME=value`` entries, as the engines' JSON has them."""
    return [f"{name}={value}" for name, value in (environment or {}).items()]
