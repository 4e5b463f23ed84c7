"""What recipes in a builder answered or asked for, under the digest of what they were given."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import cast

from cbuild.canonical import canonical_json, hex_of, write_atomic
from cbuild.state.home import Home
from cbuild.state.results import touch

Document = Mapping[str, object]


class Answers:
    """Answers by digest (``sha256:…``): of a constructor's question, or a part's key. Failures are never kept."""

    def __init__(self, home: Home) -> None:
        self._directory = home.answers

    def get(self, digest: str) -> Document | None:
        """Return the answer that is kept, None if there is none."""
        path = self._directory / f"{hex_of(digest)}.json"
        try:
            answer = cast("Document", json.loads(path.read_bytes()))
        except (FileNotFoundError, ValueError):
            return None
        touch(path)
        return answer

    def keep(self, digest: str, answer: Document) -> None:
        """Keep an answer, or what was asked for; a failure is not kept."""
        if answer["ok"] or answer["kind"] == "needs":
            write_atomic(self._directory / f"{hex_of(digest)}.json", canonical_json(answer))
