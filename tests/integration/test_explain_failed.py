"""A part that failed: its log, the reason, and a shell in its very container, on each engine."""

from __future__ import annotations

import json

import pytest
from software_fixtures import Store, command_part, project

MAKEFILE = "all:\n\techo compiling\n\ttouch left-behind\n\tfalse\n"
PROFILE = (
    "[buildout]\nparts = web\n\n"
    + command_part("tool", "echo tool > ${:location}/text")
    + """[web]
recipe = slapos.recipe.cmmi
path = ${:_profile_base_location_}/source
configure-command = true
environment =
  MINE=as the profile says
  TOOL=${tool:location}
"""
)


@pytest.fixture(params=("docker", "podman"))
def own(request, new_store) -> Store:
    return new_store(request.param)


def why(store: Store, directory, part: str) -> dict:
    done = store.run(directory, "why", part, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_failed_part(own: Store, tmp_path):
    directory = project(tmp_path, PROFILE)
    (directory / "source").mkdir()
    (directory / "source" / "Makefile").write_text(MAKEFILE)
    nothing = own.run(directory, "shell", "web")
    assert (nothing.returncode, "--keep-failed" in nothing.stderr) == (2, True)

    own.fail(directory, "--keep-failed", code=1)
    assert "compiling" in own.run(directory, "logs", "web").stdout
    answer = why(own, directory, "web")
    assert (answer["status"], "failed" in answer["failure"]) == ("new", True)
    graph = json.loads(own.run(directory, "graph", "--json").stdout)
    assert {node["name"]: node["state"] for node in graph["nodes"]} == {"tool": "built", "web": "failed"}

    look = 'pwd; ls; echo "$MINE"; cat $TOOL/text; id -u; test -w /usr || tail -n 1 /log/log; exit 3'
    inside = own.run(directory, "shell", "web", "--", "sh", "-c", look)
    assert inside.returncode == 3, inside.stderr
    lines = inside.stdout.splitlines()
    assert lines[0].startswith("/build/web")
    assert {"Makefile", "left-behind"} <= set(lines)
    assert lines[-4:-1] == ["as the profile says", "tool", "30001"]
    assert lines[-1].startswith("make: ***")
    assert own.containers() == []

    # gc takes what was kept, and the next run goes on.
    freed = json.loads(own.run(directory, "gc", "--json").stdout)
    assert [item["name"] for item in freed["removed"] if item["kind"] == "work"] == ["web"]
    assert own.run(directory, "shell", "web").returncode == 2
    (directory / "source" / "Makefile").write_text("all install:\n\ttrue\n")
    own.build(directory, "--no-load")

    # A tool of another kind: the part that needs it would be built again, and says where it began.
    project(directory, PROFILE.replace("echo tool", "echo another"))
    (cause,) = why(own, directory, "web")["causes"]
    assert (cause["part"], cause["via"]) == ("tool", ["web", "tool"])
    assert [change["what"] for change in cause["changes"]] == ["options/command"]
    assert "tool changed (web -> tool):" in own.run(directory, "why", "web").stdout
