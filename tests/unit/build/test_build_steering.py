"""What [buildout] says to cbuild itself: references, directories, switches, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from cbuild.build.steering import steer
from cbuild.errors import CbuildError
from cbuild.profile import load, parse_assignment


@pytest.fixture
def told(tmp_path):
    def told(text, *words, **files):
        for name, content in files.items():
            (tmp_path / name).mkdir(exist_ok=True)
            (tmp_path / name / "x.cfg").write_text(content)
        (tmp_path / "p.cfg").write_text(f"[buildout]\n{text}\n")
        return steer(load(tmp_path / "p.cfg", [parse_assignment(word) for word in words]))

    return told


def wrong(told, text, *words):
    with pytest.raises(CbuildError) as caught:
        told(text, *words)
    return [(error.reason, error.option, error.line) for error in (caught.value, *caught.value.others)]


def test_what_is_usual(told, tmp_path):
    found = told("parts =")
    assert (found.builder, found.runtime, found.offline, found.dry_run) == ("builder", "runtime", False, False)
    assert (found.download_cache, found.mirrors, found.require_checksum) == (None, (), True)
    assert (found.state, found.level, found.log_format, found.timeout) == (tmp_path / ".installed.cfg", 20, "", None)
    assert found.warnings == ()


def test_references_are_replaced(told, tmp_path):
    found = told(
        "offline = ${s:on}\nmirrors = ${s:a}\n  b\nbuilder = ${s:a}\nlog-level = ${s:level}\n"
        "download-cache = ${s:a}/c\ninstalled = ${:directory}/${s:a}.cfg\n[s]\non = true\na = x\nlevel = WARNING"
    )
    assert (found.offline, found.mirrors, found.builder, found.level) == (True, ("x", "b"), "x", 30)
    assert (found.download_cache, found.state) == (tmp_path / "x" / "c", tmp_path / "x.cfg")


def test_relative_directories_belong_to_the_file_that_sets_them(told, tmp_path):
    found = told("extends = sub/x.cfg", sub="[buildout]\ndownload-cache = c\ninstalled = i.cfg")
    assert (found.download_cache, found.state) == (tmp_path / "sub" / "c", tmp_path / "i.cfg")


def test_a_description_of_a_base_belongs_to_the_file_that_names_it(told, tmp_path):
    found = told("extends = sub/x.cfg\nruntime = r.yaml", sub="[buildout]\nbuilder = ${s:n}.yaml\n[s]\nn = b")
    assert (found.builder, found.runtime) == (str(tmp_path / "sub" / "b.yaml"), str(tmp_path / "r.yaml"))
    assert told("builder = a/b@sha256:1", "buildout:runtime=x.yaml").runtime == str(tmp_path / "x.yaml")


@pytest.mark.parametrize(
    ("directory", "state"),
    [
        ("{}/alt", "alt/.installed.cfg"), ("{}", ".installed.cfg"), ("alt", "alt/.installed.cfg"),
        ("/srv/x", "/srv/x/.installed.cfg"), ("/opt/cbuild/x", "x/.installed.cfg"),
    ],
)  # fmt: skip
def test_the_buildout_directory_is_where_the_state_file_lies(told, tmp_path, directory, state):
    assert told("parts =", f"directory={directory.format(tmp_path)}").state == tmp_path / state


@pytest.mark.parametrize(
    ("text", "errors"),
    [
        ("installed = .", [("bad-value", "installed", 2)]),
        ("parts =\ninstalled = ${:directory}", [("bad-value", "installed", 3)]),
        ("installed = p.cfg/state", [("bad-value", "installed", 2)]),
        ("installed = a\0b", [("bad-value", "installed", 2)]),
        (f"installed = {'a' * 300}", [("bad-value", "installed", 2)]),
        (f"installed = {'a' * 300}/x", [("bad-value", "installed", 2)]),
        ("parts =\ndirectory = p.cfg", [("bad-value", "directory", 3)]),
        ("directory = p.cfg/sub", [("bad-value", "directory", 2)]),
    ],
)
def test_a_state_file_has_to_be_one(told, text, errors):
    assert wrong(told, text) == errors


def test_paths_in_the_buildout_directory_are_in_the_image(told, tmp_path):
    assert told(f"directory = {tmp_path}/alt\nparts-directory = {tmp_path}/alt/p\nbin-directory = {tmp_path}/b")


def test_a_home_is_the_users(told, monkeypatch):
    monkeypatch.setenv("HOME", "/home/u")
    assert told("download-cache = ~/c\neggs-directory = ~/eggs").download_cache == Path("/home/u/c")


@pytest.mark.parametrize("empty", ["", "${s:e}"])
def test_empty_is_unset(told, empty):
    names = ("download-cache", "builder", "installed", "log-format", "verbosity")
    found = told("\n".join([*(f"{name} = {empty}" for name in names), "[s]", "e ="]))
    assert (found.download_cache, found.builder, found.state, found.log_format) == (None, "builder", None, "")


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("log-level = DEBUG", 10),
        ("log-level = 35", 35),
        ("verbosity = 10", 10),
        ("log-level = 40\nverbosity = -10", 50),
    ],
)
def test_levels(told, text, level):
    assert told(text).level == level


def test_seconds_for_a_connection(told):
    assert told("socket-timeout = 5").timeout == 5
    found = told("socket-timeout = soon")
    assert found.timeout is None
    assert "soon" in found.warnings[0]


def test_signatures_are_not_what_decides(told):
    assert "key" in told("check-signature = false").warnings[0]


@pytest.mark.parametrize(
    ("text", "errors"),
    [
        ("offline = yes\nnewest = 1", [("bad-boolean", "offline", 2), ("bad-boolean", "newest", 3)]),
        ("native-recipes = no", [("bad-boolean", "native-recipes", 2)]),
        ("keep-all-parts = True", [("bad-boolean", "keep-all-parts", 2)]),
        ("allow-unchecked-sources =", [("bad-boolean", "allow-unchecked-sources", 2)]),
        ("log-level = LOUD\nverbosity = x", [("bad-log-level", "log-level", 2), ("bad-verbosity", "verbosity", 3)]),
        ("verbosity = --5", [("bad-verbosity", "verbosity", 2)]),
        ("log-format = %(nope)s", [("bad-log-format", "log-format", 2)]),
        ("log-format = loud", [("bad-log-format", "log-format", 2)]),
        ("builder = ${s:x}\nmirrors = ${s:y}\n[s]",
         [("missing-option", "builder", 2), ("missing-option", "mirrors", 3)]),
        ("builder = ${p:location}\n[p]\nrecipe = x", [("needs-recipe", "builder", 2)]),
        ("bin-directory = /srv/b", [("outside-image", "bin-directory", 2)]),
        ("parts-directory = ../x", [("outside-image", "parts-directory", 2)]),
        ("install-from-cache = true", [("contradiction", "install-from-cache", 2)]),
        ("install-from-cache = true\noffline = true\ndownload-cache = c", [("contradiction", "install-from-cache", 2)]),
    ],
)  # fmt: skip
def test_mistakes_have_their_place(told, text, errors):
    found = wrong(told, text)
    assert [item for item in found if item[1] in {option for _, option, _ in errors}] == errors


def test_a_mistake_of_the_command_line_has_no_line(told):
    assert wrong(told, "parts =", "offline=maybe") == [("bad-boolean", "offline", None)]


def test_links_are_directories_beside_the_profile_or_pages(told, tmp_path):
    found = told("parts =\nfind-links = dist ${buildout:directory}/more /else\n  https://links.invalid/x")
    inside = (str(tmp_path / "dist"), str(tmp_path / "more"))
    assert found.find_links == (*inside, "/else", "https://links.invalid/x")


@pytest.mark.parametrize("url", ["http://[::1/x", "http://127.0.0.1\u2100:1/x"])
def test_what_only_looks_like_a_url_is_told_with_its_line(told, url):
    assert wrong(told, f"parts =\nindex = {url}\nfind-links =\n  a\n  {url}\n") == [
        ("url-unsupported", "find-links", 6),
        ("url-unsupported", "index", 3),
    ]
