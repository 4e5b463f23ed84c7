"""Python in profiles: constructors that run in a builder, sources that nobody knew of before the recipe ran."""

from __future__ import annotations

import hashlib
import json
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from software_fixtures import CLI_ALONE, Store, check_whole, one_engine, part, project, statuses

INIT = """
[buildout]
parts = gcc user

[gcc]
recipe = slapos.recipe.build
init =
  import os, subprocess
  options['version'] = subprocess.check_output(('gcc', '-dumpfullversion'), universal_newlines=True).strip()
  options['shared'] = self.buildout['other']['value'] + str('nobody' in self.buildout)
  for d in '/tmp', '/build', '/dev/shm', '/opt/cbuild/parts': open(d + '/left-by-gcc', 'w').close()
  subprocess.Popen(('sleep', '1000'))

[user]
recipe = slapos.recipe.build
left = ${gcc:version}
init =
  import os
  places = '/tmp', '/build', '/dev/shm', '/opt/cbuild/parts'
  options['found'] = ' '.join(d for d in places if os.listdir(d)) or 'nothing'
  options['processes'] = str(len([p for p in os.listdir('/proc') if p.isdigit()]))
install =
  import os
  os.mkdir(location)
  gcc = self.buildout['gcc']
  with open(os.path.join(location, 'text'), 'w') as f: f.write(gcc['version'] + ' ' + gcc['shared'])

[other]
value = 1
"""


@pytest.fixture
def asking(tmp_path) -> Path:
    return project(tmp_path / "asking", INIT)


def test_init_runs_in_one_builder(store: Store, asking):
    with store.recorded() as (recorded, recorder):
        first = recorded.build(asking)
        # One for all questions, one for each part.
        assert recorder.containers == 3
    version, shared = store.files(first, "user")["parts/user/text"].decode().split()
    assert (version.split(".")[0], shared) == ("12", "1False")
    state = (asking / ".installed.cfg").read_text()
    # Process 1 and the question's own; the sleep of the one before is gone.
    assert "\nprocesses = 2\n" in state
    assert "\nfound = nothing\n" in state
    assert part(first, "user")["requires"] == ["gcc"]
    check_whole(store)

    alone = Store(store.engine, store.home, store.url, CLI_ALONE)
    assert alone.build(asking)["image"] == first["image"]


ADDED = """
[buildout]
parts = prog

[shell]
recipe = slapos.recipe.template
output = ${buildout:bin-directory}/${:_buildout_section_name_}
inline =
  #!/bin/sh
  exec sh "$@"

[prog]
recipe = slapos.recipe.build
_name = ${:_buildout_section_name_}
init =
  self.buildout.parse('''
    [.%(_name)s.text]
    recipe = slapos.recipe.template
    output = ${buildout:bin-directory}/%(_name)s
    inline =
      #!$${.%(_name)s.shell:output}
      echo hello
    [.%(_name)s.shell]
    <= shell
    ''' % options)
  options['program'] = self.buildout['.prog.text']['output']
"""


@one_engine
def test_sections_that_init_adds(store: Store, tmp_path):
    """They are parts like others, in the image and recorded, though nothing mentions them."""
    directory = project(tmp_path / "adding", ADDED)
    first = store.build(directory)
    assert {name: part(first, name)["in_image"] for name in ("prog", ".prog.text", ".prog.shell")} == {
        "prog": True, ".prog.text": True, ".prog.shell": True
    }  # fmt: skip
    assert store.files(first, ".prog.text") == {"bin/prog": b"#!/opt/cbuild/bin/.prog.shell\necho hello"}
    assert "\nprogram = /opt/cbuild/bin/prog\n" in (directory / ".installed.cfg").read_text()
    check_whole(store)
    alone = Store(store.engine, store.home, store.url, CLI_ALONE)
    assert alone.build(directory, "-o", "--locked")["image"] == first["image"]
    late = ADDED.replace("init =", "init = pass\ninstall =").replace("  options['program']", "  x")
    assert "adds sections only while it is installed" in store.fail(project(tmp_path / "late", late), code=1)["brief"]


