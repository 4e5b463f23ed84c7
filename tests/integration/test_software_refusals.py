"""Bad profiles and bad sources: what is said, with which exit code, before any engine is asked."""

from __future__ import annotations

import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from software_fixtures import CLI_ALONE, Store, command_part, one_engine, project

NOTHING = command_part("a", "echo a > ${:location}/text")


@pytest.fixture(scope="module")
def alone(new_store) -> Store:
    """A store whose runs may neither connect nor start anything: none of these mistakes needs that to be seen."""
    store = new_store("docker")
    return Store(store.engine, store.home, "unix:///nonexistent", CLI_ALONE)


def test_a_missing_file_in_extends(alone: Store, tmp_path):
    directory = project(tmp_path, "[buildout]\nextends = base.cfg\n", base_cfg="[buildout]\nextends = absent.cfg\n")
    error = alone.fail(directory, code=3)
    assert "absent.cfg" in error["brief"] + error["details"]
    assert (Path(error["file"]).name, error["line"]) == ("base.cfg", 2)
    assert any("software.cfg" in link for link in error["chain"])


def test_a_cycle_in_extends(alone: Store, tmp_path):
    directory = project(tmp_path, "[buildout]\nextends = base.cfg\n", base_cfg="[buildout]\nextends = software.cfg\n")
    error = alone.fail(directory, code=3)
    assert error["reason"] == "cycle"
    assert "base.cfg" in str(error)


@pytest.mark.parametrize(
    ("value", "reason", "near"),
    [
        ("${bb:location}", "missing-section", "bbb"),
        ("${bbb:colour_}", "missing-option", "colour"),
        ("${:locatio}", "missing-option", "location"),
    ],
)
def test_an_unknown_name_has_a_near_one(alone: Store, tmp_path, value, reason, near):
    profile = f"[buildout]\nparts = a\n\n[bbb]\ncolour = red\n\n{NOTHING}value = {value}\n"
    error = alone.fail(project(tmp_path, profile.replace("command =", f"value = {value}\ncommand =", 1)), code=3)
    assert error["reason"] == reason
    assert (error["section"], error["option"]) == ("a", "value")
    assert "did you mean" in str(error).lower()
    assert near in error["details"] + error["resolution"] + error["brief"]


def test_an_unknown_part(alone: Store, tmp_path):
    error = alone.fail(project(tmp_path, f"[buildout]\nparts = aa\n\n{NOTHING}"), code=3)
    assert error["reason"] in {"missing-section", "unknown-part"}
    assert "aa" in error["brief"]


def test_circular_references(alone: Store, tmp_path):
    profile = "[buildout]\nparts = a\n\n[a]\nrecipe = command\ncommand = ${b:x}\n\n[b]\nx = ${c:y}\n\n[c]\ny = ${b:x}\n"
    error = alone.fail(project(tmp_path, profile), code=3)
    assert error["reason"] == "circular-reference"
    assert "b:x" in str(error)
    assert "c:y" in str(error)


@pytest.mark.parametrize("name", ["/home", "..", "a/../b"])
def test_a_part_has_a_place_below_parts(alone: Store, tmp_path, name):
    """Its name is its location's: nothing else of the image may be its own."""
    error = alone.fail(project(tmp_path, f"[buildout]\nparts = {name}\n\n[{name}]\nrecipe = command\n"), code=3)
    assert error["reason"] == "bad-part-name"


def test_two_checksums_for_one_url(alone: Store, tmp_path):
    parts = [f"[{name}]\nrecipe = download\nurl = http://h.invalid/x\nmd5sum = {name * 32}\n" for name in "ab"]
    error = alone.fail(project(tmp_path, "[buildout]\nparts = a b\n\n" + "\n".join(parts)), code=4)
    assert error["reason"] == "checksum-conflict"
    assert "a" * 32 in error["details"]
    assert "b" * 32 in error["details"]


def test_an_unknown_recipe(alone: Store, tmp_path):
    # An index that is a directory: pip isn't asked for its own.
    profile = "[buildout]\nparts = a\nindex = file:///nonexistent/\n\n[a]\nrecipe = slapos.recipe.cmni\n"
    error = alone.fail(project(tmp_path, profile), code=3)
    assert error["reason"] == "unknown-recipe"
    assert "slapos.recipe.cmmi" in str(error)
    assert error["line"] == 6


