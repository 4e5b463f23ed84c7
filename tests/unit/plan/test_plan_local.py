"""Sources beside the profile: which directories `develop` means, and what of a directory counts."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest

from cbuild.errors import SourceError
from cbuild.plan.local import LocalFiles
from cbuild.plan.place import Place
from cbuild.source import Sources
from cbuild.state import installed
from cbuild.state.home import Home

PLACE = Place("a", "url", "/p.cfg", 7)
DEVELOP = Place("buildout", "develop", "/p.cfg", 2)


@pytest.fixture
def checkout(tmp_path):
    """A function that makes a project in a directory of this name and returns what knows its files."""

    def make(name: str) -> tuple[Path, LocalFiles]:
        directory = tmp_path / name
        for file, text in {"setup.py": "1", "src/a.py": "2", "recipes/setup.py": "3", "other/setup.py": "4"}.items():
            (directory / file).parent.mkdir(parents=True, exist_ok=True)
            (directory / file).write_text(text)
        home = Home(tmp_path / "home")
        return directory, LocalFiles(directory, Sources(home), home)

    return make


def names(request) -> list[str]:
    with tarfile.open(request.url) as tar:
        return tar.getnames()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (".", ["."]),
        ("recipes", ["recipes"]),
        ("recipes\n other", ["recipes", "other"]),
        ("[or]*", ["other", "recipes"]),
        ("./recipes", ["recipes"]),
        ("", []),
    ],
)
def test_directories_to_develop(checkout, text, found):
    directory, local = checkout("app")
    assert [Path(path) for path in local.globbed(text, DEVELOP)] == [directory / name for name in found]


def test_an_absolute_directory_to_develop(checkout):
    directory, local = checkout("app")
    assert local.globbed(str(directory / "other"), DEVELOP) == [str(directory / "other")]


@pytest.mark.parametrize("text", ["missing", "setup.py", "no*"])
def test_what_is_no_directory_to_develop(checkout, text):
    _, local = checkout("app")
    with pytest.raises(SourceError) as caught:
        local.globbed(text, DEVELOP)
    assert text in caught.value.brief
    assert caught.value.option == "develop"


def test_a_directory_is_packed_under_its_name(checkout):
    directory, local = checkout("app")
    request = local.request(str(directory / "recipes"), None, PLACE)
    assert Path(request.url).name == "recipes.tar"
    assert names(request) == ["recipes", "recipes/setup.py"]
    assert local.request(f"file://{directory}/recipes", None, PLACE).url == request.url


def test_the_checkouts_own_name_is_no_part_of_the_source(checkout):
    requests = []
    for name in ("app", "app-feature-branch"):
        directory, local = checkout(name)
        requests += [local.request(str(directory), None, PLACE), local.request(f"{directory}/src/..", None, PLACE)]
    assert len({request.url for request in requests}) == 1
    assert "profile/src/a.py" in names(requests[0])


def test_what_cbuild_writes_is_no_source(checkout):
    """With ``develop = .`` the state file lies inside: it must not make the next run another one."""
    directory, local = checkout("app")
    before = local.request(str(directory), None, PLACE).url
    (directory / ".installed.cfg").write_text("[buildout]\n")
    (directory / "cbuild.lock").write_text("{}\n")
    installed.write(
        directory / "web.state", installed.Installed((installed.InstalledPart("a", {}, (), "s", "k", "l"),))
    )
    (directory / "src" / "__pycache__").mkdir()
    assert local.request(str(directory), None, PLACE).url == before
    (directory / "src" / "a.py").write_text("changed")
    assert local.request(str(directory), None, PLACE).url != before


def test_what_is_left_out_is_not_looked_at(checkout):
    """A file may be linked to one in `.venv`, and git has a socket in `.git`."""
    directory, local = checkout("app")
    (directory / ".venv").mkdir()
    (directory / ".venv" / "f").write_text("text")
    (directory / "zz").hardlink_to(directory / ".venv" / "f")
    (directory / ".git").mkdir()
    os.mkfifo(directory / ".git" / "daemon")
    with tarfile.open(local.request(str(directory), None, PLACE).url) as tar:
        assert tar.getmember("profile/zz").isreg()


def test_a_store_below_the_profile_is_no_source(tmp_path):
    (tmp_path / "setup.py").write_text("1")
    home = Home(tmp_path / "store")
    local = LocalFiles(tmp_path, Sources(home), home)
    first = local.request(str(tmp_path), None, PLACE)
    assert names(first) == ["profile", "profile/setup.py"]
    assert local.request(str(tmp_path), None, PLACE).url == first.url


def test_a_url_stays_a_url(checkout):
    _, local = checkout("app")
    request = local.request("https://example.invalid/a.tar", "0" * 32, PLACE)
    assert (request.url, request.md5, request.section) == ("https://example.invalid/a.tar", "0" * 32, "a")


def test_a_name_that_is_too_long_for_a_file_is_no_directory(checkout):
    _, local = checkout("app")
    assert local.request("a" * 5000, None, PLACE).filename == "a" * 5000
