"""zc.recipe.egg: eggs from wheels and source distributions, and the scripts that import from them."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

import pytest

from cbuild.recipe.api import Options, UserError
from cbuild.recipe.needs import Needs
from cbuild.recipe.static import StaticBuildout, together
from recipes import egg

MODULE = "import sys\n\ndef main(*words):\n    print('spam', *words, *sys.argv[1:])\n    return 3\n"
POINTS = "[console_scripts]\nspam = spam:main\nother = spam:main\n[gui_scripts]\nwindow = spam:main\n"

# What setup's `scripts` becomes in a wheel.
OLD = """#!python
# -*- coding: utf-8 -*-
'A program to import.'
from __future__ import annotations
import spam
spam.main('old')
"""


@pytest.fixture(autouse=True)
def builder(tmp_path, monkeypatch):
    monkeypatch.setenv("CBUILD_BUILD", str(tmp_path / "build"))


def wheel(directory: Path, name: str, points: str = "", **modules: str) -> Path:
    path = directory / f"{name}-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}-1.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        archive.writestr(f"{name}-1.dist-info/entry_points.txt", points)
        archive.writestr(f"{name}-1.data/scripts/{name}-old", OLD)
        archive.writestr(f"{name}-1.data/scripts/{name}-program", b"\x7fELF\xff")
        for module, text in modules.items():
            archive.writestr(f"{module}.py", text)
    return path


@pytest.fixture
def part(tmp_path):
    """A function that makes the part with these options; spam needs eggs."""
    files = {
        "pypi:spam": wheel(tmp_path, "spam", POINTS, spam=MODULE),
        "pypi:eggs": wheel(tmp_path, "eggs", "[console_scripts]\neggs = eggs:main\n", eggs=MODULE),
    }
    chosen = [("spam-1-py3.11-linux-x86_64.egg", "pypi:spam", ()), ("eggs-1-py3.11-linux-x86_64.egg", "pypi:eggs", ())]

    def make(recipe=egg.Scripts, executable=egg.BUILDERS, **options: str):
        own = {name: str(tmp_path / name) for name in ("directory", *egg.DIRECTORIES)}
        sections = {
            "buildout": own | {"python": "buildout", "executable": executable},
            "python": {"executable": "/opt/cbuild/parts/python3/bin/python3", "version": "3.12.1"},
            "p": {"eggs": "spam", **{name.replace("_", "-"): value for name, value in options.items()}},
        }
        buildout = StaticBuildout(
            sections,
            {url: str(path) for url, path in files.items()},
            [],
            (),
            {together(["spam"]): chosen, together(["spam", "python:3.12"]): chosen},
        )
        found: Options = buildout["p"]
        return recipe(buildout, "p", found)

    return make


def run(path: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([path, *words], capture_output=True, text=True, check=False)


def test_all_scripts_of_what_is_named(part, tmp_path):
    paths = part().install()
    assert [Path(path).name for path in paths] == ["other", "spam", "spam-old"]
    done = run(paths[1], "x")
    assert (done.stdout, done.returncode) == ("spam x\n", 3)
    assert (tmp_path / "eggs-directory" / "eggs-1-py3.11-linux-x86_64.egg" / "eggs.py").is_file()


def test_some_scripts_by_other_names(part):
    paths = part(scripts="spam=ham", arguments="1, 'two'").install()
    assert [Path(path).name for path in paths] == ["ham"]
    assert run(paths[0]).stdout == "spam 1 two\n"
    assert part(scripts="").install() == []
    assert part(scripts="", interpreter="py").install() == []


def test_the_scripts_that_an_egg_brings_as_files(part):
    (path,) = part(scripts="spam-old=old", initialization="sys.argv.append('more')").install()
    assert run(path, "x").stdout == "spam old x more\n"
    before, _, after = Path(path).read_text().partition("import sys\n")
    assert before.startswith("#!/usr/bin/python3\n# -*- coding: utf-8 -*-\n'A program to import.'\nfrom __future__")
    assert after.endswith("]\n\nsys.argv.append('more')\n\n\nimport spam\nspam.main('old')\n")


def test_scripts_that_no_egg_has_are_said(part, capsys):
    paths = part(scripts="nothing spam", interpreter="py").install()
    assert [Path(path).name for path in paths] == ["py", "spam"]
    assert "scripts: no egg has nothing; there are other, spam" in capsys.readouterr().out


def test_the_interpreter_alone_by_its_name(part, capsys):
    (path,) = part(scripts="py", interpreter="py").install()
    assert Path(path).name == "py"
    assert "warning" not in capsys.readouterr().out


def test_dependent_scripts_and_entry_points(part):
    made = part(dependent_scripts="true", entry_points="run=eggs:main").install()
    assert [Path(path).name for path in made] == ["eggs", "eggs-old", "other", "run", "spam", "spam-old"]


def test_initialization_and_extra_paths(part, tmp_path):
    (tmp_path / "directory" / "more").mkdir(parents=True)
    (tmp_path / "directory" / "more" / "cbt_more.py").write_text("x = 5\n")
    paths = part(scripts="spam", initialization="import cbt_more\nsys.argv.append(str(cbt_more.x))", extra_paths="more")
    assert run(paths.install()[0]).stdout == "spam 5\n"


def test_an_interpreter(part, tmp_path):
    python = next(path for path in part(interpreter="py").install() if path.endswith("/py"))
    assert run(python, "-c", "import spam, sys; print(sys.argv)", "x").stdout == "['-c', 'x']\n"
    assert run(python, "-m", "json.tool", "--help").returncode == 0
    script = tmp_path / "script.py"
    script.write_text("import eggs, sys; print(__name__, sys.argv[1:])")
    assert run(python, str(script), "y").stdout == "__main__ ['y']\n"
    asked = subprocess.run([python], input="import eggs\nprint(6 * 7)\n", capture_output=True, text=True, check=False)
    assert "42" in asked.stdout


def test_an_interpreter_takes_options_and_has_what_initialization_sets(part, tmp_path):
    paths = part(interpreter="py", initialization="own = 'set'").install()
    python = next(path for path in paths if path.endswith("/py"))
    script = tmp_path / "script.py"
    script.write_text("print(own)")
    code = "print(own)"
    for words in (["-c", code], ["-Ic", code], ["-I", f"-c{code}"], [str(script)], ["-I", str(script)]):
        assert run(python, *words).stdout == "set\n", words
    assert run(python, "-mjson.tool", "--help").returncode == 0


def test_an_egg_that_a_part_developed_goes_first(part, tmp_path):
    developed = tmp_path / "develop-eggs-directory" / "spam-9.egg"
    developed.mkdir(parents=True)
    (developed / "spam.py").write_text("def main():\n    print('developed')\n")
    made = part(entry_points="run=spam:main", scripts="run").install()
    assert run(made[0]).stdout == "developed\n"


def developed(tmp_path, name: str, *requires: str) -> Path:
    """Make an egg in develop-eggs; return its path."""
    path = tmp_path / "develop-eggs-directory" / f"{name}-9.egg"
    information = path / f"{name}-9.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("".join(f"Requires-Dist: {one}\n" for one in requires))
    return path


def test_what_a_part_developed_needs_no_index(part, tmp_path):
    """The host leaves it out, and what it requires of the kind; others' eggs aren't anybody's."""
    needed = [
        developed(tmp_path, "ham", "toast>=1", "spam", "x; extra == 'y'", "n; sys_platform == 'n'", "setuptools"),
        developed(tmp_path, "toast"),
    ]
    developed(tmp_path, "other")
    made = part(egg.Eggs)
    made.requirements += ["ham[x]", "never; sys_platform == 'n'"]
    paths = made.paths()
    assert paths[:2] == needed
    assert [path.name for path in paths[2:]] == ["spam-1-py3.11-linux-x86_64.egg", "eggs-1-py3.11-linux-x86_64.egg"]


