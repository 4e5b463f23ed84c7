import errno
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cbuild.errors import HostError, UsageError
from cbuild.state.installed import Installed, InstalledPart, read, text_of, write

NAME = st.text("abcdefghij-_.:<>+", min_size=1)


def part(name="gzip", **options):
    return InstalledPart(name, options, ("/opt/cbuild/parts/gzip",), "compile-1", "sha256:aa", "sha256:bb")


@given(st.dictionaries(NAME, st.text(st.sampled_from("ab \n\t\r\f\v;#[]=%$é"))))
def test_what_is_written_is_read_back(tmp_path_factory, options):
    path = tmp_path_factory.mktemp("state") / ".installed.cfg"
    state = Installed((part(**options),), "sha256:cc", "localhost/x:1", "docker")
    write(path, state)
    assert read(path) == state


def test_golden_text():
    state = Installed((part(url="http://x/y", options="\n--a\n\n  --b "),), "sha256:cc", "localhost/x:1", "docker")
    assert text_of(state) == (
        "[buildout]\n__cbuild_format__ = 1\n__cbuild_image__ = sha256:cc\n__cbuild_loaded__ = docker\n"
        "__cbuild_reference__ = localhost/x:1\ninstalled_develop_eggs = \nparts = gzip\n\n"
        "[gzip]\n__buildout_installed__ = /opt/cbuild/parts/gzip\n__buildout_signature__ = compile-1\n"
        "__cbuild_key__ = sha256:aa\n__cbuild_layer__ = sha256:bb\n"
        "options = %(__buildout_space_n__)s--a\n\t%(__buildout_space_n__)s%(__buildout_space__)s%(__buildout_space__)s"
        "--b%(__buildout_space__)s\nurl = http://x/y\n"
    )


def test_what_is_no_reference_any_more_keeps_its_second_dollar(tmp_path):
    state = Installed((part(x="$$ ${q:r} $x $$${a:b}"),))
    assert "x = $$ $${q:r} $x $$$${a:b}\n" in text_of(state)
    write(tmp_path / "state", state)
    assert read(tmp_path / "state") == state


def test_the_file_goes_with_the_last_part(tmp_path):
    path = tmp_path / "state"
    write(path, Installed((part(),)))
    write(path, Installed(image="sha256:cc"))
    assert not path.exists()
    write(path, Installed())


def test_no_file_is_nothing_installed(tmp_path):
    assert read(tmp_path / "none") == Installed()


@pytest.mark.parametrize("text", ["parts = a\n", "[buildout]\nparts = a\n", "[buildout]\nnonsense\n", "\0\0", ""])
def test_a_damaged_file_is_a_clear_error(tmp_path, text):
    path = tmp_path / ".installed.cfg"
    path.write_text(text)
    with pytest.raises(UsageError) as error:
        read(path)
    assert error.value.reason == "state-damaged"
    assert "store" in error.value.resolution
    assert path.read_text() == text


@pytest.mark.parametrize("version", ["\u00b2", "\u0663", "-1", "x", "", "9" * 5000])
def test_a_format_that_is_no_number_is_damage(tmp_path, version):
    path = tmp_path / ".installed.cfg"
    path.write_text(f"[buildout]\n__cbuild_format__ = {version}\nparts =\n", encoding="utf-8")
    with pytest.raises(UsageError) as error:
        read(path)
    assert error.value.reason == "state-damaged"


def test_a_file_that_may_not_be_read_is_not_damaged(tmp_path, monkeypatch):
    def refuse(self, **_options):
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(HostError) as error:
        read(tmp_path / ".installed.cfg")
    assert error.value.file == str(tmp_path / ".installed.cfg")
    assert "Permission denied" in error.value.brief


def test_what_is_no_file_is_not_damaged(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    for path in (tmp_path, tmp_path / "loop", tmp_path / "loop" / ".installed.cfg"):
        with pytest.raises(HostError) as error:
            read(path)
        assert error.value.file == str(path)


def test_a_newer_file_is_refused(tmp_path):
    path = tmp_path / ".installed.cfg"
    path.write_text("[buildout]\n__cbuild_format__ = 2\nparts =\n")
    with pytest.raises(UsageError) as error:
        read(path)
    assert error.value.reason == "state-newer"


BUILDOUTS_OWN = """\
[buildout]
installed_develop_eggs = /srv/x/develop-eggs/x.egg-link
parts = data

[data]
__buildout_installed__ = /srv/x/parts/data
__buildout_signature__ = zc.buildout-0123456789abcdef
recipe = zc.recipe.egg
"""


@pytest.mark.parametrize(
    "text",
    [BUILDOUTS_OWN, "[buildout]\ninstalled_develop_eggs = /srv/x/develop-eggs/x.egg-link\nparts =\n"],
)
def test_the_file_of_a_living_buildout_is_refused_and_left_alone(tmp_path, text):
    path = tmp_path / ".installed.cfg"
    path.write_text(text)
    with pytest.raises(UsageError) as error:
        read(path)
    assert (error.value.reason, error.value.file, error.value.exit_code) == ("state-foreign", str(path), 2)
    assert "installed = .cbuild.cfg" in error.value.resolution
    assert path.read_text() == text


def test_a_file_that_records_nothing_is_nobodys(tmp_path):
    (tmp_path / "state").write_text("[buildout]\ninstalled_develop_eggs =\nparts =\n")
    assert read(tmp_path / "state") == Installed()
