"""What can't be done is a clear error, and leaves things as they were."""

from __future__ import annotations

import pytest
from engine_recorder import Recorder
from instance_fixtures import base_store, fetch, server_program, site  # noqa: F401 - fixtures

from cbuild.errors import EngineError, PartError, UsageError
from cbuild.instance import manage
from cbuild.instance.manage import Change
from cbuild.instance.store import Store

pytestmark = pytest.mark.engine


def test_a_full_pool(site, monkeypatch, subnet):
    monkeypatch.setenv("CBUILD_IPV6_PREFIX", subnet.replace("::/64", "::/126"))
    one, two, three = (site.software(name) for name in ("one", "two", "three"))
    addresses = {site.change(project).partitions[0].ipv6 for project in (one, two)}
    assert len(addresses) == 2
    with pytest.raises(PartError) as error:
        site.change(three)
    assert error.value.reason == "address-pool-full"
    assert error.value.exit_code == 1
    assert Store(site.home).names() == ["one", "two"]
    manage.destroy(site.home, "one", site.connect)
    freed = site.change(three)
    assert freed.partitions[0].ipv6 in addresses
    assert fetch(freed.connection["url"]) == "1 untitled"


@pytest.mark.parametrize("parameter", ["title", "=x"])
def test_a_bad_parameter(site, parameter):
    web = site.software("web")
    document = site.document(web, "instance", "--param", parameter)
    assert (document["exit"], document["error"]["reason"]) == (2, "bad-parameter")
    assert Store(site.home).names() == []


def test_a_bad_limit(site):
    document = site.document(site.software("web"), "instance", "--memory", "much")
    assert (document["exit"], document["error"]["reason"]) == (2, "bad-limit")


def test_two_instances_of_one_name(site):
    ours, theirs = site.software("a/web"), site.software("b/web")
    site.change(ours, parameters={"title": "ours"})
    for name in (None, "web"):
        with pytest.raises(UsageError) as error:
            site.change(theirs, name)
        assert error.value.reason == "instance-exists"
        assert str(ours) in error.value.details
    with pytest.raises(UsageError):
        site.change(theirs, state="stopped")
    assert site.container("web").running
    document = site.document(theirs, "instance")
    assert (document["exit"], document["error"]["reason"]) == (2, "instance-exists")
    other = site.change(theirs, "web-too")
    assert other.ready


def test_no_software(site, tmp_path):
    with pytest.raises(UsageError) as error:
        site.change(tmp_path)
    assert error.value.reason == "no-software"


def test_an_unknown_instance_and_what_may_have_been_meant(site):
    web = site.software("web")
    site.change(web)
    document = site.document(web, "status", "wbe")
    assert (document["exit"], document["error"]["reason"]) == (2, "unknown-instance")
    assert "web" in document["error"]["resolution"]
    for arguments in (("--start",), ("--stop",), ("--destroy",)):
        assert site.document(web, "instance", "wbe", *arguments)["error"]["reason"] == "unknown-instance"


def test_an_engine_that_goes_away(site, running_engine, tmp_path):
    web = site.software("web")
    site.change(web, parameters={"title": "before"})
    relay = Recorder(tmp_path / "s", running_engine.url)
    through = type(site.engine)(relay.url)

    def cut(event):
        if "Processing" in event.message:
            relay.cut()

    with pytest.raises(EngineError):
        manage.change(
            site.home, Change(web, parameters={"title": "after"}), lambda _choice: through, wait=5, report=cut
        )
    status = manage.status(site.home, "web", site.connect)
    assert status.partitions[0].state == "started"
    assert fetch(status.connection["url"]) == "1 before"
    # What was asked for is not forgotten: the next run, with the engine back, does it.
    assert fetch(site.change(web).connection["url"]) == "1 after"


def test_no_engine(site, tmp_path):
    web = site.software("web")
    hosts = {"DOCKER_HOST": f"unix://{tmp_path}/none", "CONTAINER_HOST": f"unix://{tmp_path}/none"}
    document = site.document(web, "instance", "--engine", site.name, **hosts)
    assert (document["exit"], document["error"]["reason"]) == (5, "engine-absent")
    assert Store(site.home).names() == []


def test_the_other_engine_is_refused(site):
    web = site.software("web")
    site.change(web)
    other = "podman" if site.name == "docker" else "docker"
    with pytest.raises(UsageError) as error:
        manage.change(site.home, Change(web), site.connect, choice=other)
    assert error.value.reason == "other-engine"
