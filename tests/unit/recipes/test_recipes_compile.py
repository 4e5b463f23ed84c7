"""slapos.recipe.cmmi's command lines, order and options (SLAPOS.md 1.2)."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest
from recipe_helpers import made

from cbuild.recipe.api import UserError
from recipes.compile import Recipe, fix_shebangs

URL = "https://example.invalid/a-1.tar.gz"
HERE = Path("/opt/cbuild")


def recipe(directory: Path = HERE, sources: dict[str, str] | None = None, **options: str) -> Recipe:
    found = {name.replace("_", "-"): value for name, value in options.items()}
    if not {"url", "path"} & set(found):
        found["url"] = URL
    sources = {URL: "/sources/a-1.tar.gz"} | (sources or {})
    return made(Recipe, directory, found, sources)


@pytest.mark.parametrize(
    ("options", "configure", "make", "install"),
    [
        ({}, './configure --prefix="/opt/cbuild/parts/part"', "make", "make install"),
        (
            {"configure_options": "\n  --disable-static\n  --with-x=y\n"},
            './configure --prefix="/opt/cbuild/parts/part" --disable-static --with-x=y',
            "make",
            "make install",
        ),
        # Its own --prefix wins, wherever it stands.
        ({"configure_options": "-a --prefix=/else"}, "./configure -a --prefix=/else", "make", "make install"),
        ({"prefix": "/usr"}, './configure --prefix="/usr"', "make", "make install"),
        # A custom command is taken as it is, and then make has to hear of the prefix.
        (
            {"configure_command": "true"},
            "true",
            "make",
            'make install prefix="/opt/cbuild/parts/part"',
        ),
        (
            {"configure_command": "cmake", "configure_options": "-G Ninja", "make_binary": "ninja"},
            "cmake -G Ninja",
            "ninja",
            "ninja install",
        ),
        (
            {"configure_command": ":", "make_targets": "install-lib", "make_options": "\n A=1\n B=2"},
            ":",
            "make A=1 B=2",
            "make A=1 B=2 install-lib",
        ),
        (
            {"make_options": "PREFIX=@@LOCATION@@", "configure_command": ":"},
            ":",
            "make PREFIX=/opt/cbuild/parts/part",
            'make PREFIX=/opt/cbuild/parts/part install prefix="/opt/cbuild/parts/part"',
        ),
        ({"prefix": "/p", "make_targets": "a\n install"}, './configure --prefix="/p"', "make", "make a install"),
    ],
)  # fmt: skip
def test_command_lines(options, configure, make, install):
    found = recipe(**options)
    assert (found.configure_command(), found.make_command(), found.install_command()) == (configure, make, install)


def test_lines_of_a_command_stay_lines():
    assert recipe(configure_command="one\ntwo").configure_command() == "one\ntwo"


def test_options_that_the_constructor_sets():
    found = recipe(post_install="ls @@LOCATION@@/bin").options
    assert found["location"] == found["prefix"] == "/opt/cbuild/parts/part"
    assert found["post-install"] == "ls /opt/cbuild/parts/part/bin"
    assert recipe(location="@@LOCATION@@").options["location"] == "/opt/cbuild/parts/part"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"location": "/else"}, "can't be chosen"),
        ({"url": URL, "path": "/x"}, "one of url and path"),
        ({"url": " ", "path": ""}, "one of url and path"),
        ({"pre_configure_hook": "nothing"}, "URL"),
        ({"environment": "A=1\nA=2"}, "twice"),
        ({"environment": "A=1\nB"}, "KEY=VALUE"),
    ],
)
def test_what_is_refused(options, message):
    with pytest.raises(UserError, match=message):
        recipe(**options)


MAKEFILE = """
all:
\techo make >> $(LOG)
install:
\techo install prefix=$(prefix) >> $(LOG)
\tmkdir -p $(prefix)/bin
\tcp data $(prefix)/bin/data
"""

HOOK = """
def three(options, buildout, environ):
    open(environ["LOG"], "a").write("hook " + options["location"].rpartition("/")[2] + "\\n")

def two(options, buildout):
    open("hooked", "w").write(buildout["buildout"]["directory"])
