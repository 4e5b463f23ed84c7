"""slapos.recipe.cmmi's command lines, order and options (SLAPOS.md 1.2)."""

from __future__ import annotations

import os
import subprocess
import tarfile
from pathlib import Path

import pytest
from recipe_helpers import buildout, made

from cbuild.recipe.api import UserError
from recipes import shebang, shell
from recipes.commands import Commands
from recipes.compile import Recipe

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
        # Options that are there and empty: nothing to build, nothing to install.
        ({"configure_command": ":", "make_binary": "", "make_targets": ""}, ":", "", ""),
        ({"configure_command": ":", "make_targets": ""}, ":", "make", "make"),
        # Everything is formatted with the options; what the constructor sets among them.
        (
            {
                "configure_command": "./b -d %(location)s 50%%",
                "make_binary": "%(tool)s",
                "make_targets": "-C %(prefix)s",
                "tool": "scons",
            },
            "./b -d /opt/cbuild/parts/part 50%",
            "scons",
            "scons -C /opt/cbuild/parts/part",
        ),
        (
            {"prefix": "%(location)s/usr", "configure_command": ":"},
            ":",
            "make",
            'make install prefix="/opt/cbuild/parts/part/usr"',
        ),
    ],
)  # fmt: skip
def test_command_lines(options, configure, make, install):
    assert recipe(**options).commands == Commands(configure, make, install)


def test_lines_of_a_command_stay_lines():
    found = recipe(configure_command="one\n  two", configure_options="\n a\n b", make_binary="x\ny").commands
    assert (found.configure, found.make) == ("one\n  two a b", "x\ny")


def test_a_backslash_before_nothing_is_a_space():
    options = {"configure_command": "printf '<%%s>' a \\\n ", "make_binary": "printf '<%%s>' b \\", "make_targets": "c"}
    commands = recipe(**options).commands
    run = {name: ["/bin/sh", "-c", command] for name, command in vars(commands).items()}
    found = {name: subprocess.run(argv, capture_output=True, check=True).stdout for name, argv in run.items()}
    assert found == {"configure": b"<a>< >", "make": b"<b>< >", "install": b"<b>< ><c>"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"configure_options": "--a=%(nothing)s"},
            r"configure-options can't be formatted: there is no option 'nothing'",
        ),
        ({"make_binary": "date +%s"}, "make-binary can't be formatted: .* percent sign"),
        ({"make_targets": "100%"}, "make-targets can't be formatted"),
        ({"prefix": "%(nothing)s/x"}, "prefix can't be formatted"),
    ],
)
def test_commands_that_cant_be_formatted_are_refused_before_anything_is_built(options, message):
    with pytest.raises(UserError, match=message):
        recipe(**options)


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
        ({"post_make_hook": "hook.py:not a name"}, "URL"),
        ({"shared": "yes"}, "true or false"),
        ({"strip_top_level_dir": "1"}, "true or false"),
        ({"keep_compile_dir": "True"}, "true or false"),
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


@pytest.mark.parametrize(
    ("options", "jobs"),
    [
        ({}, "-j1"),
        ({"make_targets": "-k install-lib DESTDIR=x\n install"}, "-j1"),
        ({"make_targets": "%(what)s", "what": "install-strip"}, "-j1"),
        ({"make_targets": "all install"}, "-j7"),
        ({"environment": "MAKEFLAGS=-j2"}, "-j2"),
    ],
)
def test_what_only_installs_has_one_job(built, monkeypatch, options, jobs):
    monkeypatch.setenv("MAKEFLAGS", "-j7")
    log, _ = built(
        make_binary="log() { echo $MAKEFLAGS >> $LOG; }; log",
        post_install="mkdir -p %(location)s; log() { :; }",
        **options,
    )
    assert log[-1] == jobs
    assert log[-2] == ("-j2" if options.get("environment") else "-j7")


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
    (tmp_path / "bin" / "broken").symlink_to("nothing")
    for name, text in {"long": f"{long}\nbody\n", "short": "#!/bin/sh\n", "binary": "\x7fELF"}.items():
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    shebang.fix(tmp_path)
    wrapper = tmp_path / "bin" / "long"
    assert wrapper.read_text() == f'#!/bin/sh\nexec {long[2:]} {wrapper}.shebang "$@"\n'
    assert wrapper.stat().st_mode & 0o111
    assert (tmp_path / "bin" / "long.shebang").read_text() == f"{long}\nbody\n"
    assert (tmp_path / "bin" / "short").read_text() == "#!/bin/sh\n"
    assert sorted(path.name for path in (tmp_path / "bin").iterdir()) == [
        "binary",
        "broken",
        "long",
        "long.shebang",
        "short",
    ]


