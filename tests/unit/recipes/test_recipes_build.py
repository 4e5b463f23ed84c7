"""slapos.recipe.build: what its scripts see and do, what is checked afterwards."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
from pathlib import Path
from types import ModuleType

import pytest
from recipe_helpers import made

from cbuild.recipe.api import UserError
from recipes import promise
from recipes.build import Recipe, guessworkdir, is_true, sections_of


@pytest.fixture
def part(tmp_path, monkeypatch):
    """A function that makes the part with these options, building below tmp_path/build."""
    monkeypatch.setenv("CBUILD_BUILD", str(tmp_path / "build"))

    def make(sources: dict[str, str] | None = None, sections: dict[str, dict[str, str]] | None = None, **options: str):
        known = {key.replace("_", "-") if key != "slapos_promise" else key: value for key, value in options.items()}
        return made(Recipe, tmp_path, known, sources, **(sections or {}))

    return make


@pytest.fixture
def archive(tmp_path) -> str:
    """A tar with one directory and one file in it."""
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w") as tar:
        member = tarfile.TarInfo("x-1/file")
        member.size = 4
        tar.addfile(member, io.BytesIO(b"text"))
    return str(path)


def test_install_makes_the_location(part, tmp_path):
    script = """
import os
assert not os.path.exists(location)
assert os.path.isdir(os.path.dirname(location))
os.mkdir(location)
"""
    assert part(install=script).install() == [f"{tmp_path}/parts/part"]


def test_init_sets_options_and_may_choose_the_location(part, tmp_path):
    found = part(
        init="options['location'] = location + '-2'\nself.mine = 1",
        install="import os\nos.mkdir(location)\nassert self.mine",
    )
    assert found.install() == [f"{tmp_path}/parts/part-2"]


PYTHONPATH = """
from zc.buildout.easy_install import working_set
eggs = working_set(['spam>=1'], [options['developed'], options['eggs']])
environment = self.buildout[options['environment']]
environment['PYTHONPATH'] = ':'.join('%s=%s' % (egg.key, egg.location) for egg in eggs)
open(options['file'], 'w').write(environment['PYTHONPATH'])
"""


def test_the_real_profiles_way_to_a_path_of_eggs(part, tmp_path, monkeypatch):
    """As SlapOS's macro.pythonpath.eggs does it; what it sets isn't seen by others, which is said."""
    for module in ("zc", "zc.buildout", "zc.buildout.easy_install"):  # a builder has an imitation, too
        monkeypatch.setitem(sys.modules, module, ModuleType(module))
    for place, name, requires in (
        ("eggs", "spam-1-py3.11-x.egg", "My.Ham"),
        ("dev", "My_Ham-2.egg", ""),
        ("dev", "z-1.egg", ""),
    ):
        (tmp_path / place / name / "x.dist-info").mkdir(parents=True)
        (tmp_path / place / name / "x.dist-info" / "METADATA").write_text(
            f"Requires-Dist: {requires}\n" if requires else ""
        )
    monkeypatch.setenv("CBUILD_LINT", str(tmp_path / "lint"))
    own = {"developed": str(tmp_path / "dev"), "eggs": str(tmp_path / "eggs"), "file": str(tmp_path / "f")}
    found = part(update=PYTHONPATH, sections={"env": {}}, environment_="env", **own)
    found.options["environment"] = "env"
    assert found.install() == []
    spam, ham = (tmp_path / "eggs/spam-1-py3.11-x.egg", tmp_path / "dev/My_Ham-2.egg")
    assert (tmp_path / "f").read_text() == f"spam={spam}:my-ham={ham}"
    assert (tmp_path / "lint").read_text().startswith("[env] is changed here for this part alone")
    found.options["eggs"] = str(tmp_path / "none")
    with pytest.raises(UserError, match="there is no egg for spam>=1"):
        found.install()


def test_without_install_update_runs(part, tmp_path):
    found = part(init="self.v = 1", update="open(options['file'], 'w').write(str(self.v))", file=str(tmp_path / "f"))
    assert found.install() == []
    assert (tmp_path / "f").read_text() == "1"
    assert "location" not in found.options


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "needs one at least of init, install, update"),
        ({"install": "1", "update": "1", "shared": "true"}, "shared"),
        ({"init": "1", "shared": "true"}, "shared"),
        ({"install": "1", "location": "/x", "shared": "true"}, "location: that of a shared part"),
        ({"install": "1", "shared": "yes"}, "true or false"),
    ],
)
def test_what_is_refused(part, options, message):
    with pytest.raises(UserError, match=message):
        part(**options)


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("pass", "install has not made"),
        ("open(location, 'w').close()", "is no directory"),
        ("x = 1\nraise ValueError('no')", r"install, line 2: ValueError: no"),
        ("call(['sh', '-c', 'exit 3'])", r"install, line 1: Command .* returned non-zero exit status 3"),
        ("is_true('yes')", "neither true nor false"),
    ],
)
def test_an_install_that_fails(part, script, message):
    with pytest.raises(UserError, match=message):
        part(install=script, shared="true").install()


def test_a_file_is_fetched_unpacked_and_tidied(part, archive, tmp_path):
    script = """
