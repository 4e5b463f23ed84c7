"""setup-eggs of slapos.recipe.build: what is installed in which order, what scripts and builds see of it."""

from __future__ import annotations

import io
import os
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from recipe_helpers import Everything

from cbuild.recipe.api import UserError
from cbuild.recipe.needs import Needs
from cbuild.recipe.static import StaticBuildout, together
from recipes.build import Recipe
from recipes.setup_eggs import VARIABLE

# Builds the wheel of whatever source it lies in: its module says what could be imported when it was built.
BACKEND = """
import importlib.util, os, zipfile

def build_wheel(out, config_settings=None, metadata_directory=None):
    name, requires = open("about").read().split("|")
    seen = [one for one in ("cbt_a", "cbt_b", "cbt_c", "cbt_d") if importlib.util.find_spec(one)]
    wheel = name + "-1-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(out, wheel), "w") as archive:
        archive.writestr(name + ".py", "seen = " + repr(seen))
        metadata = "Metadata-Version: 2.1\\nName: " + name.replace("_", ".") + "\\nVersion: 1\\n" + requires
        archive.writestr(name + "-1.dist-info/METADATA", metadata)
    return wheel
"""
PROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'


def source(directory: Path, name: str, requires: str = "", backend: str = BACKEND) -> str:
    path = directory / f"{name}-1.tar.gz"
    files = {"backend.py": backend, "pyproject.toml": PROJECT, "about": f"{name}|{requires}"}
    with tarfile.open(path, "w:gz") as archive:
        for file, text in files.items():
            member = tarfile.TarInfo(f"{name}-1/{file}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return str(path)


def wheel(directory: Path, name: str) -> str:
    path = directory / f"{name}-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.py", "")
        archive.writestr(f"{name}-1.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
    return str(path)


@pytest.fixture
def part(tmp_path, monkeypatch):
    """A function that makes a part with these eggs, of which files are given by name, and these scripts."""
    monkeypatch.setenv("CBUILD_BUILD", str(tmp_path / "build"))
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(sys, "path", list(sys.path))

    def make(files: dict[str, str], *lines: str, **scripts: str) -> Recipe:
        chosen = [(f"{name}-1-py3.11-linux-x86_64.egg", name, ()) for name in sorted(files)]
        own = {"directory": str(tmp_path), "parts-directory": f"{tmp_path}/parts"}
        given = {"setup-eggs": "".join(f"\n{line}" for line in lines), **scripts}
        buildout = StaticBuildout(
            {"buildout": own, "part": given}, files, None, Everything(), {together(lines): chosen} if files else None
        )
        return Recipe(buildout, "part", buildout["part"])

    yield make
    for module in [name for name in sys.modules if name.startswith("cbt_")]:
        del sys.modules[module]


def test_they_are_asked_for_together(part):
    with pytest.raises(Needs) as needs:
        part({}, "cbt-b >1", "", "cbt_a", init="1")
    assert needs.value.what == {"distributions": ["cbt-b >1", "cbt_a"]}


def test_all_scripts_import_them_and_tell_programs(part, tmp_path):
    script = "import os, cbt_a\noptions['{0}'] = os.environ['PYTHONEXTRAPATH']\n"
    made = part(
        {"cbt_a": wheel(tmp_path, "cbt_a")}, "cbt.a", init=script.format("x"),
        install=script.format("y") + "os.mkdir(location)", update=script.format("z"),
    )  # fmt: skip
    made.install()
    made.update()
    where = f"{tmp_path}/build/setup-eggs/cbt_a-1-py3.11-linux-x86_64.egg"
    assert [made.options[name] for name in "xyz"] == [where] * 3
    assert VARIABLE not in os.environ


def test_the_variable_keeps_what_it_had(part, tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, "/more")
    script = f"import os\noptions['x'] = os.environ[{VARIABLE!r}]"
    made = part({"cbt_a": wheel(tmp_path, "cbt_a")}, "cbt.a", init=script)
    assert made.options["x"].endswith(f".egg{os.pathsep}/more")
    assert os.environ[VARIABLE] == "/more"


def test_later_lines_are_built_with_the_earlier_ones_and_what_they_need(part, tmp_path):
    files = {
        "cbt_a": source(tmp_path, "cbt_a"),
        "cbt_b": source(tmp_path, "cbt_b", "Requires-Dist: cbt.d>=1\nRequires-Dist: nothing; extra == 'x'\n"),
        "cbt_c": wheel(tmp_path, "cbt_c"),
        "cbt_d": source(tmp_path, "cbt_d"),
    }
    script = "import cbt_a, cbt_b, cbt_d\noptions['seen'] = repr([m.seen for m in (cbt_b, cbt_d, cbt_a)])"
    made = part(files, "cbt_c", "cbt-b[x] ==1", "CBT.a", init=script)
    assert made.options["seen"] == repr([["cbt_c"], ["cbt_c"], ["cbt_b", "cbt_c", "cbt_d"]])
    assert made.options["setup-eggs"] == "cbt-c==1\ncbt.a==1\ncbt.b==1\ncbt.d==1"


def test_what_no_metadata_mentions_is_installed_nevertheless(part, tmp_path):
    files = {name: wheel(tmp_path, name) for name in ("cbt_a", "cbt_b")}
    assert part(files, "cbt_a", init="import cbt_b").options["setup-eggs"] == "cbt-a==1\ncbt-b==1"


def test_nothing_of_it_is_the_parts(part, tmp_path):
    part({"cbt_a": source(tmp_path, "cbt_a")}, "cbt_a", install="import os\nos.mkdir(location)").install()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["build", "cbt_a-1.tar.gz", "parts"]
    assert sorted(path.name for path in (tmp_path / "parts").iterdir()) == ["part"]


def test_a_build_that_fails_names_the_option(part, tmp_path):
    with pytest.raises(UserError, match=r"\[part\] setup-eggs: cbt_a-1 can't be built"):
        part({"cbt_a": source(tmp_path, "cbt_a", backend="no Python")}, "cbt_a", init="1")


@pytest.mark.parametrize("text", ["", " \n "])
def test_none(part, text):
    made = part({}, text, init="import os\nassert 'PYTHONEXTRAPATH' not in os.environ")
    assert not made.options["setup-eggs"].strip()
