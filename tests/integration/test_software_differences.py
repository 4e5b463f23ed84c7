"""Odd corners that real profiles have: cbuild's own recipes and the originals from PyPI make the same layers."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

from software_fixtures import part, project

CONFIGURE = """#!/bin/sh
for word; do echo "<$word>"; case $word in --prefix=*) echo "prefix = ${word#--prefix=}" >config.mk;; esac; done >words
env | grep ^X_ | sort >>words
"""
MAKEFILE = """-include config.mk
all:
\tcat words text >made; env | grep ^Y_ | sort >>made; true
install:
\tmkdir -p $(prefix)/bin; cp made $(prefix)/
more:
\tcp made $(prefix)/more
"""
TEXT = "one\ntwo\nthree\n"
FILES = {"configure": CONFIGURE, "Makefile": MAKEFILE, "text": TEXT}

BESIDE = {
    "a.patch": "--- a/text\n+++ b/text\n@@ -1,3 +1,3 @@\n one\n-two\n+TWO\n three\n",
    "b.patch": "--- a/text\n+++ b/text\n@@ -1,3 +1,4 @@\n one\n TWO\n three\n+four\n",
    "hooks.py": """
def before(options, buildout, environ):
    environ['X_HOOK'] = options['location'] + buildout['info']['value']
    options['from-hook'] = 'set'

def after(options, buildout):
    with open(options['location'] + '/hooked', 'w') as f:
        f.write(options['from-hook'] + buildout['buildout']['parts-directory'])
""",
    "page.in": """{% import 'lib' as lib -%}
{{ lib.twice(j.a[0]) }} {{ s.value }} {{ own }} {{ len(k) }} {{ p.join('a', 'b') }}

""",
    "text.in": "${info:value} ${:own} $${later:x} $$HOME\r\n",
}

# One a part. Each makes what differs visible: words that configure got, variables, patched files, links.
PARTS = {
    "options": """
<= source
configure-options =
  --a="x  y" --home=$HOME
  --pct=5%% --here=%(location)s
environment =
  X_A = a=b  c
  X_P=50%%
  Y_L=@@LOCATION@@/lib
make-targets = -j1 install more && echo done > @@LOCATION@@/done
""",
    "patched": """
<= source
patch-binary = ${patcher:location}/bin/patch
patch-options = -p1
patches =
  ${:_profile_base_location_}/a.patch
  ${:_profile_base_location_}/b.patch
pre-configure-hook = ${:_profile_base_location_}/hooks.py:before
post-make-hook = ${:_profile_base_location_}/hooks.py:after
pre-configure =
  for i in 1 2; do
    echo "$i" >> text
  done
post-install =
  cd bin 2>/dev/null || cd %(location)s/bin
  echo '%(from-hook)s %(url)s' | cut -d' ' -f1 > x; ln -s x y
""",
    "macro": """
<= source
location = @@LOCATION@@
configure-command =
  X_B="1:2" \\
  sh configure \\
  --prefix=${:location} \\
  ${:more}
make-binary =
  ${:more} Y_M="a  b" make
more =
""",
    "borrower": """
recipe = slapos.recipe.cmmi
path = ${unpacked:location}
prefix = @@LOCATION@@/usr
""",
    "copied": """
<= source
configure-command = true
make-binary = cp -r . @@LOCATION@@
make-targets =
""",
    "patcher": """
recipe = slapos.recipe.build
init =
  options['content'] = '#!/bin/sh\\necho "$*" >> words.patch\\nexec patch "$@"\\n'
  options['install'] = 'this is not run'
install =
  import os
  os.makedirs(os.path.join(location, 'bin'))
  with open(os.path.join(location, 'bin', 'patch'), 'w') as f:
    f.write(options['content'])
    os.fchmod(f.fileno(), 0o755)
""",
    "scripted": """
recipe = slapos.recipe.build
from = ${source:url}
patches =
  ${:_profile_base_location_}/a.patch @MD5@ -p1
  ${:_profile_base_location_}/b.patch