def test_a_question_that_fails_leaves_nothing_running(store: Store, asking):
    error = store.fail(asking, "gcc:init=raise KeyError('x')", code=3)
    assert "init, line 1: KeyError: 'x'" in error["brief"]
    assert 'File "gcc:init", line 1' in error["details"], "the traceback, as its log has it"
    assert (error["section"], error["option"]) == ("gcc", "init")
    check_whole(store)


LATE = """
[buildout]
parts = late

[late]
recipe = slapos.recipe.build
base = {base}
md5 = {md5}
install =
  import os
  os.mkdir(location)
  with open(self.download(options['base'] + '/a.txt', options['md5'] or None)) as f: text = f.read()
  with open(self.download('${{:_profile_base_location_}}/beside.txt')) as f: text += f.read()
  with open(os.path.join(location, 'text'), 'w') as f: f.write(text)
"""


@pytest.fixture
def late(tmp_path):
    """A function that writes the project whose part asks for two files; the first one is at a URL of the mirror's."""
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    (mirror / "a.txt").write_text("a")
    md5 = hashlib.md5(b"a", usedforsecurity=False).hexdigest()

    def make(name: str, md5: str = md5) -> Path:
        text = LATE.format(base="https://nowhere.invalid/files", md5=md5)
        text = text.replace("parts = late", f"parts = late\nmirrors = {mirror}")
        return project(tmp_path / name, text, beside_txt="beside")

    return make


@one_engine
def test_a_source_that_is_asked_for_late(store: Store, late):
    directory = late("late")
    with store.recorded() as (recorded, recorder):
        first = recorded.build(directory)
        # One for its constructor. Then it ends twice, asking; the third run makes it.
        assert recorder.containers == 4
    assert store.files(first, "late") == {"parts/late/text": b"abeside"}
    lock = json.loads((directory / "cbuild.lock").read_text())
    assert list(lock["sources"]) == ["https://nowhere.invalid/files/a.txt"]

    alone = Store(store.engine, store.home, store.url, CLI_ALONE)
    for arguments in ((), ("--locked",), ("-o",)):
        again = alone.build(directory, *arguments)
        assert (again["image"], statuses(again)) == (first["image"], {"late": "cached"})

    # Without the answers (gc removes old ones) the part has to ask again; what it then leads to is in the store.
    aside = store.home.answers.rename(store.home.root / "aside")
    with store.recorded() as (recorded, recorder):
        again = recorded.build(directory)
        assert (recorder.containers, statuses(again)) == (3, {"late": "cached"})
    shutil.rmtree(store.home.answers)
    aside.rename(store.home.answers)

    (directory / "beside.txt").write_text("other")
    third = store.build(directory)
    assert store.files(third, "late") == {"parts/late/text": b"aother"}
    check_whole(store)


@one_engine
def test_a_late_source_has_to_be_checked(store: Store, late):
    error = store.fail(late("unchecked", ""), code=1)
    assert (error["section"], error["line"] is not None) == ("late", True)
    assert "a.txt" in error["brief"] + error["details"]


@one_engine
def test_no_file_of_the_machine(store: Store, late):
    error = store.fail(
        late("outside"), "late:base=/et", "late:install=self.download(options['base'] + 'c/no-such-file')", code=1
    )
    assert "no file of the profile's" in error["brief"]


CLONE = """
[buildout]
parts = clone

[clone]
recipe = slapos.recipe.build:gitclone
repository = file://{repository}
branch = main
"""


