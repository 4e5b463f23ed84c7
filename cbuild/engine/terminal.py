"""A command in a running container with this process's own input and output: by the engine's own client."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence

from cbuild.errors import EngineError

_PACKAGES = {"docker": "docker-cli or docker.io", "podman": "podman"}


def arguments(
    engine: str, connection: Sequence[str], container: str, command: Sequence[str], user: str = ""
) -> Sequence[str]:
    """Return the argv that runs command in container.

    engine: the client's name; connection: its options that say where the engine is. A terminal is asked for if standard
    input is one: the clients refuse to make one of a pipe or of nothing. EngineError (``client-absent``).
    """
    client = shutil.which(engine)
    if client is None:
        raise EngineError(
            f"The {engine} command is not installed.",
            reason="client-absent",
            details="A command in a running container is started by the engine's own client.",
            resolution=f"Install it (Debian's package: {_PACKAGES[engine]}).",
        )
    terminal = ["--tty"] if sys.stdin is not None and sys.stdin.isatty() else []
    chosen = ["--user", user] if user else []
    return [client, *connection, "exec", "--interactive", *terminal, *chosen, container, *command]
