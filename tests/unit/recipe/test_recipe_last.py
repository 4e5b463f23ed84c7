"""The last program that a recipe started, as a script for whoever looks at a failure."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from cbuild.recipe.last import NAME, script

ROOT = Path(__file__).parents[3]


def sh(text: str, command: str) -> str:
    done = subprocess.run(["sh", "-c", f"{text}\n{command}"], env={}, capture_output=True, check=True)
    return done.stdout.decode()


def test_the_script_goes_there_and_sets_the_environment(tmp_path):
    directory = tmp_path / "a b"
    directory.mkdir()
    text = script(["make", "x y\nz"], str(directory), {"A": "it's\ntwo lines", "B": "", "BASH_FUNC_x%%": "no name"})
    assert text.splitlines()[:2] == ["# make 'x y", "# z'"]
    assert sh(text, 'pwd; echo "$A:$B"') == f"{directory}\nit's\ntwo lines:\n"


def test_a_command_may_be_one_word():
    assert script("make all", "/", {}).startswith("# 'make all'\n")
    assert script(Path("/bin/true"), "/", {}).startswith("# /bin/true\n")


def run(tmp_path, command: str) -> Path:
    """Run a job as the builder does, in a process of its own: an audit hook stays for ever."""
    job = {
        "action": "install", "part": "a", "recipe": {"module": "recipes.command", "attribute": "Recipe"},
        "directory": str(tmp_path), "sources": {},
        "sections": {"buildout": {"directory": str(tmp_path)}, "a": {"command": command, "stop-on-error": "true"}},
    }  # fmt: skip
    (tmp_path / "job.json").write_text(json.dumps(job))
    (tmp_path / "log").mkdir()
    program = "from cbuild.recipe.run import main; main()"
    arguments = [sys.executable, "-c", program, str(tmp_path / "job.json"), str(tmp_path / "log" / "result.json")]
    subprocess.run(arguments, env=os.environ | {"PYTHONPATH": str(ROOT), "MINE": "1"}, check=True, capture_output=True)
    return tmp_path / "log" / NAME


def test_a_failure_leaves_it(tmp_path):
    path = run(tmp_path, "exit 7")
    assert sh(path.read_text(), "pwd; echo $MINE") == f"{tmp_path}\n1\n"


def test_a_success_does_not(tmp_path):
    assert not run(tmp_path, "true").exists()
