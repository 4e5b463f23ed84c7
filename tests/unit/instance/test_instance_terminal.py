import os
import threading

import pytest

from cbuild.engine.api import Limits
from cbuild.errors import UsageError
from cbuild.instance import oneshot, terminal
from cbuild.instance.document import Instance, Partition
from cbuild.instance.store import Store
from cbuild.state.home import Home


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path)
    partition = Partition("web-0", "web", "default", {}, 200000, "fd00::2", "fd00::/64")
    Store(home).save(Instance("web", None, "sha256:0", "docker", "started", Limits(), (partition,)))
    logs = Store(home).partition("web", "web-0").data / "var/log"
    (logs / "nginx").mkdir(parents=True)
    (logs / "nginx/current").write_text("one\ntwo\n")
    (logs / "setup.log").write_text("done\n")
    return home


@pytest.mark.parametrize("name", ["web", "web-0"])
def test_logs_of_all_services(home, name):
    assert list(terminal.logs(home, name)) == ["nginx: one", "nginx: two", "setup: done"]


def test_a_log_that_is_a_link_shows_nothing(home, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret\n")
    logs = Store(home).partition("web", "web-0").data / "var/log"
    (logs / "evil.log").symlink_to(secret)
    (logs / "nginx/current").unlink()
    (logs / "nginx/current").symlink_to(secret)
    assert list(terminal.logs(home, "web")) == ["setup: done"]


def test_following_goes_on_and_over_a_rotation(home):
    current = Store(home).partition("web", "web-0").data / "var/log/nginx/current"
    lines = terminal.logs(home, "web", follow=True)
    assert [next(lines) for _ in range(3)][-1] == "setup: done"
    threading.Timer(0.1, lambda: current.write_text("one\ntwo\nthree\n")).start()
    assert next(lines) == "nginx: three"
    threading.Timer(0.1, lambda: current.write_text("new\n")).start()
    assert next(lines) == "nginx: new"


def test_an_unknown_name(home):
    assert not terminal.known(home, "wbe")
    with pytest.raises(UsageError) as error:
        next(terminal.logs(home, "wbe"))
    assert error.value.reason == "unknown-instance"
    assert error.value.resolution == "Did you mean 'web'?"


def test_without_the_right_to_give_files_away(home, monkeypatch):
    def refuse(*_arguments):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "chown", refuse)
    with pytest.raises(UsageError) as error:
        oneshot.prepare(Store(home).partition("new", "new-0"), 200001)
    assert error.value.reason == "needs-root"
