"""Cases of kind `cli` that build nothing: what is looked at, and what is refused, through the real command line.

A step must end as the reference's does (0 or not), be refused for the same reason, and show the same sections, options
and values. Where the reference has paths of the host for [buildout]'s directories, cbuild has the image's. There are no
deliberate differences among them; those of the cases that build are in decisions.py.
"""

import functools
import http.server
import json
import re
import shutil
import threading

import pytest
from shared_cases import command_line_cases, engine_free, shared

from cbuild.cli.main import run
from cbuild.profile import IMAGE_DIRECTORY

CASES = [
    pytest.param(folder, case, expected, id=case["id"])
    for folder, case, expected in command_line_cases()
    if engine_free(case, expected)
]

REASONS = {
    r"The query command requires a single argument|Invalid option: \S+:": "bad-query",
    r"Invalid option -|No file name specified|Timeout value|No timeout value": "usage",
    r"Section not found|The referenced section": "missing-section unknown-part",
    r"Key not found|Referenced option does not exist|Missing option": "missing-option",
    r"invalid command": "unknown-command unsupported-command",
    r"Couldn't open": "no-profile missing-file",
    r"The (section |option )?(name in )?substitution": "bad-reference",
    r"Circular reference": "circular-reference",
    r"Error downloading": "source-missing",
    r"Couldn't download .* in offline mode": "offline",
    r"Invalid value for|Invalid logging level|Invalid verbosity": "bad-boolean bad-log-level bad-verbosity",
}
"""What the reference says, and the reasons of cbuild's that mean it."""


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Return a function that lays a case out as the current directory, and its server if it has one."""
    servers = []

    def lay_out(folder, case):
        place = tmp_path / "case"
        shutil.copytree(folder / "input", place)
        server = None
        if case.get("serve"):
            handler = functools.partial(_Quiet, directory=place / case["serve"])
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
            servers.append(server)
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        for path in place.rglob("*"):
            if path.is_file():
                path.write_bytes(_filled(path.read_bytes().decode(), place, server).encode())
        monkeypatch.chdir(place)
        return place, server

    monkeypatch.setenv("CBUILD_HOME", str(tmp_path / "store"))
    monkeypatch.setenv("HOME", str(tmp_path / "case" / "home"))
    for name in ("BUILDOUT_HOME", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    yield lay_out
    for server in servers:
        server.shutdown()
        server.server_close()


def _filled(text, place, server):
    url = f"http://127.0.0.1:{server.server_port}" if server else ""
    return text.replace("${CASE}", str(place)).replace("${URL}", url)


def _shown(lines):
    """Return what the reference's annotate shows: section to option to value."""
    sections, name = {}, None
    for line in lines[lines.index("Annotated sections") + 3 :]:
        header, option = re.fullmatch(r"\[(\S+)\]", line), re.match(r"(\S+?)= ?(.*)", line)
        if header:
            options, name = sections.setdefault(header[1], {}), None
        elif option and not line.startswith(("+=", "-=")):
            name = option[1]
            options[name] = option[2]
        elif line.startswith((" ", "+=", "-=")):
            name = None
        elif name and line:
            options[name] += f"\n{line}"
    return sections


def test_the_cases_are_there():
    shared("conformance")
    assert len(CASES) > 10


def test_engine_free_is_what_its_docstring_says():
    shared("conformance")
    names = {case.values[1]["id"][:3] for case in CASES}
    assert {"276", "295", "307", "418"} <= names
    assert not names & {"252", "301", "302", "403"}


@pytest.mark.parametrize(("folder", "case", "expected"), CASES)
def test_case(folder, case, expected, place, capsys):
    here, server = place(folder, case)
    for step, wanted in zip(case["steps"], expected["steps"], strict=True):
        if step.get("stop-server"):
            server.shutdown()
            server.server_close()
        code = run(["software", *step["argv"], "--json"])
        printed = capsys.readouterr().out
        assert (code == 0) == (wanted["exit"] == 0)
        _compare(step["argv"], wanted, printed)
        assert not (here / ".installed.cfg").exists()


def _compare(argv, wanted, printed):
    if wanted["exit"]:
        text = "\n".join(wanted["stderr"])
        reasons = next(reasons for pattern, reasons in REASONS.items() if re.search(pattern, text))
        assert json.loads(printed)["error"]["reason"] in reasons.split()
    elif "annotate" in argv:
        sections = json.loads(printed)["sections"]
        expected = {name: options for name, options in _shown(wanted["stdout"]).items() if name != "buildout"}
        assert {name: options for name, options in sections.items() if name != "buildout"} == expected
    elif "query" in argv:
        said = [line for line in wanted["stdout"] if not line.startswith("Creating directory")]
        value = "\n".join(said[1:] if "-v" in argv else said)
        assert json.loads(printed)["value"] == value.replace("${CASE}", IMAGE_DIRECTORY)
