"""A profile's own recipes: the example of buildout's manual, whose code runs in the builder and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
from software_fixtures import CLI_ALONE, Store, one_engine, part, project, statuses

# After "Creating your own recipes" of zc.buildout's manual, for Python 3. Each piece of the code leaves a trace where
# it runs: if that were the host, the file would be there afterwards.
SETUP = """
from setuptools import setup

open(TRACE, "a").close()
setup(
    name="recipes",
    version="1.0",
    py_modules=["mkdir", "debug"],
    entry_points={"zc.buildout": ["mkdir = mkdir:Mkdir", "debug = debug:Debug"]},
)
"""

MKDIR = """
import logging, os, zc.buildout

open(TRACE, "a").close()


class Mkdir:

    def __init__(self, buildout, name, options):
        self.name, self.options = name, options
        options["path"] = os.path.normpath(
            os.path.join(buildout["buildout"]["directory"], options["path"]))
        if not os.path.isdir(os.path.dirname(options["path"])):
            logging.getLogger(self.name).error(
                "Cannot create %s. %s is not a directory.", options["path"], os.path.dirname(options["path"]))
            raise zc.buildout.UserError("Invalid Path")

    def install(self):
        path = self.options["path"]
        logging.getLogger(self.name).info("Creating directory %s", os.path.basename(path))
        os.mkdir(path)
        return path

    def update(self):
        pass
"""

DEBUG = """
class Debug:

    def __init__(self, buildout, name, options):
        self.buildout, self.name, self.options = buildout, name, options

    def install(self):
        for option, value in sorted(self.options.items()):
            print("%s %s" % (option, value))
        return ()

    update = install
"""

PROFILE = (
    """
[buildout]
develop = recipes
parts = data-dir debug

[data-dir]
recipe = recipes:mkdir
path = mydata

[debug]
recipe = recipes:debug
File-1 = ${data-dir:path}/file
File-2 = ${debug:File-1}/log

"""
    "[seen]\nrecipe = template\ninline = ${data-dir:path}\noutput = ${buildout:directory}/seen.txt\n"
)


@pytest.fixture
def manual(tmp_path) -> Path:
    """The project of the manual; every module leaves /tmp/cbt-… where it runs."""
    directory = project(tmp_path / "manual", PROFILE)
    recipes = directory / "recipes"
    recipes.mkdir()
    trace = repr(str(tmp_path / "trace"))
    # In a builder the path's directory is not there; in its /tmp it is.
    start = f"import os\nTRACE = {trace}\nos.makedirs(os.path.dirname(TRACE), exist_ok=True)\n"
    (recipes / "setup.py").write_text(start + SETUP)
    (recipes / "mkdir.py").write_text(start + MKDIR)
    (recipes / "debug.py").write_text(start + DEBUG)
    (recipes / "README.txt").write_text("A recipe for making directories.\n")
    return directory


def test_the_manuals_recipes(store: Store, manual, tmp_path):
    with store.recorded() as (recorded, recorder):
        first = recorded.build(manual, "buildout:parts+=seen")
        # One for both constructors, and one for each of three parts.
        assert recorder.containers == 4
    assert set(statuses(first)) == {"data-dir", "debug", "seen"}
    assert part(first, "debug")["requires"] == ["data-dir"]
    assert store.files(first, "seen") == {"seen.txt": b"/opt/cbuild/mydata"}, "what a constructor set is seen by others"
    state = (manual / ".installed.cfg").read_text()
    assert "File-2 = /opt/cbuild/mydata/file/log" in state
    log = (store.home.logs / f"{part(first, 'debug')['key'].removeprefix('sha256:')}.log").read_text()
    assert "File-1 /opt/cbuild/mydata/file\nFile-2 /opt/cbuild/mydata/file/log\n" in log

    assert not (tmp_path / "trace").exists(), "nothing of it ran on this machine"
    assert sorted(path.name for path in (manual / "recipes").iterdir()) == [
        "README.txt",
        "debug.py",
        "mkdir.py",
        "setup.py",
    ]


@one_engine
def test_a_second_run_asks_no_builder(store: Store, manual):
    first = store.build(manual)
    alone = Store(store.engine, store.home, store.url, CLI_ALONE)
    assert alone.build(manual)["image"] == first["image"]


@one_engine
def test_a_changed_recipe_is_run_again(store: Store, manual):
    store.build(manual)
    source = manual / "recipes" / "debug.py"
    source.write_text(source.read_text().replace('"%s %s"', '"%s: %s"'))
    second = store.build(manual)
    assert statuses(second)["debug"] == "built"


@one_engine
def test_a_constructor_that_refuses(store: Store, manual):
    """The manual's own example of a mistake."""
    error = store.fail(manual, "data-dir:path=bogus/mydata", code=3)
    assert error["section"] == "data-dir"
    assert "Invalid Path" in error["brief"]


@one_engine
def test_a_recipe_that_nobody_has(store: Store, manual):
    error = store.fail(manual, "data-dir:recipe=recipes:mkdirs", code=3)
    assert "recipes:mkdirs" in error["brief"]
    assert error["line"] is not None or error["section"] == "data-dir"


@one_engine
def test_a_setup_that_fails(store: Store, manual):
    (manual / "recipes" / "setup.py").write_text("raise SystemExit('no such luck')\n")
    error = store.fail(manual, code=3)
    assert "no such luck" in error["brief"] + error["details"]