def test_an_interpreter_gets_what_follows_its_name_as_one_argument(tmp_path):
    """As from Linux itself."""
    interpreter = tmp_path / ("x" * 100) / "show"
    interpreter.parent.mkdir()
    interpreter.write_text('#!/bin/sh\nprintf "%s|" "$@"\n')
    path = tmp_path / "sbin" / "long"
    path.parent.mkdir()
    path.write_text(f"#! {interpreter} -e -u\nbody\n")
    for file in (interpreter, path):
        file.chmod(0o755)
    shebang.fix(tmp_path)
    said = subprocess.run([path, "a b"], capture_output=True, text=True, check=True).stdout
    assert said == f"-e -u|{path}.shebang|a b|"


def test_a_path_of_another_part_is_used_where_it_is():
    found = recipe(path="/opt/cbuild/parts/source")
    assert found.archive is None
    assert found.options["compile-directory"] == "/opt/cbuild/parts/source"


def test_building_in_another_parts_directory(archive, tmp_path):
    source = tmp_path / "opt" / "parts" / "source"
    with tarfile.open(archive) as tar:
        tar.extractall(source)  # noqa: S202 - made above
    log = tmp_path / "log"
    (tmp_path / "opt" / "parts" / "part").mkdir()
    found = recipe(tmp_path / "opt", path=str(source), environment=f"LOG={log}", pre_build="rm -r %(location)s")
    found.install()
    assert log.read_text().splitlines() == [f"configure --prefix={tmp_path}/opt/parts/part", "make", "install prefix="]
    assert (source / "a-1" / "Makefile").exists()
    with pytest.raises(UserError, match="no directory"):
        recipe(tmp_path / "opt", path=str(source / "nothing")).install()


@pytest.mark.parametrize("strip", [None, "false", "true"])
def test_the_archives_top_directory(built, tmp_path, strip):
    """Built in the directory that is alone at the top, whether or not it is taken away."""
    built(keep_compile_dir="true", **({"strip_top_level_dir": strip} if strip else {}))
    assert (tmp_path / "compile" / "a-1").exists() is (strip != "true")
    assert (tmp_path / "compile" / "Makefile").exists() is (strip == "true")


@pytest.mark.parametrize(("part", "kept"), [({}, True), ({"keep_compile_dir": "false"}, False)])
def test_keeping_what_was_compiled_for_all_parts(archive, tmp_path, part, kept):
    options = {"url": URL, "configure-command": ":"} | {key.replace("_", "-"): text for key, text in part.items()}
    found = buildout(tmp_path / "opt", {URL: str(archive)}, part=options)
    found["buildout"]["keep-compile-dir"] = "true"
    options["environment"] = f"LOG={tmp_path}/log"
    found["part"]["environment"] = options["environment"]
    recipe = Recipe(found, "part", found["part"])
    recipe.options["compile-directory"] = str(tmp_path / "compile")
    recipe.install()
    assert (tmp_path / "compile").exists() is kept


def test_a_build_directory_that_cant_be_removed(built, monkeypatch):
    """It goes with the builder: the part is installed all the same."""

    def refuse(*_arguments: object, **_options: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "unlink", refuse)
    log, _ = built()
    assert log[-1] == "install prefix="


def test_a_build_that_links_to_what_was_compiled(archive, tmp_path):
    """As component/golang's: /build is another mount than the location, and nothing else may stay there."""
    found = recipe(
        tmp_path / "opt", {URL: str(archive)}, configure_command=":", make_binary="",
        pre_install="mkdir sub; touch sub/f", make_targets="cd sub && chmod 555 . && cp -alf .. %(location)s",
    )  # fmt: skip
    found.install()
    assert sorted(path.name for path in found.location.parent.iterdir()) == ["part"]
    assert (found.location / "sub" / "f").stat().st_nlink == 1


