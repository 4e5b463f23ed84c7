"""A socket in front of a real engine's: counts connections, notes requests, and can be cut."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

REQUEST = re.compile(rb"(?:^|\r\n\r\n)(GET|POST|PUT|DELETE|HEAD) (\S+) HTTP/1\.1\r\n")
CREATE = re.compile(r"POST \S*/containers/create")


class Recorder:
    """Passes everything on. path: of the new socket, short (108 bytes). target: the engine's URL."""

    def __init__(self, path: Path, target: str) -> None:
        self.url = f"unix://{path}"
        self.connections = 0
        self.requests: list[str] = []
        self.created = threading.Event()
        self._target = target.removeprefix("unix://")
        self._ends: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def containers(self) -> int:
        """How many containers were asked for."""
        return sum(1 for request in self.requests if CREATE.match(request))

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._target)
            self._ends += [client, server]
            threading.Thread(target=self._copy, args=(client, server, self._note), daemon=True).start()
            threading.Thread(target=self._copy, args=(server, client, lambda _: None), daemon=True).start()

    def _note(self, data: bytes) -> None:
        for method, path in REQUEST.findall(data):
            self.requests.append(f"{method.decode()} {path.decode()}")
            if CREATE.match(self.requests[-1]):
                self.created.set()

    @staticmethod
    def _copy(source: socket.socket, target: socket.socket, note: Callable[[bytes], None]) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                note(data)
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def cut(self) -> None:
        """Close everything; nothing is accepted any more."""
        for end in [self._listener, *self._ends]:
            # It may be closed already, by its other end or by an earlier cut.
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
