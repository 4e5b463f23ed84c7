"""How an engine is asked: what each SDK has to say for itself, and what becomes of its exceptions."""

from __future__ import annotations

import ipaddress
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager, contextmanager

from cbuild.engine.api import ContainerSpec, ExecResult
from cbuild.engine.failures import is_missing, translated
from cbuild.engine.readback import Document
from cbuild.errors import EngineError
from cbuild.events import Event, Report, silent

#: Seconds that a probe waits for an answer; a healthy engine takes milliseconds.
PROBE_TIMEOUT = 10


class Asking(ABC):
    """An engine behind its SDK. url: where it listens (``unix://…``); report: where events go."""

    name: str
    #: The root of the SDK's own exceptions.
    sdk_error: type[Exception]

    def __init__(self, url: str, report: Report = silent) -> None:
        self.url = url
        self._report = report

    # What a subclass says: each may raise whatever its SDK raises.

    @abstractmethod
    def _ping(self) -> str:
        """Return the engine's version over a connection of its own, within PROBE_TIMEOUT seconds."""

    @abstractmethod
    def _inspect_image(self, image: str) -> Document:
        """Return the inspect document of an image."""

    @abstractmethod
    def _present(self, wanted: tuple[str, ...]) -> AbstractSet[str]:
        """Return those of the wanted layers (diff_ids, bottom first) that need no content in a load."""

    @abstractmethod
    def _send(self, archive: Iterator[bytes]) -> None:
        """Load a docker-archive."""

    @abstractmethod
    def _tag(self, image: str, repository: str, tag: str) -> None:
        """Give an image another reference."""

    @abstractmethod
    def _delete_image(self, image: str) -> None:
        """Remove a reference, and the image with its last one; refuse when a container uses it."""

    @abstractmethod
    def _create(self, spec: ContainerSpec, environment: Mapping[str, str]) -> str:
        """Create a container; return its ID."""

    @abstractmethod
    def _start(self, container: str) -> None: ...

    @abstractmethod
    def _wait(self, container: str, timeout: float) -> int | None:
        """Wait for timeout seconds at most; return the exit code, None when it still runs."""

    @abstractmethod
    def _stop(self, container: str, timeout: int) -> None: ...

    @abstractmethod
    def _remove(self, container: str) -> None: ...

    @abstractmethod
    def _inspect(self, container: str) -> Document:
        """Return the inspect document of a container."""

    @abstractmethod
    def _list(self, labels: Sequence[str]) -> Sequence[str]:
        """Return the IDs of all containers with these labels (``name=value``)."""

    @abstractmethod
    def _execute(
        self, container: str, command: Sequence[str], user: str, environment: Mapping[str, str]
    ) -> ExecResult: ...

    @abstractmethod
    def _logs(self, container: str) -> bytes: ...

    @abstractmethod
    def _subnets(self, network: str) -> Sequence[str]:
        """Return a network's subnets, of both families, as the engine writes them."""

    @abstractmethod
    def _create_network(self, name: str, subnet: ipaddress.IPv6Network) -> None: ...

    @abstractmethod
    def _remove_network(self, name: str) -> None: ...

    @abstractmethod
    def interactive(self, container: str, command: Sequence[str], user: str = "") -> Sequence[str]:
        """See Engine."""

    def _asked(self, doing: str) -> AbstractContextManager[None]:
        return translated(self.name, self.url, doing, self._answers, self.sdk_error)

    def _warn(self, subject: str, warnings: Sequence[str] | None) -> None:
        """Report what the engine remarked; whether a limit was dropped is read back, whatever the remark says."""
        for warning in warnings or ():
            self._report(Event("warning", subject, f"{self.name}: {warning}"))

    def _answers(self) -> bool:
        try:
            self._ping()
        except Exception:  # noqa: BLE001 - whatever it raises, the engine doesn't answer
            return False
        return True

    @staticmethod
    @contextmanager
    def _unless_missing() -> Iterator[None]:
        try:
            yield
        except EngineError as error:
            if not is_missing(error):
                raise