@pytest.mark.parametrize(
    ("command", "linking"),
    [
        ("cp -alf .. x", True), ("cp -a -l .. x", True), ("cp --link a b", True), ("cd src &&\n  cp -al . /x", True),
        ("cp -a . x -l", True), ("cp -t x \\\n -al .", True), ("cp -a x y; ls -l", False),
        ("cp --reflink=auto a b", False),
        ("cp -a l x", False), ("cp file-l x", False), ("scp -l 5 a b", False), ("cp --no-clobber l x", False),
    ],
)  # fmt: skip
def test_commands_that_link(command, linking):
    where = "/opt/cbuild/parts/.part.compile" if linking else "/build/part"
    assert recipe(post_install=command).options["compile-directory"] == where


def test_a_part_whose_name_has_a_slash():
    name = "ZODB/scripts"
    sections = buildout(HERE, {URL: "/a.tar.gz"}, **{name: {"url": URL, "post-install": "cp -al . x"}})
    found = Recipe(sections, name, sections[name])
    assert found.options["compile-directory"] == "/opt/cbuild/parts/ZODB/.scripts.compile"


def test_what_a_failure_leaves_beside_the_source(built, tmp_path):
    with pytest.raises(UserError):
        built(environment="QUOTED=a 'b'\nPATH=/x:%(PATH)s", make_binary="make\nfalse", pre_build="true")
    text = (tmp_path / "compile" / "a-1" / "slapos.recipe.build.env.sh").read_text()
    assert f"export PATH=/x:{os.environ['PATH']}\n" in text
    assert "export HOME" not in text
    assert "#   make\n#   false\n" in text
    script = f". {tmp_path}/compile/a-1/slapos.recipe.build.env.sh && printenv QUOTED"
    assert subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True).stdout == "a 'b'\n"


def test_patches_of_several_kinds(tmp_path, built):
    """Of the profile's own with a checksum, of another part's without; in order, with options."""
    (tmp_path / "opt" / "parts" / "patches").mkdir(parents=True)
    second = tmp_path / "opt" / "parts" / "patches" / "b.patch"
    second.write_text(PATCH.replace("after", "100% sure").replace("before", "after"))
    _, location = built(
        patches=f"a.patch#{'0' * 32}\n  {second}", patch_options="-s\n -p0", post_install="cp data %(location)s"
    )
    assert (location / "data").read_text() == "100% sure\n"


def test_a_file_of_another_part_has_to_be_there_and_right(tmp_path):
    missing = tmp_path / "opt" / "parts" / "x" / "a.patch"
    found = recipe(tmp_path / "opt", patches=f"{missing}#{'0' * 32}")
    with pytest.raises(UserError, match="not there"):
        _ = found.patches[0].path
    missing.parent.mkdir(parents=True)
    missing.write_text("x")
    with pytest.raises(UserError, match="has the md5sum 9dd4e461268c8034f5c8564e155c67a6, not 0000"):
        _ = found.patches[0].path


def test_an_environment_of_a_section():
    section = {"recipe": "x", "_profile_base_location_": "/profile", "A": "1\n 2", "PATH": "/a:%(PATH)s", "P": "5%%"}
    found = made(Recipe, HERE, {"url": URL, "environment": "env"}, {URL: "/x"}, env=section)
    expanded = shell.expand(found.environment)
    assert set(expanded) - set(os.environ) == {"A", "P"}
    assert (expanded["A"], expanded["P"], expanded["PATH"]) == ("1\n 2", "5%", f"/a:{os.environ['PATH']}")


def test_a_value_of_the_environment_knows_no_other(monkeypatch):
    monkeypatch.setenv("B", "outside")
    assert shell.expand({"B": "inside", "C": "%(B)s"})["C"] == "outside"


def test_the_parts_own_path_may_have_no_shell(built):
    log, _ = built(environment="PATH=/nowhere", configure_command='echo found >> "$LOG"', make_binary=":")
    assert log == ["found"]
