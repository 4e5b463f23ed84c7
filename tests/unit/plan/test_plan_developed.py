"""Projects that parts develop: whose they are, and what their source says."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from cbuild.plan.resolve import Planner
from cbuild.profile import load
from cbuild.source import Sources
from cbuild.state.home import Home

SETUP = "from setuptools import setup\nsetup(name='mine', install_requires=['toast'])\n"


class Chosen:
    """Stands in for Distributions: keeps what is developed when it is asked for something."""

    def __init__(self) -> None:
        self.asked: dict[str, dict[str, tuple[str, ...]]] = {}

    def closure(self, requirements, rules, *, developed, **_):
        """Choose nothing."""
        del rules
        self.asked[" ".join(requirements)] = dict(developed)
        return ()


@pytest.fixture
def asked(tmp_path):
    """A function that plans a profile whose part [e] has eggs; return what is developed for `spam`, which they are."""

    def plan(text: str) -> dict[str, tuple[str, ...]]:
        path = tmp_path / "p.cfg"
        path.write_text(
            f"[buildout]\nparts = e\n[e]\nrecipe = zc.recipe.egg\neggs = spam\ndepends = ${{mine:recipe}}\n{text}"
        )
        chosen, home = Chosen(), Home(tmp_path / "home")
        Planner(load(path), Sources(home, offline=True), home, None, chosen).plan()
        return chosen.asked["spam"]

    return plan


DEVELOP = "[mine]\nrecipe = zc.recipe.egg:develop\n"


def test_a_directory_of_the_profiles(asked, tmp_path):
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "setup.py").write_text(SETUP)
    found = asked(f"{DEVELOP}setup = ${{:_profile_base_location_}}/tree\negg = My.Project[x] >=1\n")
    assert found == {"mine": ("toast",), "my-project": ("toast",)}


def test_a_directory_that_another_part_unpacks(asked, tmp_path):
    with tarfile.open(tmp_path / "x.tar", "w") as tar:
        member = tarfile.TarInfo("x-1/python/setup.py")
        member.size = len(SETUP)
        tar.addfile(member, io.BytesIO(SETUP.encode()))
    tree = "[tree]\nrecipe = slapos.recipe.build:download-unpacked\nurl = x.tar\n"
    assert asked(f"{DEVELOP}setup = ${{tree:location}}/python\n{tree}") == {"mine": ("toast",)}


def test_what_says_nothing(asked, tmp_path):
    (tmp_path / "tree").mkdir()
    Path(tmp_path, "tree", "x").touch()
    assert asked(f"{DEVELOP}setup = ${{:_profile_base_location_}}/tree\n") == {"mine": ()}


def test_a_checkout_that_cannot_be_had_is_told_later(asked):
    tree = "[tree]\nrecipe = slapos.recipe.build:gitclone\nrepository = https://h.invalid/x.git\nrevision = 1\n"
    assert asked(f"{DEVELOP}setup = ${{tree:location}}\n{tree}") == {"mine": ()}


def test_other_parts_are_nobodys_projects(asked):
    assert asked("[mine]\nrecipe = command\ncommand = true\n") == {}
