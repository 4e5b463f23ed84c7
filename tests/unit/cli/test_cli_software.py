"""`cbuild software`: what is refused before anything is read or built."""

from __future__ import annotations

import json

import pytest

from cbuild.cli import main, software


@pytest.mark.parametrize("tag", ["Bad Tag!", "UPPER", "a//b", "a:", "a@sha256:00", "-a", "a:b:c", "a/B"])
def test_a_tag_that_no_engine_takes_is_refused_at_once(capsys, tag):
    assert main.run(["software", "nosuch.cfg", f"--tag={tag}", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["reason"] == "bad-tag"


@pytest.mark.parametrize(
    "tag", ["web", "web:1.0", "localhost/web:Test_1", "registry.example:5000/a/b-c__d:x", "H.example/a"]
)
def test_a_tag_that_engines_take(tag):
    assert software._REFERENCE.fullmatch(tag)
