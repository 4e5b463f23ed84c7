"""What is said before anything is done."""

from __future__ import annotations

import pytest

from cbuild.build.prepare import prepare
from cbuild.errors import CbuildError
from cbuild.events import silent
from cbuild.profile import load
from cbuild.state.home import Home


def no_engine():
    raise AssertionError("nothing is built")


@pytest.mark.parametrize(
    ("text", "reason"),
    [("[buildout]\nparts = a\n\n[a]\n__buildout_installed__ = /srv/a\n", "state-foreign"), ("\0", "state-damaged")],
)
def test_a_state_file_that_cannot_be_used_is_said_before_recipes_are_looked_for(tmp_path, text, reason):
    (tmp_path / "p.cfg").write_text("[buildout]\nparts = a\noffline = true\n[a]\nrecipe = nobody.has.it\n")
    (tmp_path / ".installed.cfg").write_text(text)
    with pytest.raises(CbuildError) as error:
        prepare(load(tmp_path / "p.cfg"), Home(tmp_path / "home"), no_engine, silent)
    assert error.value.reason == reason
