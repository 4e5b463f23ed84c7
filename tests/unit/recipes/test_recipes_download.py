"""Downloads, commands, links."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest
from recipe_helpers import buildout, made

from cbuild.recipe.api import UserError
from recipes import command, download, symbolic_link

URL = "https://example.invalid/some/file.txt?x=1"


def test_a_download(tmp_path):
    (tmp_path / "fetched").write_bytes(b"\0data")
    recipe = made(download.Recipe, tmp_path, {"url": URL}, {URL: str(tmp_path / "fetched")})
    target = tmp_path / "parts" / "part" / "part"
    assert recipe.install() == [str(target.parent)]
    assert target.read_bytes() == b"\0data"


@pytest.mark.parametrize(
    ("options", "location", "target"),
    [
        # Not the URL's own name: that is what other mirrors are asked for.
        ({}, "/opt/cbuild/parts/part", "/opt/cbuild/parts/part/part"),
        ({"filename": "b"}, "/opt/cbuild/parts/part", "/opt/cbuild/parts/part/b"),
        ({"filename": "some/dir/b"}, "/opt/cbuild/parts/part", "/opt/cbuild/parts/part/b"),
        ({"destination": "/opt/cbuild/c"}, None, "/opt/cbuild/c"),
        ({"destination": "c"}, None, "/opt/cbuild/c"),
        ({"destination": "/opt/cbuild//c"}, None, "/opt/cbuild//c"),
        ({"location": "/opt/cbuild/d"}, "/opt/cbuild/parts/part", "/opt/cbuild/parts/part/part"),
    ],
)
def test_where_a_download_goes(options, location, target):
    found = buildout(Path("/opt/cbuild"), {URL: "/x"}, part={"url": URL} | options)
    download.Recipe(found, "part", found["part"])
    assert (found["part"].get("location"), found["part"]["target"]) == (location, target)


@pytest.mark.parametrize("kind", [download.Recipe, download.Unpacked])
@pytest.mark.parametrize("options", [{}, {"url": " "}, {"url": URL, "shared": "yes"}, {"url": URL, "offline": "True"}])
def test_what_a_download_refuses(tmp_path, kind, options):
    with pytest.raises(UserError):
        made(kind, tmp_path, options, {URL: "/x"})


def test_a_download_has_no_mode(tmp_path):
    with pytest.raises(UserError, match="mode is not supported"):
        made(download.Recipe, tmp_path, {"url": URL, "mode": "755"}, {URL: "/x"})


def test_a_file_that_another_part_makes(tmp_path):
    other = tmp_path / "parts" / "other" / "file"
    recipe = made(download.Recipe, tmp_path, {"url": f"file://{other}", "destination": "copy"})
    other.parent.mkdir(parents=True)
    other.write_text("made")
    assert [Path(path).read_text() for path in recipe.install()] == ["made"]


def archive(tmp_path: Path, *names: str) -> dict[str, str]:
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = 1
            tar.addfile(member, io.BytesIO(b"x"))
    return {URL: str(tmp_path / "a.tar")}


ONE, TWO = ("a-1/x", "a-1/d/y"), ("a-1/x", "README")


@pytest.mark.parametrize(
    ("names", "strip", "found"),
    [
        (ONE, None, ["d", "d/y", "x"]),
        (ONE, "", ["d", "d/y", "x"]),
        (ONE, "true", ["d", "d/y", "x"]),
        (ONE, "false", ["a-1", "a-1/d", "a-1/d/y", "a-1/x"]),
        (TWO, None, ["README", "a-1", "a-1/x"]),
        (TWO, "false", ["README", "a-1", "a-1/x"]),
        (("a-1",), None, ["a-1"]),
        # The directory holds one of its own name.
        (("a/a/x", "a/y"), None, ["a", "a/x", "y"]),
    ],
)
def test_unpacking(tmp_path, names, strip, found):
    options = {"url": URL} | ({} if strip is None else {"strip-top-level-dir": strip})
    recipe = made(download.Unpacked, tmp_path / "opt", options, archive(tmp_path, *names))
    (location,) = map(Path, recipe.install())
    assert location == tmp_path / "opt" / "parts" / "part"
    assert sorted(str(path.relative_to(location)) for path in location.rglob("*")) == found


@pytest.mark.parametrize("names", [TWO, ("a-1",)])
def test_stripping_what_cant_be(tmp_path, names):
    options = {"url": URL, "strip-top-level-dir": "true"}
    with pytest.raises(UserError, match=f"has {len(names)} entries at its top"):
        made(download.Unpacked, tmp_path / "opt", options, archive(tmp_path, *names)).install()


def test_unpacking_somewhere_else(tmp_path):
    options = {"url": URL, "destination": str(tmp_path / "there"), "location": "/ignored"}
    found = buildout(tmp_path, archive(tmp_path, "x"), part=options)
    assert download.Unpacked(found, "part", found["part"]).install() == [str(tmp_path / "there")]
    assert found["part"]["location"] == found["part"]["target"] == str(tmp_path / "there")


def run(tmp_path: Path, **options: str) -> list[str]:
    return made(command.Recipe, tmp_path, {name.replace("_", "-"): text for name, text in options.items()}).install()


def test_a_command(tmp_path, capfd):
    paths = run(tmp_path, command="pwd > here\necho said", location="here\n there")
    assert (tmp_path / "here").read_text() == f"{tmp_path}\n"
    assert paths == ["here", "there"]
    assert "said\n" in capfd.readouterr().out


def test_a_command_that_fails(tmp_path, capfd, monkeypatch):
    monkeypatch.setenv("CBUILD_LINT", str(tmp_path / "lint"))
    run(tmp_path, command="false")
    warning = "exit code 1 of: false; stop-on-error is not set, so the part counts as installed\n"
    assert f"warning: {warning}" in capfd.readouterr().out
    assert (tmp_path / "lint").read_text() == warning
    # The shell's own rule, not that of slapos.recipe.cmmi: the last line's exit code is the command's.
    run(tmp_path, command="false\ntouch after", stop_on_error="true")
    assert (tmp_path / "after").exists()
    with pytest.raises(UserError, match="stop-on-error = 1"):
        run(tmp_path, command="true", stop_on_error="1")
    with pytest.raises(UserError, match="needs command"):
        run(tmp_path, command=" ")


@pytest.mark.parametrize(
    ("text", "stops"), [("true", True), ("Yes", True), ("on", True), ("no", False), ("OFF", False), ("", False)]
)
def test_whether_a_command_stops_on_error(tmp_path, text, stops):
    recipe = made(command.Recipe, tmp_path, {"command": "exit 3", "stop-on-error": text})
    if stops:
        with pytest.raises(UserError, match="exit code 3"):
            recipe.install()
    else:
        recipe.install()


def test_a_command_for_what_is_installed_already(tmp_path):
    options = {"command": "touch installed", "update-command": "touch updated", "location": "installed"}
    assert made(command.Recipe, tmp_path, options).update() == []
    assert [path.name for path in tmp_path.iterdir()] == ["updated"]
    assert made(command.Recipe, tmp_path, {"command": "touch installed"}).update() == []


def test_links_to_programs(tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "b").symlink_to("old")
    options = {"target-directory": str(tmp_path / "bin"), "link-binary": "/opt/a/bin/a\n  /opt/b/sbin/b"}
    recipe = made(symbolic_link.Recipe, tmp_path, options)
    assert recipe.install() == [str(tmp_path / "bin" / "a"), str(tmp_path / "bin" / "b")]
    assert {path.name: str(path.readlink()) for path in (tmp_path / "bin").iterdir()} == {
        "a": "/opt/a/bin/a",
        "b": "/opt/b/sbin/b",
    }
    (tmp_path / "bin" / "a").unlink()
    (tmp_path / "bin" / "a").touch()
    with pytest.raises(UserError, match="is no link"):
        recipe.install()


def test_the_last_of_two_links_of_a_name_counts(tmp_path, capsys):
    options = {"target-directory": "bin", "link-binary": "/a/x /b/y /b/x /b/y"}
    recipe = made(symbolic_link.Recipe, tmp_path, options)
    assert recipe.install() == [str(tmp_path / "bin" / "x"), str(tmp_path / "bin" / "y")]
    assert str((tmp_path / "bin" / "x").readlink()) == "/b/x"
    assert capsys.readouterr().out == "warning: link-binary: x is /b/x, and not /a/x, which comes before it\n"


def test_links_need_a_directory(tmp_path):
    with pytest.raises(UserError):
        made(symbolic_link.Recipe, tmp_path, {"link-binary": "/a"})
