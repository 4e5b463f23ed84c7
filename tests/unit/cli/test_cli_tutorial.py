"""What the tutorial shows of mistakes is what is printed."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from cbuild.cli import main

TUTORIAL = Path(__file__).parents[3] / "docs" / "tutorial.md"


def test_a_slip_of_the_finger(tmp_path, monkeypatch, capsys):
    text = TUTORIAL.read_text(encoding="utf-8")
    begin = text.index("    [buildout]\n")
    profile = textwrap.dedent(text[begin : text.index("\n\nEach section")])
    profile = profile.replace("  --with-libevent=${libevent:", "  --disable-docs\n  --with-libevent=${libevnt:")
    (tmp_path / "software.cfg").write_text(profile)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CBUILD_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BUILDOUT_HOME", str(tmp_path))
    monkeypatch.setattr("cbuild.base.ensure", pytest.fail)
    assert main.run(["software"]) == 3
    shown = text[text.index("    Error: There is no section") :].partition("\n\n")[0]
    assert capsys.readouterr().err == f"{textwrap.dedent(shown)}\n"
