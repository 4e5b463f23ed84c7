"""An instance from its start to its end, on both engines."""

from __future__ import annotations

import pytest
from instance_fixtures import base_store, fetch, server_program, site, until  # noqa: F401 - fixtures
from instance_software import PROFILE

from cbuild.errors import PartError, ProfileError, UsageError
from cbuild.instance import manage
from cbuild.instance.store import Store

pytestmark = pytest.mark.engine


def url(status):
    return status.partitions[0].connection["url"]


def test_from_start_to_destroy(site):
    web = site.software("web")
    first = site.change(web, parameters={"title": "hello"})
    assert first.ready
    assert [promise.name for promise in first.partitions[0].promises] == ["answers"]
    assert fetch(url(first)) == "1 hello"

    # The same again: no container is made, nothing is processed.
    again = site.change(web)
    assert site.events == []
    assert again.partitions[0].container == first.partitions[0].container

    # A parameter: the same container, data and address.
    site.run("web", "echo precious > srv/data")
    changed = site.change(web, parameters={"title": "bye"})
    assert changed.ready
    assert changed.partitions[0].container == first.partitions[0].container
    assert changed.partitions[0].ipv6 == first.partitions[0].ipv6
    assert fetch(url(changed)) == "1 bye"
    assert site.run("web", "cat srv/data") == "precious\n"

    # Another image: another container, the same data and address.
    site.software("web", version="2")
    upgraded = site.change(web)
    assert upgraded.ready
    assert upgraded.partitions[0].container != first.partitions[0].container
    assert upgraded.partitions[0].ipv6 == first.partitions[0].ipv6
    assert fetch(url(upgraded)) == "2 bye"
    assert site.run("web", "cat srv/data") == "precious\n"

    stopped = site.change(web, state="stopped")
    assert (stopped.partitions[0].state, stopped.ready) == ("stopped", False)
    assert not site.container("web").running
    started = site.change(web, state="started")
    assert started.ready
    assert fetch(url(started)) == "2 bye"
    assert started.partitions[0].ipv6 == first.partitions[0].ipv6
    # etc/run once a start: made, upgraded, started again.
    assert len(site.run("web", "cat srv/started").splitlines()) == 3

    subnet = Store(site.home).load("web").partitions[0].subnet
    manage.destroy(site.home, "web", site.connect)
    assert Store(site.home).names() == []
    assert not site.data("web").exists()
    # The network went with the last partition: its subnet can be had by another.
    site.engine.ensure_network("cbt-instance-probe", subnet)
    site.engine.remove_network("cbt-instance-probe")


def test_partitions_reach_each_other_and_nothing_of_each_other(site):
    one = site.change(site.software("one"))
    two = site.change(site.software("two"), parameters={"title": "second"})
    assert one.partitions[0].ipv6 != two.partitions[0].ipv6
    assert site.run("one", f"wget -q -O - {url(two)}") == "1 second"
    assert site.run("two", f"wget -q -O - {url(one)}") == "1 untitled"
    uids = {site.run(name, "id -u").strip() for name in ("one", "two")}
    assert len(uids) == 2
    assert "0" not in uids


def test_a_partition_is_confined(site):
    site.change(site.software("web"))
    status = dict(line.split(":\t", 1) for line in site.run("web", "cat /proc/1/status").splitlines())
    assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
    assert status["NoNewPrivs"].strip() == "1"
    assert "Read-only" in site.run("web", "touch /opt/cbuild/x; touch /etc/x")
    assert site.run("web", "touch srv/x /tmp/x /run/x && echo fine") == "fine\n"


def test_a_service_that_ends_is_started_again(site):
    status = site.change(site.software("web"))
    before = fetch(url(status), "pid")
    site.run("web", f"kill -KILL {before}")
    until(lambda: fetch(url(status), "pid") != before)
    assert site.container("web").id == status.partitions[0].container


def test_a_profile_that_fails_leaves_what_ran(site):
    web = site.software("web")
    good = site.change(web, parameters={"title": "good"})
    broken = "[broken]\nrecipe = command\ncommand = echo reason >&2; exit 7\nstop-on-error = true\n"
    site.software("web", PROFILE.replace("parts = page", "parts = broken page") + broken, version="2")
    with pytest.raises(PartError) as error:
        site.change(web)
    assert error.value.section == "broken"
    assert "reason" in error.value.details
    site.software("web", PROFILE.replace("${page:output}", "${pgae:output}"), version="3")
    with pytest.raises(ProfileError) as error:
        site.change(web)
    assert error.value.reason == "missing-section"
    now = manage.status(site.home, "web", site.connect)
    assert now.partitions[0].container == good.partitions[0].container
    assert fetch(url(good)) == "1 good"
    site.software("web", version="4")
    assert fetch(url(site.change(web))) == "4 good"


