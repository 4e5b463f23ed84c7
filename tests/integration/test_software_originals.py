"""Recipes from PyPI, unmodified, in the builder: what they make is what cbuild's own of the same name make."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

from software_fixtures import CLI_ALONE, Store, part, project, statuses

FILES = {
    "configure": '#!/bin/sh\necho "prefix=${1#--prefix=}" >config.mk\n',
    "Makefile": "include config.mk\nall:\n\techo hello >hello\ninstall:\n\tmkdir -p $(prefix)\n\tcp hello $(prefix)/\n",
}
PROFILE = """[buildout]
parts = command template build compile egg other
native-recipes = false

[command]
recipe = plone.recipe.command
command = mkdir -p ${{buildout:directory}}/share && echo hello > ${{buildout:directory}}/share/hello
location = ${{buildout:directory}}/share
stop-on-error = true

[template]
recipe = collective.recipe.template
input = inline:
  share = ${{command:location}}
output = ${{buildout:directory}}/etc/x

[build]
recipe = slapos.recipe.build
init =
  options['greeting'] = 'hi'
install =
  import os
  os.makedirs(location)
  with open(os.path.join(location, 'f'), 'w') as f:
    f.write(options['greeting'])

[compile]
recipe = slapos.recipe.cmmi
url = ${{:_profile_base_location_}}/hello-1.tar.gz
md5sum = {md5}

[egg]
recipe = zc.recipe.egg
eggs = docutils
scripts = docutils=rst

[other]
recipe = collective.recipe.cmd
on_install = true
cmds = echo ${{build:greeting}} > ${{buildout:directory}}/other

[versions]
collective.recipe.cmd = 1.0.0
collective.recipe.template = 3.0.0
docutils = 0.23
plone.recipe.command = 1.1
setuptools = 84.2.1
slapos.recipe.build = 0.66
slapos.recipe.cmmi = 0.23
zc.buildout = 6.0.1
zc.recipe.egg = 6.0.0
"""
EQUAL = ("command", "template", "build", "compile")


def packed(path: Path) -> str:
    with tarfile.open(path, "w:gz") as archive:
        for name, text in FILES.items():
            member = tarfile.TarInfo(f"hello-1/{name}")
            member.size, member.mode = len(text), 0o755
            archive.addfile(member, io.BytesIO(text.encode()))
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def test_the_originals_make_what_cbuilds_own_make(shared_store, tmp_path):
    store = shared_store("docker")
    directory = tmp_path / "project"
    directory.mkdir()
    project(directory, PROFILE.format(md5=packed(directory / "hello-1.tar.gz")))
    originals = store.build(directory, "--no-load")
    assert store.files(originals, "other") == {"other": b"hi\n"}
    own = store.build(directory, "--no-load", "buildout:native-recipes=true", "buildout:installed=own.cfg")
    for name in EQUAL:
        assert part(originals, name)["layer"] == part(own, name)["layer"], name
        assert part(originals, name)["key"] != part(own, name)["key"], name
    eggs = [modules(store, document) for document in (originals, own)]
    assert eggs[0] == eggs[1]
    again = Store(store.engine, store.home, store.url, CLI_ALONE).build(directory, "--no-load", "-o", "--locked")
    assert set(statuses(again).values()) == {"cached"}


def modules(store: Store, document: dict) -> dict[str, bytes]:
    """Return the modules of the egg by their path in it; the originals' lie deeper."""
    files = store.files(document, "egg")
    assert "bin/rst" in files
    return {path.partition(".egg/")[2]: data for path, data in files.items() if path.endswith(".py")}
