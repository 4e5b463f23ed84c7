"""Promises: executables in etc/promise that say whether a partition does what it should (SLAPOS.md 2.5)."""

from __future__ import annotations

from dataclasses import dataclass

from cbuild.engine.api import Engine

TIMEOUT = 20  # seconds a promise, as slapgrid's promise_timeout
_FIELDS = 3
_LONGEST = 2000  # characters of a promise's message

# All in one exec, which costs a tenth of a second whatever runs in it. NUL-separated: name, exit code, output. Every
# promise in the background: one that hangs must not hide what the others say.
_SCRIPT = """
cd /srv/partition || exit 1
dir=$(mktemp -d) || exit 1
for promise in etc/promise/*; do
  [ -f "$promise" ] && [ -x "$promise" ] || continue
  name=${promise##*/}
  ( timeout -k 2 "$1" "$promise" </dev/null >"$dir/$name.out" 2>&1; echo $? >"$dir/$name.code" ) &
done
wait
for code in "$dir"/*.code; do
  [ -f "$code" ] || continue
  name=${code##*/}; name=${name%.code}
  printf '%s\\0%s\\0' "$name" "$(cat "$code")"
  tail -c 2000 "$dir/$name.out" | tr -d '\\000'
  printf '\\0'
done
rm -rf "$dir"
"""
_TIMED_OUT = (124, 137)


@dataclass(frozen=True)
class Promise:
    """What a promise said. message: the end of its output."""

    name: str
    ok: bool
    message: str

    def as_dict(self) -> dict[str, object]:
        """Return the JSON shape."""
        return {"name": self.name, "ok": self.ok, "message": self.message}


def check(engine: Engine, container: str, uid: int, timeout: int = TIMEOUT) -> list[Promise]:
    """Run every promise of a running partition, as the partition's user; return what they say, by name."""
    done = engine.execute(container, ("sh", "-c", _SCRIPT, "promises", str(timeout)), user=f"{uid}:{uid}")
    if done.exit_code:
        message = done.stderr.decode(errors="replace").strip() or f"exit code {done.exit_code}"
        return [Promise("(promises)", ok=False, message=message[-_LONGEST:])]
    return parse(done.stdout, timeout)


def parse(output: bytes, timeout: int = TIMEOUT) -> list[Promise]:
    """Return the promises in the script's output."""
    fields = output.decode(errors="replace").split("\0")
    promises = []
    for start in range(0, len(fields) - _FIELDS + 1, _FIELDS):
        name, code, message = fields[start : start + _FIELDS]
        exit_code = int(code) if code.strip().isdigit() else -1
        text = message.strip()
        if exit_code in _TIMED_OUT:
            text = f"not done within {timeout} s\n{text}".strip()
        promises.append(Promise(name, exit_code == 0, text or ("" if exit_code == 0 else f"exit code {exit_code}")))
    return sorted(promises, key=lambda promise: promise.name)
