"""Verifying: what can be refused without an engine."""

from __future__ import annotations

import pytest
from build_helpers import part, planned

from cbuild.build.verify import verify
from cbuild.errors import UsageError
from cbuild.events import silent
from cbuild.state.home import Home


@pytest.mark.parametrize(("names", "reason"), [(["zzz"], "unknown-part"), (["web"], "not-built"), ([], "not-built")])
def test_what_there_is_not(tmp_path, names, reason):
    home = Home(tmp_path / "home")
    with pytest.raises(UsageError) as caught:
        verify(planned(home, part("web")), home, pytest.fail, names, 1, silent)
    assert caught.value.reason == reason
