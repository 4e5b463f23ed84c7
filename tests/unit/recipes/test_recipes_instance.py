"""The recipes of the instance side: slapconfiguration, publish, mkdirectory, wrapper."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from cbuild.recipe.api import Buildout, Options, UserError
from recipes import mkdirectory, publish, slapconfiguration, wrapper


class Sections(Buildout):
    """Sections as plain dicts. These recipes ask neither for sources nor for references."""

    def __init__(self, directory, **sections):
        plain = {"buildout": {"directory": str(directory)}, **sections}
        self.data = {name: Options(self, name, dict(options)) for name, options in plain.items()}

    def __getitem__(self, name):
        return self.data[name]

    def __iter__(self):
        return iter(self.data)

    def __len__(self):
        return len(self.data)

    def source(self, url, md5sum=None, alternate=""):
        raise NotImplementedError

    def substitute(self, text, section):
        raise NotImplementedError


def make(kind, directory, options, **sections):
    buildout = Sections(directory, p=options, **sections)
    return kind(buildout, "p", buildout["p"]), buildout["p"]


ASKED = {
    "parameters": {"title": "a $ b", "n": 3, "l": [1]},
    "type": "default",
    "partition": "web-0",
    "instance": "web",
    "reference": "web",
    "software": "sha256:0",
    "ipv6": "fd00::7",
    "state": "started",
}


def asked(directory, **changes):
    path = directory / slapconfiguration.FILE
    path.parent.mkdir()
    path.write_text(json.dumps({**ASKED, **changes}))


def test_slapconfiguration_sets_what_profiles_refer_to(tmp_path):
    asked(tmp_path)
    recipe, options = make(slapconfiguration.Recipe, tmp_path, {"recipe": "slapos.cookbook:slapconfiguration"})
    assert options["configuration.title"] == "a $ b"
    assert options["configuration.n"] == "3"
    assert options["configuration.l"] == "[1]"
    assert options["ipv6-random"] == "fd00::7"
    assert options["slap-software-type"] == "default"
    assert options["slap-computer-partition-id"] == "web-0"
    assert options["root-instance-title"] == "web"
    assert options["configuration"] == ASKED["parameters"]
    assert options["ipv6"] == ["fd00::7"]
    assert recipe.install() == []


def test_slapconfiguration_serialised_unwraps(tmp_path):
    asked(tmp_path, parameters={"_": '{"a": {"b": 1}}'})
    _, options = make(slapconfiguration.Serialised, tmp_path, {"recipe": "r"})
    assert options["configuration.a"] == '{"b": 1}'


def test_slapconfiguration_serialised_takes_plain_parameters_too(tmp_path):
    asked(tmp_path)
    _, options = make(slapconfiguration.Serialised, tmp_path, {"recipe": "r"})
    assert options["configuration.title"] == "a $ b"


@pytest.mark.parametrize("value", ["{", "[]"])
def test_slapconfiguration_serialised_refuses_what_is_no_object(tmp_path, value):
    asked(tmp_path, parameters={"_": value})
    with pytest.raises(UserError):
        make(slapconfiguration.Serialised, tmp_path, {"recipe": "r"})


def test_slapconfiguration_has_no_meaning_in_a_software_profile(tmp_path):
    with pytest.raises(UserError, match="instance profile only"):
        make(slapconfiguration.Recipe, tmp_path, {"recipe": "r"})


def published(directory):
    return json.loads((directory / publish.DIRECTORY / "p.json").read_text())


def test_publish(tmp_path):
    recipe, _ = make(publish.Recipe, tmp_path, {"recipe": "r", "url": "http://x/", "-not": "y"})
    assert recipe.install() == [str(tmp_path / publish.DIRECTORY / "p.json")]
    assert published(tmp_path) == {"serialised": False, "connection": {"url": "http://x/"}}


def test_publish_extends_other_sections_and_the_nearer_wins(tmp_path):
    sections = {"a": {"url": "far", "x": "1", "-extends": "b p"}, "b": {"x": "2", "y": "3"}}
    recipe, options = make(publish.Serialised, tmp_path, {"recipe": "r", "url": "near", "-extends": "a"}, **sections)
    recipe.install()
    assert published(tmp_path) == {"serialised": True, "connection": {"url": "near", "x": "1", "y": "3"}}
    # Recorded, so that a change in [b] is a change of [p].
    assert '"y": "3"' in options["-cbuild-published"]


def test_publish_refuses_shared_instances(tmp_path):
    with pytest.raises(UserError):
        make(publish.Recipe, tmp_path, {"recipe": "r", "-slave-reference": "x"})


def test_mkdirectory(tmp_path):
    recipe, options = make(
        mkdirectory.Recipe, tmp_path, {"recipe": "r", "mode": "0700", "a": "etc/x/y", "b": f"{tmp_path}/z/"}
    )
    assert recipe.install() == []
    assert (tmp_path / "etc/x/y").stat().st_mode & 0o777 == 0o700
    assert (options["a"], options["b"]) == (f"{tmp_path}/etc/x/y", f"{tmp_path}/z/")
    assert (tmp_path / "etc/x").stat().st_mode & 0o777 == 0o755, "parents have the usual mode"
    (tmp_path / "z" / "data").touch()
    assert recipe.update() == []
    assert (tmp_path / "z" / "data").exists()


def test_mkdirectory_gives_a_parent_its_mode_whichever_is_named_first(tmp_path):
    recipe, _ = make(mkdirectory.Recipe, tmp_path, {"recipe": "r", "mode": "0700", "a": "etc/x", "b": "etc"})
    recipe.install()
    assert [path.stat().st_mode & 0o777 for path in (tmp_path / "etc", tmp_path / "etc/x")] == [0o700, 0o700]


def test_mkdirectory_leaves_what_is_there_alone(tmp_path):
    (tmp_path / "old").mkdir(mode=0o750)
    recipe, _ = make(mkdirectory.Recipe, tmp_path, {"recipe": "r", "mode": "700", "old": "old", "none": ""})
    recipe.install()
    assert (tmp_path / "old").stat().st_mode & 0o777 == 0o750
    assert [path.name for path in tmp_path.iterdir()] == ["old"]


def test_mkdirectory_refuses(tmp_path):
    with pytest.raises(UserError, match="octal"):
        make(mkdirectory.Recipe, tmp_path, {"recipe": "r", "mode": "rwx"})


def run(path, *arguments):
    return subprocess.run([path, *arguments], capture_output=True, text=True, check=False)


def test_wrapper_runs_the_command_as_given(tmp_path):
    line = """printf '%s|' 'a b' "$HOME" "it's" ''"""
    recipe, _ = make(wrapper.Recipe, tmp_path, {"recipe": "r", "command-line": line, "wrapper-path": "etc/run/x"})
    (path,) = recipe.install()
    assert path == str(tmp_path / "etc/run/x")
    assert Path(path).stat().st_mode & 0o777 == 0o700
    assert run(path, "more words").stdout == "a b|$HOME|it's||more words|"


def test_wrapper_environment(tmp_path):
    options = {"recipe": "r", "command-line": "env", "wrapper-path": "x", "environment": "A = b c\nD=e'f"}
    recipe, _ = make(wrapper.Recipe, tmp_path, options)
    assert {"A=b c", "D=e'f"} <= set(run(recipe.install()[0]).stdout.splitlines())


def test_wrapper_environment_of_a_section(tmp_path):
    options = {"recipe": "r", "command-line": "env", "wrapper-path": "x", "environment": "e"}
    recipe, _ = make(wrapper.Recipe, tmp_path, options, e={"A": "1"})
    assert "A=1" in run(recipe.install()[0]).stdout.splitlines()


def test_wrapper_waits_for_files_redirects_and_writes_its_pid(tmp_path):
    ready = tmp_path / "ready file"
    ready.touch()
    options = {
        "recipe": "r",
        "command-line": "sh -c 'echo $$; echo oops >&2'",
        "wrapper-path": "x",
        "wait-for-files": str(tmp_path / "also"),
        "pidfile": str(tmp_path / "pid"),
        "sig-ign": "SIGHUP",
        "redirect-stdout": str(tmp_path / "out"),
        "redirect-stderr": str(tmp_path / "err"),
    }
    (tmp_path / "also").touch()
    recipe, _ = make(wrapper.Recipe, tmp_path, options)
    assert run(recipe.install()[0]).returncode == 0
    assert (tmp_path / "pid").read_text() == (tmp_path / "out").read_text()
    assert (tmp_path / "err").read_text() == "oops\n"


def test_wrapper_does_not_start_twice_with_a_pidfile(tmp_path):
    options = {"recipe": "r", "command-line": "true", "wrapper-path": "x", "pidfile": str(tmp_path / "pid")}
    recipe, _ = make(wrapper.Recipe, tmp_path, options)
    (tmp_path / "pid").write_text(str(os.getpid()))
    done = run(recipe.install()[0])
    assert done.returncode == 1
    assert "Already running" in done.stderr


def test_wrapper_with_hashed_files_has_a_new_name_when_they_change(tmp_path):
    (tmp_path / "c.conf").write_text("1")
    options = {
        "recipe": "r",
        "command-line": "true",
        "wrapper-path": "etc/service/x",
        "hash-files": str(tmp_path / "c.conf"),
    }
    recipe, _ = make(wrapper.Recipe, tmp_path, options)
    (first,) = recipe.install()
    assert first.startswith(str(tmp_path / "etc/service/x-"))
    assert recipe.update() == [first]
    (tmp_path / "c.conf").write_text("2")
    (second,) = recipe.update()
    assert second != first
    assert [found.name for found in (tmp_path / "etc/service").iterdir()] == [Path(second).name]


def test_wrapper_names_a_hashed_file_that_is_missing(tmp_path):
    options = {"recipe": "r", "command-line": "true", "wrapper-path": "x", "hash-existing-files": "/none"}
    recipe, _ = make(wrapper.Recipe, tmp_path, options)
    with pytest.raises(UserError, match="/none"):
        recipe.install()


@pytest.mark.parametrize(
    "options",
    [
        {"command-line": ""},
        {"command-line": "'open"},
        {"command-line": "x", "private-tmpfs": "100M /tmp"},
        {"command-line": "x", "reserve-cpu": "true"},
        {"command-line": "x", "environment": "a b=c"},
    ],
)
def test_wrapper_refuses(tmp_path, options):
    with pytest.raises(UserError):
        make(wrapper.Recipe, tmp_path, {"recipe": "r", "wrapper-path": "x", **options})
