from dataclasses import replace
from types import SimpleNamespace

import pytest

from cbuild.engine.api import Limits
from cbuild.errors import EngineError
from cbuild.instance import manage
from cbuild.instance.document import Instance
from cbuild.state.home import Home

MADE = Instance("web", None, "sha256:0", "podman", "started", Limits(), (), engine_url="unix:///one")


def engine(url, *containers):
    return SimpleNamespace(name="podman", url=url, containers=lambda _: containers)


def test_an_instance_is_not_looked_for_in_another_engine(tmp_path):
    with pytest.raises(EngineError) as error:
        manage._check_engine(Home(tmp_path), MADE, engine("unix:///other"))
    assert error.value.reason == "other-engine"
    assert "unix:///one" in error.value.details
    assert str(tmp_path) in error.value.resolution


def test_the_same_engine_by_another_address_is_fine(tmp_path):
    manage._check_engine(Home(tmp_path), MADE, engine("unix:///relay", "a container of it"))
    manage._check_engine(Home(tmp_path), MADE, engine("unix:///one"))
    manage._check_engine(Home(tmp_path), replace(MADE, engine_url=""), engine("unix:///other"))
    manage._check_engine(Home(tmp_path), None, engine("unix:///other"))
