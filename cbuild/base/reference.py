"""Names of images that cbuild did not build: ``registry/name@sha256:…``, ``oci:/layout@sha256:…``, ``sha256:…``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cbuild.errors import UsageError

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True)
class Reference:
    """An image and its digest. transport: ``docker`` (a registry), ``oci`` (a layout) or ``store`` (only a digest)."""

    transport: str
    name: str
    digest: str

    @property
    def tag(self) -> str:
        """Return the name under which the store keeps the image."""
        return f"{self.name}@{self.digest}" if self.name else self.digest

    @property
    def loopback(self) -> bool:
        """Tell whether the registry is on this machine: then, as with Docker, it need not speak TLS."""
        host = self.name.partition("/")[0]
        return self.transport == "docker" and (host in _LOOPBACK or host.rpartition(":")[0] in _LOOPBACK)


def is_digest(text: str) -> bool:
    """Tell whether text is a whole digest in its only form."""
    return _DIGEST.fullmatch(text) is not None


def parse(text: str) -> Reference:
    """Return the reference. UsageError: ``base-without-digest`` or ``bad-reference``."""
    if is_digest(text):
        return Reference("store", "", text)
    rest, at, digest = text.rpartition("@")
    if not at:
        raise UsageError(
            f"the base image {text} is named without a digest",
            reason="base-without-digest",
            details="What a tag names today is not what it names tomorrow, and the base is part of every key.",
            resolution=f"Write {text}@sha256:…; `skopeo inspect --format '{{{{.Digest}}}}' docker://{text}` prints it.",
        )
    if not is_digest(digest):
        raise UsageError(
            f"{digest!r} is no digest",
            reason="bad-reference",
            details=text,
            resolution="A digest is sha256: and 64 hexadecimal digits in lower case.",
        )
    transport, _colon, path = rest.partition(":")
    if transport == "oci" and path:
        return Reference("oci", path, digest)
    return Reference("docker", rest.removeprefix("docker://"), digest)