def test_what_a_person_reads(alone: Store, tmp_path):
    directory = project(tmp_path, "[buildout]\nparts = a\n\n[a]\nrecipe = command\ncommand = ${b:x}\n")
    done = alone.run(directory, "software")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("Error: ")
    assert "software.cfg:6" in done.stderr
    assert "[a] command" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [("softwar",), ("software", "--no-such"), ("software", "software.cfg", "nonsense"), ("software", "--jobs", "0")],
)
def test_a_wrong_command_line(alone: Store, tmp_path, arguments):
    done = alone.run(project(tmp_path, NOTHING), *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("Error: ")


def test_no_profile_here(alone: Store, tmp_path):
    assert alone.fail(tmp_path, code=2)["reason"] == "no-profile"


# Sources -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def site(tmp_path) -> Iterator[tuple[Path, str]]:
    """A directory and the URL under which it is served."""
    directory = tmp_path / "site"
    directory.mkdir()

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *arguments) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(directory))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield directory, f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def archive(path: Path) -> str:
    """Write a small tar to path and return its md5."""
    with tarfile.open(path, "w:gz") as tar:
        info = tarfile.TarInfo("top/file")
        info.size = 3
        tar.addfile(info, io.BytesIO(path.name.encode()[:3]))
    return hashlib.md5(path.read_bytes()).hexdigest()  # noqa: S324 - profiles have md5sum


def download(name: str, url: str, md5sum: str = "") -> str:
    return f"[{name}]\nrecipe = slapos.recipe.build:download\nurl = {url}\n" + (
        f"md5sum = {md5sum}\n" if md5sum else ""
    )


def kept(store: Store) -> list[str]:
    """Return the digests of the files that the store of sources has."""
    return sorted(path.name for path in (store.home.sources / "files").rglob("*") if path.is_file())


@one_engine
def test_a_wrong_checksum_is_shown_beside_the_right_one(store: Store, tmp_path, site):
    directory, url = site
    right = archive(directory / "a.tar.gz")
    before = kept(store)
    profile = f"[buildout]\nparts = a\n\n{download('a', url + '/a.tar.gz', '0' * 32)}"
    error = store.fail(project(tmp_path, profile), code=4)
    assert (error["reason"], error["section"]) == ("checksum-mismatch", "a")
    assert right in error["details"]
    assert "0" * 32 in error["details"]
    assert kept(store) == before


@one_engine
def test_no_checksum(store: Store, tmp_path, site):
    directory, url = site
    right = archive(directory / "a.tar.gz")
    project(tmp_path, f"[buildout]\nparts = a\n\n{download('a', url + '/a.tar.gz')}")
    error = store.fail(tmp_path, code=4)
    assert error["reason"] == "checksum-missing"
    assert f"md5sum = {right}" in error["resolution"]


@one_engine
def test_a_source_that_nothing_has(store: Store, tmp_path, site):
    _, url = site
    profile = (
        f"[buildout]\nparts = a b\n\n{download('a', url + '/a.tar', '0' * 32)}{download('b', url + '/b.tar', '1' * 32)}"
    )
    error = store.fail(project(tmp_path, profile), code=4)
    assert error["reason"] == "source-missing"
    for name in ("/a.tar", "/b.tar", "404"):
        assert name in error["brief"] + error["details"]


def test_offline_lists_everything_that_is_missing(alone: Store, tmp_path):
    urls = [f"https://example.invalid/{name}.tar" for name in "ab"]
    profile = f"[buildout]\nparts = a b\n\n{download('a', urls[0], '0' * 32)}{download('b', urls[1], '1' * 32)}"
    error = alone.fail(project(tmp_path, profile), "-o", code=4)
    assert error["reason"] == "offline"
    assert all(url in error["brief"] + error["details"] for url in urls)


def test_a_file_beside_the_profile_that_is_not_there(alone: Store, tmp_path):
    profile = "[buildout]\nparts = a\n\n" + download("a", "${:_profile_base_location_}/absent.txt")
    error = alone.fail(project(tmp_path, profile), code=4)
    assert (error["reason"], error["section"]) == ("source-missing", "a")


# The state file ------------------------------------------------------------------------------------------------------


@one_engine
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[buildout]\n__cbuild_format__ = 1000000\nparts =\n", "state-newer"),
        ("[buildout]\nparts = gone\n", "state-damaged"),
        ("\0\0\0", "state-damaged"),
        ("[buildout\nparts", "state-damaged"),
    ],
)
def test_a_state_file_that_cannot_be_used(store: Store, tmp_path, text, reason):
    directory = project(tmp_path, f"[buildout]\nparts = a\n\n{NOTHING}")
    state = directory / ".installed.cfg"
    state.write_text(text)
    error = store.fail(directory, code=2)
    assert error["reason"] == reason
    assert error["file"].endswith(".installed.cfg")
    assert state.read_text() == text, "it is left as it was"
    # What the error says to do works.
    state.unlink()
    store.build(directory, "--no-load")
