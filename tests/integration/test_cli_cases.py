"""Every case of kind `cli` that installs something: real runs one after the other, with the reference's own decisions.

What each step says of parts (installing, updating, uninstalling), its exit code and its state file are compared. A path
in the buildout directory is one in the image. Annotate, query and what is refused before anything is built need no
engine: `tests/conformance/test_command_line_cases.py`.
"""

from __future__ import annotations

import functools
import json
import re
import shutil
import textwrap
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Self

import pytest
from software_fixtures import Store

from cbuild.plan.resolve import DIRECTORY
from cbuild.state import installed
from tests.conformance.decisions import DIFFERENCES, Decision
from tests.conformance.shared_cases import command_line_cases, engine_free, shared

SAID = re.compile(r"(Installing|Updating|Uninstalling) (\S+)\.(?: |$)", re.MULTILINE)

#: A recipe of the cases fails if this file is in the buildout directory. In the builder nothing of the user's is there:
#: an option that names a file which is there does it instead.
FLAG = "boom"
FAILS = {"267", "268", "270"}


CASES = [
    pytest.param(folder, case, expected["steps"], id=case["id"])
    for folder, case, expected in command_line_cases()
    if not engine_free(case, expected)
]


def test_the_cases_are_there():
    shared("conformance")
    assert len(CASES) > 40


@pytest.mark.parametrize(("folder", "case", "steps"), CASES)
def test_cli_case(folder, case, steps, shared_store, tmp_path):
    different = DIFFERENCES.get(case["id"], Decision())
    with Run(folder, case, shared_store("docker"), tmp_path / "case") as run:
        for number, (step, expected) in enumerate(zip(case["steps"], steps, strict=True)):
            exit_code, events = run.step(step)
            wanted = different.events.get(number) or [" ".join(event) for event in expected["events"]]
            assert bool(exit_code) == bool(different.exits.get(number, expected["exit"])), run.output
            assert events == wanted, f"step {number + 1}: {run.output}"
            if number not in different.states:
                run.compare_state(step, expected)


class Run:
    """One case's working copy, and the runs in it."""

    def __init__(self, folder: Path, case: dict, store: Store, place: Path) -> None:
        self._case = case
        self._store = store
        self._place = place
        self._input = folder / "input"
        self.output = ""

    def __enter__(self) -> Self:
        """Make the working copy, and serve what the case wants served."""
        shutil.copytree(self._input, self._place)
        with ExitStack() as stack:
            self._url = stack.enter_context(served(self._place / self._case["serve"])) if "serve" in self._case else ""
            for path in self._place.rglob("*.cfg"):
                path.write_text(self._fill(path.read_text()))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        """Stop serving."""
        self._stack.close()

    def step(self, step: dict) -> tuple[int, list[str]]:
        """Do a step; return the exit code and what was said of parts: uninstalling first, then in the plan's order."""
        for name, text in step.get("write", {}).items():
            (self._place / name).write_text(self._fill(textwrap.dedent(text)))
        for name in step.get("remove", []):
            (self._place / name).unlink(missing_ok=True)
        words = [*self._assignments(), *(self._fill(word) for word in step["argv"])]
        done = self._store.run(self._place, "software", "--json", "--no-load", *words)
        self.output = f"{done.stdout}\n{done.stderr}"
        said = [f"{word.lower()} {part}" for word, part in SAID.findall(done.stderr)]
        if done.returncode == 0:
            events = [" ".join(event) for event in json.loads(done.stdout)["events"]]
            return 0, [event for event in events if event in said]
        gone = [event for event in said if event.startswith("uninstalling")]
        return done.returncode, [*gone, *sorted(set(said) - set(gone), key=lambda event: event.split()[1])]

    def compare_state(self, step: dict, expected: dict) -> None:
        """Compare what the state file says with what the reference's says."""
        file = Path(step.get("installed", ".installed.cfg"))
        actual = installed.read(self._place / file)
        # The reference's lies in the buildout directory; that is /opt/cbuild in the image.
        text = expected.get("installed_text") or "[buildout]\nparts =\n"
        reference = self._place.parent / "reference.cfg"
        # A zc.buildout's own file is refused; a section that is repeated adds to the first.
        ours = "\n[buildout]\n__cbuild_format__ = 1\n"
        reference.write_text(text.replace(str("${CASE}" / file.parent), DIRECTORY) + ours)
        wanted = installed.read(reference)
        assert [part.name for part in actual.parts] == [part.name for part in wanted.parts], self.output
        for have, want in zip(actual.parts, wanted.parts, strict=True):
            assert have.options == want.options
            assert have.paths == want.paths
            assert have.signature.partition("-")[0] == want.signature.partition("-")[0]

    def _assignments(self) -> list[str]:
        conformance = shared("conformance")
        words = [f"buildout:develop+={conformance / 'recipes'} {conformance / 'extension'}"]
        if self._case["source"] == "seed":
            words.append("buildout:dialect=seed")
        if self._case["id"][:3] in FAILS and (self._place / FLAG).exists():
            words.append("b:fail-if=/etc")
        return words

    def _fill(self, text: str) -> str:
        return text.replace("${CASE}", str(self._place)).replace("${URL}", self._url)


@contextmanager
def served(directory: Path) -> Iterator[str]:
    """Serve a directory on loopback; yield its URL."""
    handler = functools.partial(Quiet, directory=str(directory))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""
