"""cbuild's own recipes on real engines: what only a builder shows. The bytes are the same on both."""

from __future__ import annotations

from pathlib import Path

import pytest
from software_fixtures import Store, layer, one_engine, part, project, statuses

MAKEFILE = """
all: hello
hello: hello.c
\t$(CC) $(CFLAGS) -o hello hello.c
install:
\tmkdir -p $(prefix)/bin
\tcp hello $(prefix)/bin/hello
"""
SOURCE = '#include <stdio.h>\nint main(void) { puts("before"); return 0; }\n'
PATCH = """--- a/hello.c
+++ b/hello.c
@@ -1,2 +1,2 @@
 #include <stdio.h>
-int main(void) { puts("before"); return 0; }
+int main(void) { puts(WORD); return 0; }
"""
HOOKS = """
import os, subprocess
from zc.buildout import UserError

def before(options, buildout, environ):
    # A section that no option names; its part is there.
    helper = buildout['helper']['location']
    with open(helper + '/share/word') as stream:
        environ['CFLAGS'] = '-DWORD=\\\\"%s\\\\"' % stream.read().strip()

def after(options, buildout):
    said = subprocess.check_output([options['location'] + '/bin/hello'])
    with open(options['location'] + '/said', 'wb') as stream:
        stream.write(said)
"""

PROFILE = """
[buildout]
parts = hello page copy links inplace

[helper]
recipe = slapos.recipe.cmmi
shared = true
path = ${:_profile_base_location_}/source
location = @@LOCATION@@
configure-command = :
make-binary =
make-targets =
post-install = mkdir %(location)s/share && echo ${:word} > word && cp -al word ${:location}/share
word = spoken

[environment]
PATH = ${buildout:bin-directory}:%(PATH)s
LINES = one
  two

[hello]
recipe = slapos.recipe.cmmi
path = source
patches = ${:_profile_base_location_}/hello.patch
patch-options = -p1
configure-command = true
environment = environment
pre-make-hook = hooks.py:before
post-make-hook = ${:_profile_base_location_}/hooks.py:after
pre-configure =
  printenv LINES > lines
  test "$(wc -l < lines)" = 2
promises =
  @@LOCATION@@/bin/hello
  @@LOCATION@@/bin/goodbye
configure-option = --misspelt

[template]
recipe = slapos.recipe.template
inline = {% import 'lib/m.in' as m %}{{ m.shout(word) }}
output = ${buildout:parts-directory}/template.in

[page]
recipe = slapos.recipe.template:jinja2
url = ${template:output}
output = ${buildout:directory}/page
import-list = rawfolder lib macros
context = key word helper:word

[copy]
recipe = slapos.recipe.build:download
url = file://${page:output}
destination = ${buildout:directory}/copy

[checkout]
recipe = plone.recipe.command
location = ${buildout:parts-directory}/checkout
command = mkdir -p ${:location} && cd ${:location} && echo a > a && echo b > b
stop-on-error = true

[inplace]
recipe = slapos.recipe.cmmi
path = ${checkout:location}
configure-command = echo changed >> a && chmod +x a
make-binary =
make-targets =
post-install = echo new > new && cp a b @@LOCATION@@

[links]
recipe = slapos.cookbook:symbolic.link
target-directory = ${buildout:bin-directory}
link-binary = ${hello:location}/bin/hello
"""


@pytest.fixture
def native(tmp_path) -> Path:
    """The project, with its source, patch, hooks and macros beside it."""
    directory = project(tmp_path / "native", PROFILE, hooks_py=HOOKS, hello_patch=PATCH)
    (directory / "source").mkdir()
    (directory / "source" / "hello.c").write_text(SOURCE)
    (directory / "source" / "Makefile").write_text(MAKEFILE)
    (directory / "macros").mkdir()
    (directory / "macros" / "m.in").write_text("{% macro shout(x) %}{{ x | upper }}!{% endmacro %}")
    return directory


def test_everything_a_part_can_have(shared_store, native):
    documents = {}
    for engine in ("docker", "podman"):
        store = shared_store(engine)
        done = store.start(native, "software", "--json", "buildout:installed=")
        documents[engine] = store.finish(done)
        assert store.files(documents[engine], "hello")["parts/hello/said"] == b"spoken\n"
        assert store.files(documents[engine], "copy") == {"copy": b"SPOKEN!"}
        assert store.files(documents[engine], "inplace") == {
            "parts/checkout/a": b"a\nchanged\n",
            "parts/checkout/new": b"new\n",
            "parts/inplace/a": b"a\nchanged\n",
            "parts/inplace/b": b"b\n",
        }, "what it changed where it was built is its own, and nothing else of it"
        assert part(documents[engine], "hello")["requires"] == ["helper"], "a hook reads it"
    parts = statuses(documents["docker"])
    assert {name: layer(documents["docker"], name) for name in parts} == {
        name: layer(documents["podman"], name) for name in parts
    }


@one_engine
def test_what_is_said_once(store: Store, native):
    """An option of nobody's and a promise that doesn't hold: when the part is installed, and not when it is there."""
    # A comment in the source gives the part another key than that of any other test.
    (native / "source" / "hello.c").write_text(f"{SOURCE}// {store.engine.name}, to be said once\n")
    (native / "hello.patch").write_text(PATCH)
    first = store.run(native, "software")
    assert "Nothing uses the option configure-option of [hello]" in first.stderr
    assert "Did you mean 'configure-options'?" in first.stderr
    assert "the promise /opt/cbuild/parts/hello/bin/goodbye is not there" in first.stderr
    second = store.run(native, "software")
    assert second.returncode == 0
    assert "configure-option" not in second.stderr
    assert "goodbye" not in second.stderr
