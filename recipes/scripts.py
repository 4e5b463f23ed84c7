"""The text of scripts that import from eggs, as zc.buildout writes them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

INTERPRETER = """
import code
import runpy

words = sys.argv[1:]
while words and words[0] in ("-u", "-i"):
    del words[0]
if not words:
    sys.argv = [""]
    code.interact(banner="", local={"__name__": "__main__"}, exitmsg="")
elif words[0] == "-c":
    sys.argv = ["-c", *words[2:]]
    exec(compile(words[1], "<string>", "exec"), {"__name__": "__main__"})
elif words[0] == "-m":
    sys.argv = words[1:]
    runpy.run_module(words[1], run_name="__main__", alter_sys=True)
else:
    sys.argv = words
    runpy.run_path(words[0], run_name="__main__")
"""


def head(python: str, paths: Sequence[str], initialization: str) -> str:
    """Return what every script begins with: the interpreter, where it imports from, and the part's own lines."""
    listed = "".join(f"  {path!r},\n" for path in paths)
    own = f"\n{initialization.strip()}\n" if initialization.strip() else ""
    return f"#!{python}\n\nimport sys\nsys.path[0:0] = [\n{listed}  ]\n{own}"


def call(start: str, target: str, arguments: str) -> str:
    """Return a script that calls ``module:attribute`` with arguments, Python's own text."""
    module, _, attribute = target.partition(":")
    called = f"{module}.{attribute.strip()}({arguments})"
    return f"{start}\nimport {module}\n\nif __name__ == '__main__':\n    sys.exit({called})\n"


def interpreter(start: str) -> str:
    """Return a script that is a Python with these paths: ``-c``, ``-m``, a file, or a prompt."""
    return start + INTERPRETER


def write(path: Path, text: str) -> str:
    """Write a script and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return str(path)
