"""What parts ask to be fetched."""

from __future__ import annotations

import pytest

from cbuild.plan.resolve import Planner
from cbuild.profile import load
from cbuild.source import Sources
from cbuild.state.home import Home


@pytest.mark.parametrize("recipe", ["slapos.recipe.cmmi", "slapos.recipe.build:download", "download-unpacked"])
def test_an_alternate_url(tmp_path, recipe):
    text = f"[buildout]\nparts = a\n[a]\nrecipe = {recipe}\nurl = http://h.invalid/a.tgz\nmd5sum = {'0' * 32}\n"
    (tmp_path / "software.cfg").write_text(f"{text}alternate-url = http://other.invalid/a.tgz\n")
    home = Home(tmp_path / "home")
    plan = Planner(load(tmp_path / "software.cfg"), Sources(home), home, None).plan()
    (request,) = plan.parts["a"].sources.values()
    assert (request.url, request.alternate) == ("http://h.invalid/a.tgz", "http://other.invalid/a.tgz")