directory = self.extract(self.download())
options['seen'] = directory
self.copyTree(guessworkdir(directory), location)
"""
    found = part({"http://h/x.tar": archive}, install=script, url="http://h/x.tar", md5sum="1" * 32)
    assert found.buildout.declared == {"http://h/x.tar": "1" * 32}
    found.install()
    assert (tmp_path / "parts" / "part" / "file").read_text() == "text"
    assert found.options["seen"] == f"{tmp_path}/build/part.0", "no name that changes from run to run"
    assert not Path(found.options["seen"]).exists()


def test_what_nobody_declared_is_asked_for(part):
    from cbuild.recipe.needs import Needs

    found = part(install="self.download('http://h/' + options['f'], options.get('md5'))", f="x")
    assert found.buildout.declared == {}
    with pytest.raises(Needs) as caught:
        found.install()
    assert caught.value.what == {"source": "http://h/x", "md5": None}


def test_a_copy_that_fails_leaves_nothing(part, tmp_path):
    found = part(install="import os\nos.mkdir(location)\nself.copyTree('/no/where', location + '/x')")
    with pytest.raises(UserError, match="FileNotFoundError"):
        found.install()
    with pytest.raises(UserError, match="is there already"):
        found.copyTree(str(tmp_path), str(tmp_path))


def test_leaving_out(part, tmp_path):
    for name in ("a/keep", "a/.git", "a/b/.git"):
        (tmp_path / name).mkdir(parents=True)
    part(init="1").copyTree(str(tmp_path / "a"), str(tmp_path / "z"), [".git"])
    assert sorted(str(path.relative_to(tmp_path / "z")) for path in (tmp_path / "z").rglob("*")) == ["b", "keep"]


def test_pipes(part, tmp_path):
    found = part(init="1")
    found.pipeCommand([["echo", "x"], ["sh", "-c", f"cat > {tmp_path}/out"]])
    assert (tmp_path / "out").read_text() == "x\n"
    with pytest.raises(UserError, match="exit code not 0 of: false"):
        found.pipeCommand([["false"], ["cat"]])


def test_patches(part, tmp_path):
    (tmp_path / "file").write_text("a\n")
    (tmp_path / "p").write_text("--- a/file\n+++ b/file\n@@ -1 +1 @@\n-a\n+b\n")
    found = part({"u": str(tmp_path / "p")}, init="1")
    found.applyPatchList("\n u unknown -p1 -s\n", "-p9", None, str(tmp_path))
    assert (tmp_path / "file").read_text() == "b\n"
    found.applyPatchList(f"u {'1' * 32}", "-R -s -p1", "patch ", str(tmp_path))
    assert (tmp_path / "file").read_text() == "a\n"
    found.applyPatchList(None)
    assert found.buildout.declared == {"u": "1" * 32}


def test_the_options_of_a_patch_hold_for_those_after_it(part, tmp_path):
    (tmp_path / "file").write_text("a\n")
    for name, new in (("p", "b"), ("q", "c")):
        old = chr(ord(new) - 1)
        (tmp_path / name).write_text(f"--- a/file\n+++ b/file\n@@ -1 +1 @@\n-{old}\n+{new}\n")
    found = part({name: str(tmp_path / name) for name in "pq"}, init="1")
    found.applyPatchList("p unknown -p1 -s\nq", None, None, str(tmp_path))
    assert (tmp_path / "file").read_text() == "c\n"


def test_scripts_are_those_from_before_init(part, tmp_path):
    change = "options['install'] = 'raise Exception()'\n"
    assert part(init=change, install="import os\nos.mkdir(location)").install() == [f"{tmp_path}/parts/part"]
    assert part(init=change, update="open(options['file'], 'w')", file=str(tmp_path / "f")).install() == []
    assert (tmp_path / "f").exists()


def test_a_location_that_init_takes_away_is_empty(part, tmp_path):
    script = "assert location == '', location\nopen(options['file'], 'w')"
    assert part(init="options['location'] = ''", install=script, file=str(tmp_path / "f")).install() == []
    assert (tmp_path / "f").exists()


def test_the_environment(part, monkeypatch):
    monkeypatch.setenv("X", "1")
    assert part(init="1", environment="A = %(X)s2").environ["A"] == "12"
    assert part(init="1", environment="env", sections={"env": {"A": "3"}}).environ["A"] == "3"
    assert part(init="1").environ["X"] == "1"


def test_names_of_the_original(part):
    found = part(init="options.barrier()\noptions.depends = set(options.depends)\nself.logger.info('x')")
    assert found.cleanup_dir_list is found.cleanup_list is found.cleanup_file_list


def test_helpers(tmp_path):
    (tmp_path / "one").mkdir()
    assert guessworkdir(str(tmp_path)) == str(tmp_path / "one")
    (tmp_path / "two").mkdir()
    assert guessworkdir(str(tmp_path)) == str(tmp_path)
    assert [is_true("true"), is_true("false"), is_true(None), is_true(None, 1)] == [True, False, False, 1]
    assert (str(is_true("true")), str(is_true("false"))) == ("1", "0"), "the original's are numbers"


def test_what_a_script_reads_for_certain():
    script = """