@pytest.mark.parametrize(
    ("requirement", "told"),
    [("ham", r"ham-9\.egg requires bacon"), ("ham[x]", r"ham-9\.egg requires \w+"), ("other", r"p requires other,")],
)
def test_what_the_host_could_not_read_is_asked_for(part, tmp_path, requirement, told):
    """What a checkout or an extra of it requires, and a project that isn't called as the part that develops it."""
    developed(tmp_path, "ham", "bacon; python_version > '3'", "more; extra == 'x'")
    made = part(egg.Eggs)
    made.requirements += [requirement]
    with pytest.raises(UserError, match=told):
        made.paths()


def test_the_profile_may_say_what_others_see_as_the_executable(part):
    options = part(egg.Eggs).options
    assert options["executable"] == egg.BUILDERS
    options["executable"] = "/opt/cbuild/bin/python-with-eggs"
    assert egg.Eggs(options.buildout, "p", options).python == egg.BUILDERS
    assert options["executable"] == "/opt/cbuild/bin/python-with-eggs"


def test_eggs_alone(part, tmp_path):
    assert part(egg.Eggs).install() == []
    assert not (tmp_path / "bin-directory").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"entry-points": "x"}, "'x' is not NAME=MODULE:ATTRIBUTE"),
        ({"relative-paths": "true"}, "absolute paths"),
    ],
)
def test_refused(part, options, message):
    with pytest.raises(UserError, match=message):
        part(**options).install()


def test_the_path_of_another_python_says_for_which_version(part):
    assert part(executable="/opt/cbuild/parts/python3/bin/python3.12").eggs
    with pytest.raises(Needs):
        part(executable="/opt/cbuild/parts/python3/bin/python3.13")
    with pytest.raises(UserError, match="doesn't say which version"):
        part(executable="/opt/cbuild/parts/python3/bin/python")
    assert part(python="python").eggs, "as SlapOS's [python] says it"


def test_the_eggs_are_the_parts_name(part):
    with pytest.raises(Needs) as needs:
        part(eggs="p[extra] >1\n\n  q\n")
    assert needs.value.what == {"distributions": ["p[extra] >1", "q"]}
