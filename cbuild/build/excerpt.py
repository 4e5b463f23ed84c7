"""What a person reads first of the log of a part that failed: where it went wrong, and how it ended."""

from __future__ import annotations

import re

TAIL = 25
"""Lines of the log's end."""

BEFORE = 15
"""Lines before the one that says that something went wrong; blank ones aren't counted, nor shown."""

_WRONG = re.compile(r"\S*make(\[\d+\])?: \*\*\* (?!.*\(ignored\)$)|FAILED: ")
"""What make and ninja say of a command that failed. With several at a time they wait for the others, which write on: of
MariaDB's log 270 lines followed."""

_NETWORK = re.compile(
    r"(could ?n[o']t|unable to) resolve host[^\"\n]*|temporary failure in name resolution", re.IGNORECASE
)


def tail(log: str) -> str:
    """Return the end of a log."""
    return "\n".join(log.splitlines()[-TAIL:])


def excerpt(log: str) -> str:
    """Return the end of a log, after the first failure of a command where that lies farther back."""
    lines = log.splitlines()
    end = max(len(lines) - TAIL, 0)
    wrong = next((number for number, line in enumerate(lines[:end]) if _WRONG.match(line)), None)
    if wrong is None:
        return tail(log)
    before = [line for line in lines[:wrong] if line.strip()][-BEFORE:]
    left_out = end - wrong - 1
    return "\n".join([*before, lines[wrong], *([f"… {left_out} lines …"] if left_out else []), *lines[end:]])


def advice(log: str) -> str:
    """Return what to do about a build that wanted to download something; empty if the log tells of no such thing."""
    found = _NETWORK.search(log)
    if found is None:
        return ""
    return (
        f'The log says "{found[0]}": a builder has no network. What a build downloads by itself must be a '
        "source of the profile, which cbuild fetches before. "
    )
