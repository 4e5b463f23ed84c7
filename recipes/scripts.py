"""The text of scripts that import from eggs, as zc.buildout writes them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

INTERPRETER = """
import code
import runpy

words = sys.argv[1:]
while words and words[0][:2] in ("-I", "-i", "-u"):
    words[:1] = ["-" + words[0][2:]] if words[0][2:] else []
if words and words[0][:2] in ("-c", "-m") and words[0][2:]:
    words[:1] = [words[0][:2], words[0][2:]]
if not words:
    sys.argv = [""]
    code.interact(banner="", local=globals(), exitmsg="")
elif words[0] == "-c":
    sys.argv = ["-c", *words[2:]]
    exec(compile(words[1], "<string>", "exec"))
elif words[0] == "-m":
    sys.argv = words[1:]
    runpy.run_module(words[1], run_name="__main__", alter_sys=True)
else:
    sys.argv = words
    runpy.run_path(words[0], globals(), "__main__")
"""


class Head:
    """What every script begins with: the interpreter, where it imports from, and the part's own lines."""

    def __init__(self, python: str, paths: Sequence[str], initialization: str) -> None:
        self._first = f"#!{python}\n"
        listed = "".join(f"  {path!r},\n" for path in paths)
        own = f"\n{initialization.strip()}\n" if initialization.strip() else ""
        self._rest = f"\nimport sys\nsys.path[0:0] = [\n{listed}  ]\n{own}"

    def calls(self, target: str, arguments: str) -> str:
        """Return a script that calls ``module:attribute`` with arguments, Python's own text."""
        module, _, attribute = target.partition(":")
        called = f"{module}.{attribute.strip()}({arguments})"
        ending = f"import {module}\n\nif __name__ == '__main__':\n    sys.exit({called})\n"
        return f"{self._first}{self._rest}\n{ending}"

    def inside(self, text: str) -> str:
        """Return a script of an egg with the paths before its first import."""
        lines = text.splitlines(keepends=True)[1:]
        imports = (number for number, line in enumerate(lines) if _imports(line))
        first = next(imports, len(lines))
        return f"{self._first}{''.join(lines[:first])}\n{self._rest}\n\n{''.join(lines[first:])}"

    def interpreter(self) -> str:
        """Return a script that is a Python with these paths: ``-c``, ``-m``, a file, or a prompt."""
        return f"{self._first}{self._rest}{INTERPRETER}"


def is_python(path: Path) -> bool:
    """Return whether a program is a Python script."""
    with path.open("rb") as stream:
        line = stream.readline(256)
    return line.startswith(b"#!") and b"python" in line


def _imports(line: str) -> bool:
    return line.startswith(("import", "from")) and "import" in line and "__future__" not in line


def write(path: Path, text: str) -> str:
    """Write a script and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return str(path)
