"""Recipes and eggs that are distributions: chosen from find-links, run and built in the builder on real engines."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from pathlib import Path

import pytest
from software_fixtures import CLI_ALONE, Store, one_engine, part, project, statuses

# Each constructor and each build leaves a trace where it runs: if that were the host, the file would be there.
RECIPE = """
open(TRACE, "a").close()
import helper

class Recipe:
    def __init__(self, buildout, name, options):
        self.path = options["path"] = buildout["buildout"]["directory"] + "/" + options["file"]

    def install(self):
        with open(self.path, "w") as file:
            file.write(helper.TEXT)
        return self.path

    update = install
"""
BACKEND = """
import zipfile
open(TRACE, "a").close()

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    name = "helper-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel_directory + "/" + name, "w") as wheel:
        wheel.write("helper.py")
        wheel.writestr("helper-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: helper\\nVersion: 1\\n")
    return name
"""
PROFILE = """[buildout]
parts = a app
find-links = dist
index = file:///nonexistent
runtime = builder
allow-picked-versions = false

[a]
recipe = cbt.recipe:make
file = made

[app]
recipe = zc.recipe.egg
eggs =
  cbt-app
  cbt-extra
find-links = ${:_profile_base_location_}/own
interpreter = py

[versions]
Cbt_Recipe = 1
helper = 1
cbt-app = 1
cbt-extra = 1
maker = 1
"""


def trace_of(directory: Path) -> Path:
    """Return a path in /tmp, which the builder has, too."""
    return Path("/tmp", f"cbt-{directory.name}")


def wheel(directory: Path, name: str, points: str = "", requires: str = "", version: str = "1", **modules: str) -> None:
    plain = name.replace(".", "_").replace("-", "_")
    with zipfile.ZipFile(directory / f"{plain}-{version}-py3-none-any.whl", "w") as archive:
        lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
        lines += [f"Requires-Dist: {requires}"] if requires else []
        archive.writestr(f"{plain}-{version}.dist-info/METADATA", "\n".join(lines) + "\n")
        archive.writestr(f"{plain}-{version}.dist-info/entry_points.txt", points)
        for module, text in modules.items():
            archive.writestr(f"{module}.py", text)


def source(path: Path, **files: str) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(f"{path.name.removesuffix('.tar.gz')}/{name.replace('__', '.')}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))


@pytest.fixture
def directory(tmp_path) -> Path:
    """A project whose recipe is a wheel that needs a source distribution that another wheel builds."""
    made = project(tmp_path / "project", PROFILE)
    dist = made / "dist"
    dist.mkdir()
    (made / "own").mkdir()
    wheel(made / "own", "cbt-extra")
    trace = f"TRACE = {str(trace_of(tmp_path))!r}\n"
    for version in ("1", "2"):
        text = trace + RECIPE.replace("helper.TEXT", f"helper.TEXT + {version!r}")
        wheel(dist, "cbt.recipe", "[zc.buildout]\nmake = cbt_recipe:Recipe\n", "helper", version, cbt_recipe=text)
    wheel(dist, "maker", maker=trace + BACKEND)
    wheel(dist, "cbt-app", "[console_scripts]\ncbt-app = cbt_app:main\n", "helper", cbt_app="from helper import TEXT\n"
          "def main():\n    print(TEXT)\n")  # fmt: skip
    source(
        dist / "helper-1.tar.gz",
        PKG__INFO="Metadata-Version: 1.0\nName: helper\n",
        helper__py="TEXT = 'helped'\n",
        pyproject__toml='[build-system]\nrequires = ["maker"]\nbuild-backend = "maker"\n',
    )
    return made


def test_distributions(store: Store, directory, tmp_path, run_image):
    first = store.build(directory)
    assert statuses(first) == {"a": "built", "app": "built"}
    assert store.files(first, "a") == {"made": b"helped1"}
    files = store.files(first, "app")
    assert "eggs/helper-1-py3.11-linux-x86_64.egg/helper.py" in files
    assert not trace_of(tmp_path).exists()
    image = first["image"]["reference"]
    assert run_image(store.engine, image, "/opt/cbuild/bin/cbt-app")[0] == "helped\n"
    asked = ("-c", "import cbt_app; print(cbt_app.TEXT)")
    assert run_image(store.engine, image, "/opt/cbuild/bin/py", *asked)[0] == "helped\n"
    lock = json.loads((directory / "cbuild.lock").read_text())
    assert lock["distributions"]["pypi:helper/helper-1.tar.gz"] == {"build": ["maker"]}
    assert len(lock["sources"]["pypi:helper/helper-1.tar.gz"]["sha256"]) == 64
    state = (directory / ".installed.cfg").read_text()
    eggs = "cbt_recipe-1-py3.11-linux-x86_64.egg helper-1-py3.11-linux-x86_64.egg"
    assert f"__buildout_signature__ = {eggs}\n" in state


@one_engine
def test_again_nobody_is_asked_and_a_pin_changes_its_recipes_parts(store: Store, directory):
    first = store.build(directory)
    links = directory / "dist"
    links.rename(directory / "gone")
    alone = Store(store.engine, store.home, store.url, CLI_ALONE).build(directory, "-o", "--locked")
    assert statuses(alone) == {"a": "cached", "app": "cached"}
    assert store.fail(directory, "--locked", "versions:cbt.recipe=2", code=4)["reason"] == "not-locked"
    (directory / "gone").rename(links)
    changed = store.build(directory, "versions:Cbt_Recipe=2")
    assert statuses(changed) == {"a": "built", "app": "cached"}
    assert store.files(changed, "a") == {"made": b"helped2"}
    assert part(changed, "app")["layer"] == part(first, "app")["layer"]


DEVELOPED = """
[mine]
recipe = zc.recipe.egg:develop
setup = ${:_profile_base_location_}/checkout
egg = cbt-mine

