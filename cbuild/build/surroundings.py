"""What a part is installed in and must not depend on: the builder's user, host name, environment, and so on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

USER = 30001
"""The builder's unprivileged user; coreutils' and tar's configure refuse root."""


@dataclass(frozen=True)
class Surroundings:
    """A builder's surroundings; as they stand here for everything that is stored.

    environment: over what a builder has anyway. prelude: shell commands that come first. files: put beside the job, by
    name (``/run/cbuild/NAME``); over: those that are mounted over a file of the image, name to path.
    """

    user: int = USER
    hostname: str = "cbuild"
    environment: Mapping[str, str] = field(default_factory=dict)
    prelude: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    over: Mapping[str, str] = field(default_factory=dict)
