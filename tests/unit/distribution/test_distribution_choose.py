"""Requirements to files: pins, the lock, what is refused."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from wheelhouse import sdist, wheel

from cbuild.distribution import Distributions, Rules, Target
from cbuild.errors import CbuildError
from cbuild.source import Lock, Sources
from cbuild.state.answers import Answers
from cbuild.state.home import Home


@pytest.fixture
def links(tmp_path):
    directory = tmp_path / "dist"
    directory.mkdir()
    return directory


@pytest.fixture
def choose(tmp_path, links):
    """Return a function that runs one choice as one run of cbuild would: with the lock of the one before."""

    def run(
        *requirements,
        versions=None,
        offline=False,
        where=links,
        locked=False,
        renew=False,
        target=None,
        source=False,
        developed=None,
        index=None,
        more=(),
        **rules,
    ):
        lock = Lock.load(tmp_path / "cbuild.lock")
        sources = Sources(
            Home(tmp_path / "home"), offline=offline, links=[str(where)],
            index=index or (tmp_path / "nothing").as_uri(), lock=lock, locked=locked,
        )  # fmt: skip
        distributions = Distributions(
            sources, lock, locked=locked, renew=renew, memory=Answers(Home(tmp_path / "home"))
        )
        found = distributions.closure(
            requirements, Rules(versions or {}, **rules), target=target, source=source, developed=developed or {},
            links=more,
        )  # fmt: skip
        lock.save()
        run.picked = distributions.picked
        return found

    return run


def names(found):
    return [f"{one.name} {one.version}" for one in found]


def refused(choose, *arguments, **options):
    with pytest.raises(CbuildError) as error:
        choose(*arguments, **options)
    return error.value


def test_the_newest_with_all_that_it_needs(links, choose):
    wheel(links, "spam", "1")
    wheel(links, "spam", "2", "egg-white>=1", "nothing; sys_platform == 'win32'", "test-only; extra == 'test'")
    wheel(links, "Egg.White", "1.5")
    found = choose("spam")
    assert names(found) == ["egg-white 1.5", "spam 2"]
    assert found[1].egg == "spam-2-py3.11-linux-x86_64.egg"
    assert choose.picked == {"egg-white": "1.5", "spam": "2"}


def test_links_of_a_parts_own(tmp_path, links, choose):
    wheel(links, "spam", "1", "egg-white")
    (tmp_path / "own").mkdir()
    wheel(tmp_path / "own", "Egg.White", "1.5")
    assert refused(choose, "spam").reason == "version-missing"
    assert refused(choose, "spam", more=[str(tmp_path / "own")], offline=True).reason == "offline"
    assert names(choose("spam", more=[str(tmp_path / "own")])) == ["egg-white 1.5", "spam 1"]


def test_what_is_developed_is_looked_for_nowhere(links, choose):
    """Neither it nor its pin; what it requires takes its place, also where something else requires it."""
    wheel(links, "spam", "1", "mine>=2")
    wheel(links, "eggs", "1")
    wheel(links, "toast", "1")
    developed = {"mine": ("eggs", "also; extra == 'x'", "theirs"), "theirs": ("mine", "toast")}
    assert names(choose("mine", developed=developed)) == ["eggs 1", "toast 1"]
    assert names(choose("spam", developed=developed)) == ["eggs 1", "spam 1", "toast 1"]
    assert refused(choose, "mine").reason == "distribution-missing"
    pins = {"spam": "1", "eggs": "1", "toast": "1"}
    assert names(choose("spam", developed=developed, versions=pins, allow_picked=False))


def test_extras_ask_for_more(links, choose):
    wheel(links, "spam", "1", "eggs; extra == 'breakfast'", "toast")
    wheel(links, "eggs", "1")
    wheel(links, "toast", "1")
    assert names(choose("spam[breakfast]")) == ["eggs 1", "spam 1", "toast 1"]


@pytest.mark.parametrize("pin", ["1", "==1", "1:whl", "<2", "1+SlapOSPatched001", "1.*"])
@pytest.mark.parametrize("name", ["spam", "Spam", "SPAM"])
def test_pins_and_their_names_are_normalised(links, choose, pin, name):
    wheel(links, "spam", "1")
    wheel(links, "spam", "2")
    assert names(choose("spam", versions={name: pin})) == ["spam 1"]


def test_a_patched_version_goes_before_the_one_that_it_was_made_of(links, choose):
    wheel(links, "spam", "1")
    wheel(links, "spam", "1+patched1")
    assert names(choose("spam", versions={"spam": "1+patched1"})) == ["spam 1+patched1"]


def test_an_empty_pin_is_none(links, choose):
    wheel(links, "spam", "2")
    assert names(choose("spam", versions={"spam": ""})) == ["spam 2"]


def test_a_requirement_that_excludes_a_pin(links, choose):
    wheel(links, "spam", "1", "eggs>=2")
    wheel(links, "eggs", "1")
    error = refused(choose, "eggs ==2", versions={"Eggs": "1"})
    assert (error.reason, error.section, error.option) == ("version-conflict", "versions", "Eggs")
    assert refused(choose, "spam", versions={"eggs": "1"}).reason == "version-conflict"


def test_requirements_that_exclude_each_other(links, choose):
    wheel(links, "spam", "1", "eggs<2")
    wheel(links, "eggs", "1")
    wheel(links, "eggs", "2")
    error = refused(choose, "spam", "eggs>=2")
    assert error.reason == "version-conflict"
    assert "eggs<2 (required by spam 1)" in error.details


def test_an_older_one_is_taken_where_the_newest_does_not_fit(links, choose):
    wheel(links, "spam", "1")
    wheel(links, "spam", "2", "eggs>=2")
    wheel(links, "eggs", "1")
    assert names(choose("spam", "eggs")) == ["eggs 1", "spam 1"]


def test_a_version_that_does_not_exist(links, choose):
    wheel(links, "spam", "1")
    error = refused(choose, "spam", versions={"spam": "7"})
    assert (error.reason, error.exit_code, error.option) == ("version-missing", 4, "spam")
    assert "there are: 1" in error.details


def test_no_picked_versions(links, choose):
    wheel(links, "spam", "2")
    error = refused(choose, "spam", allow_picked=False)
    assert (error.reason, error.exit_code) == ("version-not-picked", 3)
    assert "spam = 2" in error.resolution
    assert names(choose("spam", versions={"spam": "2"}, allow_picked=False)) == ["spam 2"]
    assert not choose.picked
    assert names(choose("spam ==2", allow_picked=False)) == ["spam 2"]


def test_what_was_chosen_stays_until_it_is_renewed(links, choose, tmp_path):
    wheel(links, "spam", "1")
    first = choose("spam")
    wheel(links, "spam", "2")
    assert choose("spam", where=tmp_path / "gone") == first
    assert choose("spam", offline=True, locked=True) == first
    assert names(choose("spam", renew=True)) == ["spam 2"]


def test_a_pin_may_leave_the_lock_and_come_back(links, choose):
    wheel(links, "spam", "1")
    wheel(links, "spam", "2")
    assert names(choose("spam", versions={"spam": "1"})) == ["spam 1"]
    assert names(choose("spam", versions={"spam": ""})) == ["spam 1"]
    assert names(choose("spam", versions={"spam": "2"})) == ["spam 2"]
    assert names(choose("spam", versions={"spam": "1"}, offline=True)) == ["spam 1"]


def test_offline_and_locked_need_the_lock(links, choose):
    wheel(links, "spam", "1")
    assert refused(choose, "spam", offline=True).reason == "offline"
    assert refused(choose, "spam", locked=True).reason == "not-locked"


def test_another_file_of_the_same_name_is_noticed(links, choose):
    path = wheel(links, "spam", "1")
    choose("spam")
    path.write_bytes(path.read_bytes() + b"\0")
    assert names(choose("spam")) == ["spam 1"]  # the store has the one that was locked
    before = choose("spam")[0].request.sha256
    assert choose("spam", renew=True)[0].request.sha256 != before


def test_pre_releases_only_where_nothing_else_is(links, choose):
    wheel(links, "spam", "1")
    wheel(links, "spam", "2rc1")
    wheel(links, "eggs", "1b1")
    assert names(choose("spam", "eggs")) == ["eggs 1b1", "spam 1"]
    assert names(choose("spam>=2rc1")) == ["spam 2rc1"]
    assert names(choose("spam", prefer_final=False, renew=True)) == ["spam 2rc1"]


def test_wheels_of_other_machines_are_left_out(links, choose):
    wheel(links, "spam", "2", tag="cp312-cp312-manylinux_2_17_x86_64")
    wheel(links, "spam", "1.9", tag="py3-none-win_amd64")
    wheel(links, "spam", "1.8", tag="cp311-cp311-manylinux_2_28_x86_64.manylinux2014_x86_64")
    wheel(links, "spam", "1.8")
    found = choose("spam")
    assert found[0].request.filename == "spam-1.8-cp311-cp311-manylinux_2_28_x86_64.manylinux2014_x86_64.whl"


def test_a_source_distribution_brings_what_builds_it(links, choose):
    sdist(
        links, "spam", **{"src/spam.egg-info/requires.txt": "eggs\n\n[test]\nother\n\n[:python_version < '3']\nold\n"}
    )
    sdist(links, "eggs", **{"pyproject.toml": '[build-system]\nrequires = ["maker>=2"]\nbuild-backend = "maker"\n'})
    for tool in ("setuptools", "wheel", "maker"):
        wheel(links, tool, "2")
    eggs, spam = choose("spam")
    assert [tool.name for tool in spam.build] == ["setuptools", "wheel"]
    assert [tool.name for tool in eggs.build] == ["maker"]
    assert choose.picked == {"eggs": "1", "spam": "1"}


def test_a_wheel_goes_before_the_source_of_the_same_version(links, choose):
    sdist(links, "spam", "1")
    wheel(links, "spam", "1")
    assert choose("spam")[0].request.filename.endswith(".whl")


@pytest.mark.parametrize("text", ["==1", "spam ==", "a b"])
def test_what_is_no_requirement(choose, text):
    assert refused(choose, text).reason == "bad-requirement"


def test_what_is_no_distribution(links, choose):
    (links / "spam-1-py3-none-any.whl").write_bytes(b"PK")
    assert refused(choose, "spam").reason == "bad-distribution"


def test_another_python_gets_other_files(links, choose):
    wheel(links, "spam", "1", "old; python_version < '3.12'", tag="cp311-cp311-linux_x86_64")
    wheel(links, "spam", "1", tag="cp312-cp312-linux_x86_64")
    wheel(links, "old", "1")
    assert names(choose("spam")) == ["old 1", "spam 1"]
    (found,) = choose("spam", target=Target.of("3.12"))
    assert found.egg == "spam-1-py3.12-linux-x86_64.egg"
    assert "cp312" in found.request.filename


def test_what_is_named_may_have_to_be_a_source(links, choose):
    wheel(links, "spam", "2", "eggs")
    wheel(links, "eggs", "1")
    sdist(links, "spam", "1", **{"pyproject.toml": "[build-system]\nrequires = []\n"})
    (found,) = choose("spam", source=True)
    assert found.request.filename == "spam-1.tar.gz"
    assert names(choose("spam")) == ["spam 1"]  # the lock has it
    assert names(choose("spam", renew=True)) == ["eggs 1", "spam 2"]


def test_with_an_unchanged_lock_nothing_is_chosen_again(links, choose, monkeypatch):
    wheel(links, "spam", "1", "eggs")
    wheel(links, "eggs", "1")
    first = [choose("spam") for _ in range(2)]
    monkeypatch.setattr(Distributions, "_resolve", None)
    assert choose("spam") == first[0] == first[1]
    assert choose.picked == {"eggs": "1", "spam": "1"}


def test_a_download_cache_is_enough_offline(links, tmp_path):
    wheel(links, "spam", "1", "eggs")
    wheel(links, "eggs", "1")
    lock = Lock.load(tmp_path / "cbuild.lock")
    sources = Sources(
        Home(tmp_path / "home"), offline=True, download_cache=tmp_path, links=[str(links)], index=links.as_uri(),
        lock=lock,
    )  # fmt: skip
    found = Distributions(sources, lock, cached=True).closure(["spam"], Rules({}))
    assert names(found) == ["eggs 1", "spam 1"]


class Answering(BaseHTTPRequestHandler):
    """Answers every request with a status."""

    status = 404

    def do_GET(self):
        self.send_error(self.status)

    def log_message(self, *args):
        pass


@pytest.mark.parametrize(
    ("status", "reason"), [(404, "distribution-missing"), (403, "index-unreachable"), (503, "index-unreachable")]
)
def test_an_index_that_does_not_answer_says_nothing_about_its_files(choose, monkeypatch, status, reason):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    handler = type("Handler", (Answering,), {"status": status})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        error = refused(choose, "eggs", index=f"http://127.0.0.1:{server.server_port}/simple")
        server.shutdown()
    assert (error.reason, error.exit_code) == (reason, 4)
    assert f"HTTP {status}" in error.details
    assert ("no file of this project" in error.details) == (status == 404)


def test_an_index_that_is_down(links, choose, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    wheel(links, "eggs", "1")
    error = refused(choose, "eggs ==2", index="http://127.0.0.1:1/simple")
    assert error.reason == "index-unreachable"
    assert "there are: 1\n" in error.details
    assert names(choose("eggs", index="http://127.0.0.1:1/simple")) == ["eggs 1"]