[mine/scripts]
recipe = zc.recipe.egg
eggs = ${mine:egg}
"""
MINE = """import zipfile

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    name = "cbt_mine-7-py3-none-any.whl"
    with zipfile.ZipFile(wheel_directory + "/" + name, "w") as wheel:
        wheel.writestr("cbt_mine.py", "from cbt_app import main")
        wheel.writestr("cbt_mine-7.dist-info/METADATA", "Name: cbt-mine\\nVersion: 7\\nRequires-Dist: cbt-app\\n")
        wheel.writestr("cbt_mine-7.dist-info/entry_points.txt", "[console_scripts]\\nmine = cbt_mine:main\\n")
    return name
"""
TREE = """[project]
name = "cbt-mine"
version = "7"
dependencies = ["cbt-app"]
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""


@one_engine
def test_a_project_that_a_part_develops_is_in_no_index(store: Store, directory, run_image):
    """It has no pin either; what its source says that it requires is chosen as ever. The part's name has a slash."""
    for name in ("setuptools", "wheel"):
        wheel(directory / "dist", name)
    project(directory, PROFILE.replace("parts = a app", "parts = mine/scripts") + DEVELOPED)
    (directory / "checkout").mkdir()
    (directory / "checkout" / "backend.py").write_text(MINE)
    (directory / "checkout" / "pyproject.toml").write_text(TREE)
    document = store.build(directory)
    assert statuses(document) == {"mine": "built", "mine/scripts": "built"}
    assert run_image(store.engine, document["image"]["reference"], "/opt/cbuild/bin/mine")[0] == "helped\n"
    assert store.run(directory, "logs", "mine/scripts").returncode == 0


@one_engine
def test_what_is_refused(store: Store, directory):
    reasons = {
        "versions:helper=7": (4, "version-missing"),
        "versions:helper=": (3, "version-not-picked"),
        "a:recipe=cbt.recipe ==2:make": (3, "version-conflict"),
        "a:recipe=cbt.nothing": (3, "unknown-recipe"),
        "a:recipe=cbt.recipe:nothing": (3, "recipe-refuses"),
    }
    for word, (code, reason) in reasons.items():
        assert store.fail(directory, word, code=code)["reason"] == reason, word
    assert not (directory / ".installed.cfg").exists()