def test_a_promise_that_does_not_hold(site):
    web = site.software("web", PROFILE.replace("wget -q -O /dev/null", "sh -c 'echo no luck; exit 3' #"))
    status = site.change(web, wait=1)
    assert not status.ready
    assert [promise.as_dict() for promise in status.partitions[0].promises] == [
        {"name": "answers", "ok": False, "message": "no luck"}
    ]
    document = site.document(web, "instance", "--timeout", "0.5")
    assert (document["exit"], document["ready"]) == (1, False)
    assert site.document(web, "instance", "--no-wait")["exit"] == 0


def test_the_command_line(site):
    web = site.software("web")
    made = site.document(web, "instance", "--param", "title=cli", "--memory", "96M", "--cpus", "0.5")
    assert made["exit"] == 0
    assert set(made) >= {"instance", "ready", "parameters", "connection", "partitions"}
    (partition,) = made["partitions"]
    assert set(partition) == {
        "name", "reference", "type", "container", "image", "ipv6", "state", "limits", "promises", "connection"
    }  # fmt: skip
    assert (made["instance"], made["ready"], made["parameters"]) == ("web", True, {"title": "cli"})
    assert (partition["limits"]["memory"], partition["limits"]["cpu"]) == (96 << 20, 0.5)
    assert fetch(made["connection"]["url"]) == "1 cli"
    status = site.document(web, "status")
    assert {**status, "exit": 0} == {**made, "exit": 0}
    assert "ready" in site.cli(web, "status", "web").stdout
    inside = site.cli(web, "shell", "web-0", "--", "id", "-u")
    assert (inside.returncode, inside.stderr, inside.stdout) == (0, "", site.run("web", "id -u"))
    assert site.cli(web, "shell", "web", "--", "false").returncode == 1
    assert "listening on" in site.cli(web, "logs", "web").stdout
    assert site.document(web, "instance", "--stop")["partitions"][0]["state"] == "stopped"
    assert site.document(web, "instance", "--destroy")["exit"] == 0
    gone = site.document(web, "status")
    assert (gone["exit"], gone["error"]["reason"]) == (2, "unknown-instance")


def test_a_container_that_somebody_removed_comes_back(site):
    web = site.software("web")
    before = site.change(web, parameters={"title": "kept"})
    site.run("web", "echo precious > srv/data")
    site.engine.remove(site.container("web").id)
    assert manage.status(site.home, "web", site.connect).partitions[0].state == "failed"
    after = site.change(web)
    assert after.partitions[0].ipv6 == before.partitions[0].ipv6
    assert fetch(url(after)) == "1 kept"
    assert site.run("web", "cat srv/data") == "precious\n"


def test_a_damaged_document_can_be_destroyed(site):
    web = site.software("web")
    site.change(web)
    Store(site.home).path("web").write_text("{")
    with pytest.raises(UsageError) as error:
        site.change(web)
    assert error.value.reason == "state-damaged"
    manage.destroy(site.home, "web", site.connect)
    assert fetch(url(site.change(web)))


def test_two_cbuilds_that_change_one_instance_take_turns(site):
    web = site.software("web")
    site.change(web)
    running = [
        site.start_cli(web, "instance", "--param", f"title=t{number}", "--memory", f"{64 + number}M")
        for number in (1, 2)
    ]
    errors = [one.communicate()[1] for one in running]
    assert [one.returncode for one in running] == [0, 0], errors
    assert any("waiting" in text for text in errors)
    now = manage.status(site.home, "web", site.connect)
    number = int(str(now.parameters["title"])[1:])
    # Whoever was last has all of it.
    assert site.container("web").limits.memory == (64 + number) << 20
    assert fetch(url(now)) == f"1 t{number}"


@pytest.mark.parametrize("moment", ["processing", "starting"])
def test_killed_in_the_middle_and_run_again(site, moment):
    web = site.software("web")
    running = site.start_cli(web, "instance", "--param", "title=killed")
    for line in running.stderr:
        if moment in line:
            break
    running.kill()
    running.communicate()
    status = site.change(web)
    assert status.ready
    assert fetch(url(status)) == "1 killed"
    assert site.container("web").id == status.partitions[0].container