a = self.buildout['a']['x'] + self.buildout["b"].get('y')
if a: self.buildout['no']
for x in y: self.buildout['no']
def f(): self.buildout['no']
call((self.buildout['c'], other['no'], self.buildout[d]))
"""
    assert list(sections_of(script, "part")) == ["a", "b", "c"]
    assert list(sections_of("no = = python", "part")) == []


# Promises -------------------------------------------------------------------------------------------------------------


def test_promises_that_hold(tmp_path):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "liba.a").touch()
    promise.check("\n file:lib/liba.a \n statlib:lib/liba.a\n directory:lib", tmp_path)
    promise.check("", tmp_path)


def test_all_promises_that_do_not_hold_are_told(tmp_path):
    with pytest.raises(UserError, match=r"no file .*/a; there is no directory .*/b; there is no library .*/c"):
        promise.check("file:a\ndirectory:b\ndynlib:c linked:libc.so.6", tmp_path)


@pytest.mark.parametrize("line", ["fiel:x", "dynlib:lib.so", "x"])
def test_what_is_no_promise(tmp_path, line):
    with pytest.raises(UserError, match="slapos_promise: "):
        promise.check(line, tmp_path)


def test_libraries(tmp_path, monkeypatch):
    output = f"""
 0x0000000000000001 (NEEDED)             Shared library: [libz.so.1]
 0x0000000000000001 (NEEDED)             Shared library: [libc.so.6]
 0x000000000000001d (RUNPATH)            Library runpath: [/opt/z/lib/:{tmp_path}/lib]
"""
    (tmp_path / "lib.so").touch()
    monkeypatch.setattr(promise.subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 0, output))
    promise.check("dynlib:lib.so linked:libc.so.6,libz.so.1 rpath:/opt/z/lib,!/lib", tmp_path)
    with pytest.raises(UserError, match="is linked with"):
        promise.check("dynlib:lib.so linked:libc.so.6 rpath:/opt/z/lib,!/lib", tmp_path)
    with pytest.raises(UserError, match="has the rpath"):
        promise.check("dynlib:lib.so linked:libc.so.6,libz.so.1", tmp_path)