environment = variables
init = self.mine = str(is_true('true')) + self.buildout['info']['value']
install =
  d = guessworkdir(self.extract(self.download(options['from'])))
  self.applyPatchList(options.get('patches'), cwd=d)
  self.pipeCommand([['cat', 'text'], ['tee', 'piped']], cwd=d)
  call(['sh', '-c', 'echo $X_V > v'], cwd=d, env=self.environ)
  self.copyTree(d, location, ['configure'])
  with open(location + '/mine', 'w') as f:
    f.write(self.mine)
""",
    "unpacked": """
recipe = slapos.recipe.build:download-unpacked
url = ${source:url}
""",
    "text": """
recipe = slapos.recipe.template
url = ${:_profile_base_location_}/text.in
output = ${buildout:directory}/text/out
own = ${:_buildout_section_name_}
""",
    "library": """
recipe = slapos.recipe.template
inline = {% macro twice(x) %}{{ x }}{{ x }}{% endmacro %}
output = ${buildout:directory}/library/lib.in
""",
    "page": """
recipe = slapos.recipe.template:jinja2
url = ${:_profile_base_location_}/page.in
output = ${buildout:directory}/page/out
own = mine
import-list = file lib library:output
context =
  json j {"a": [2.5]}
  section s info
  key own :own
  key k unpacked:location
  import p os.path
""",
    "collected": """
recipe = collective.recipe.template
input = inline:
  #!/bin/sh
  echo ${info:value} $HOME
output = ${buildout:directory}/collected/out
mode = 755
""",
    "commanded": """
recipe = plone.recipe.command
location = ${buildout:directory}/commanded
command =
  mkdir -p ${:location}/d; cd ${:location}
  echo a \\
    b > f; ln -s f l
  false
""",
}
PROFILE = """[buildout]
parts = {parts}
allow-unchecked-sources = true

[source]
recipe = slapos.recipe.cmmi
url = ${{:_profile_base_location_}}/x-1.tar.gz

[info]
value = information

[variables]
X_V = %(HOME)s ${{info:value}}
{sections}
[versions]
collective.recipe.template = 3.0.0
plone.recipe.command = 1.1
setuptools = 84.2.1
slapos.recipe.build = 0.66
slapos.recipe.cmmi = 0.23
slapos.recipe.template = 5.1
zc.buildout = 6.0.1
zc.recipe.egg = 6.0.0
"""


def profile(directory: Path) -> Path:
    """Write the project into directory."""
    directory.mkdir()
    for name, text in BESIDE.items():
        (directory / name).write_bytes(text.encode())
    with tarfile.open(directory / "x-1.tar.gz", "w:gz") as archive:
        for name, text in FILES.items():
            member = tarfile.TarInfo(f"x-1/{name}")
            member.size, member.mode = len(text), 0o755
            archive.addfile(member, io.BytesIO(text.encode()))
    md5 = hashlib.md5(BESIDE["a.patch"].encode(), usedforsecurity=False).hexdigest()
    sections = "".join(f"\n[{name}]{text}" for name, text in PARTS.items()).replace("@MD5@", md5)
    return project(directory, PROFILE.format(parts=" ".join(PARTS), sections=sections))


def test_odd_corners_are_the_originals(shared_store, tmp_path):
    store = shared_store("docker")
    directory = profile(tmp_path / "project")
    own = store.build(directory, "--no-load")
    originals = store.build(directory, "--no-load", "buildout:native-recipes=false", "buildout:installed=originals.cfg")
    for name in PARTS:
        if part(own, name)["layer"] != part(originals, name)["layer"]:
            assert store.files(own, name) == store.files(originals, name), name
        assert part(own, name)["layer"] == part(originals, name)["layer"], name
    words = b"<--prefix=/opt/cbuild/parts/macro>\n< >\nX_B=1:2\n"
    assert words in store.files(own, "macro")["parts/macro/made"]