"""

PATCH = """--- data
+++ data
@@ -1 +1 @@
-before
+after
"""


@pytest.fixture
def archive(tmp_path) -> Path:
    """A tarball with a Makefile, a configure and data."""
    source = tmp_path / "a-1"
    source.mkdir()
    (source / "Makefile").write_text(MAKEFILE)
    (source / "data").write_text("before\n")
    (source / "configure").write_text('#!/bin/sh\necho "configure $*" >> "$LOG"\n')
    (source / "configure").chmod(0o755)
    with tarfile.open(tmp_path / "a-1.tar.gz", "w:gz") as tar:
        tar.add(source, "a-1")
    return tmp_path / "a-1.tar.gz"


@pytest.fixture
def built(archive, tmp_path, monkeypatch):
    """A function that installs a part of these options and returns (log, location)."""

    def run(**options: str) -> tuple[list[str], Path]:
        log = tmp_path / "log"
        (tmp_path / "hook.py").write_text(HOOK)
        (tmp_path / "a.patch").write_text(PATCH)
        sources = {URL: str(archive), "hook": str(tmp_path / "hook.py"), "a.patch": str(tmp_path / "a.patch")}
        options["environment"] = f"LOG={log}\n" + options.get("environment", "")
        found = recipe(tmp_path / "opt", sources, **options)
        found.options["compile-directory"] = str(tmp_path / "compile")
        assert found.install() == [str(tmp_path / "opt" / "parts" / "part")]
        return log.read_text().splitlines(), tmp_path / "opt" / "parts" / "part"

    monkeypatch.setenv("SOURCE_DATE_EPOCH", "315619200")
    return run


def test_the_order_of_everything(built, tmp_path):
    log, location = built(
        pre_configure="echo pre-configure >> $LOG",
        pre_build="echo pre-build >> $LOG",
        pre_install="echo pre-install >> $LOG",
        post_install="echo post-install >> $LOG",
        pre_configure_hook="hook:three",
        pre_make_hook="hook#" + "0" * 32 + ":three",
        post_make_hook="hook:three",
    )
    # Without configure-command the Makefile knows its prefix from configure; this one doesn't, so it's empty.
    assert log == [
        "hook part",
        "pre-configure",
        f"configure --prefix={location}",
        "hook part",
        "pre-build",
        "make",
        "pre-install",
        "install prefix=",
        "hook part",
        "post-install",
    ]
    assert not (tmp_path / "compile").exists()


def test_patches_promises_and_a_hook_without_environment(built, tmp_path, capfd):
    log, location = built(
        configure_command=":",
        patches="a.patch",
        pre_configure_hook="hook:two",
        post_install="cp hooked %(location)s/hooked && echo 100%% > %(prefix)s/percent",
        promises=f"{tmp_path}\n/nonexistent/promise",
        keep_compile_dir="true",
    )
    assert log == ["make", f"install prefix={location}"]
    assert (location / "bin" / "data").read_text() == "after\n"
    assert (location / "hooked").read_text() == str(tmp_path / "opt")
    assert (location / "percent").read_text() == "100%\n"
    assert "warning: the promise /nonexistent/promise is not there" in capfd.readouterr().out
    assert (tmp_path / "compile").exists()


def test_the_environment_has_the_builders_path(built):
    log, _ = built(configure_command="echo path $PATH >> $LOG", environment="PATH=/first:%(PATH)s")
    assert log[0] == f"path /first:{os.environ['PATH']}"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"configure_command": "exit 3"}, "exit code 3 of: exit 3"),
        ({"pre_build": "false\ntrue"}, "exit code 1 of: false"),
        ({"post_install": "echo %(nothing)s"}, "can't be formatted"),
        ({"post_install": "echo 100%"}, "can't be formatted"),
        ({"environment": "A=%(NOTHING_OF_THE_KIND)s"}, "needs the variable"),
    ],
)
def test_failures(built, options, message):
    with pytest.raises(UserError, match=message):
        built(**options)


def test_a_hash_bang_line_that_linux_would_cut(tmp_path):
    (tmp_path / "bin").mkdir()
    long = "#!/" + "x" * 200 + "/python -s"
    for name, text in {"long": f"{long}\nbody\n", "short": "#!/bin/sh\n", "binary": "\x7fELF"}.items():
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    fix_shebangs(tmp_path)
    wrapper = tmp_path / "bin" / "long"
    assert wrapper.read_text() == f'#!/bin/sh\nexec {long[2:]} "{wrapper}.shebang" "$@"\n'
    assert wrapper.stat().st_mode & 0o111
    assert (tmp_path / "bin" / "long.shebang").read_text() == f"{long}\nbody\n"
    assert (tmp_path / "bin" / "short").read_text() == "#!/bin/sh\n"
    assert sorted(path.name for path in (tmp_path / "bin").iterdir()) == ["binary", "long", "long.shebang", "short"]


def test_a_path_of_another_part_is_used_where_it_is():
    found = recipe(path="/opt/cbuild/parts/source")
    assert found.archive is None