@one_engine
def test_a_git_repository(store: Store, tmp_path):
    repository = tmp_path / "repository"
    repository.mkdir()
    who = ("-c", "user.name=x", "-c", "user.email=x@x.invalid")

    def git(*arguments: str) -> None:
        subprocess.run(["git", *who, "-C", str(repository), *arguments], check=True)

    def commit(text: str) -> None:
        (repository / "file").write_text(text)
        git("add", "file")
        git("commit", "-q", "-m", text)

    git("init", "-q", "-b", "main")
    commit("one")
    directory = project(tmp_path / "project", CLONE.format(repository=repository))
    first = store.build(directory)
    assert store.files(first, "clone") == {"parts/clone/file": b"one"}

    commit("two")
    alone = Store(store.engine, store.home, store.url, CLI_ALONE)
    assert alone.build(directory, "--locked")["image"] == first["image"], "the lock has the commit; no program is run"
    assert store.files(store.build(directory, "--update-lock"), "clone") == {"parts/clone/file": b"two"}


EGGS = """
[buildout]
parts = eggs

[eggs]
recipe = slapos.recipe.build
setup-eggs =
  six
  docopt
init =
  import docopt, os, six
  options['v'] = six.__version__ + ' ' + docopt.__version__ + ' ' + self.buildout['other']['value']
install =
  import os, six, subprocess, sys
  os.mkdir(location)
  code = 'import os, sys; sys.path += os.environ["PYTHONEXTRAPATH"].split(":"); import docopt; print(docopt.__file__)'
  found = subprocess.check_output((sys.executable, '-c', code), text=True)
  with open(os.path.join(location, 'text'), 'w') as f: f.write(six.__version__ + ' ' + found.split('/')[-2])

[other]
value = 1

[versions]
six = 1.16.0
docopt = 0.6.2
"""
DOCOPT = b"docopt-0.6.2-py3.11-linux-x86_64.egg"


def test_eggs_that_scripts_import(store: Store, tmp_path):
    directory = project(tmp_path / "eggs", EGGS)
    with store.recorded() as (recorded, recorder):
        first = recorded.build(directory)
        # It asks for the eggs (docopt is a source distribution), then for a section: all in one builder.
        assert recorder.containers == 2
    assert store.files(first, "eggs") == {"parts/eggs/text": b"1.16.0 " + DOCOPT}
    state = (directory / ".installed.cfg").read_text()
    assert "\nv = 1.16.0 0.6.2 1\n" in state
    assert "\nsetup-eggs = docopt==0.6.2\n\tsix==1.16.0\n" in state

    alone = Store(store.engine, store.home, store.url, CLI_ALONE)
    for arguments in ((), ("-o", "--locked")):
        again = alone.build(directory, *arguments)
        assert (again["image"], statuses(again)) == (first["image"], {"eggs": "cached"})

    assert store.fail(directory, "--locked", "versions:six=1.17.0", code=4)["reason"] == "not-locked"
    changed = store.build(directory, "versions:six=1.17.0")
    assert store.files(changed, "eggs") == {"parts/eggs/text": b"1.17.0 " + DOCOPT}
    check_whole(store)


@one_engine
def test_eggs_that_are_wrong(store: Store, tmp_path):
    directory = project(tmp_path / "wrong", EGGS)
    error = store.fail(directory, "eggs:setup-eggs=six >", code=3)
    assert (error["reason"], error["section"]) == ("bad-requirement", "eggs")
    assert store.fail(directory, "eggs:setup-eggs=six ==1.17.0", code=3)["reason"] == "version-conflict"


SLOW = """
[buildout]
parts = slow

[slow]
recipe = slapos.recipe.build
init =
  import time
  time.sleep(float(options['seconds']))
seconds = 0
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_end_in_the_middle_of_a_question(new_store, tmp_path, number):
    store = new_store("docker")
    directory = project(tmp_path / "slow", SLOW)
    process = store.start(directory, "software", "slow:seconds=100")
    store.wait_for("questions")
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode != 0
    if number == signal.SIGKILL:
        assert store.containers()
    store.build(directory)
    check_whole(store)
