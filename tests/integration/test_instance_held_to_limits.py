"""Limits of partitions: in force inside, read back from the engine, refused where they can't be had."""

from __future__ import annotations

import pytest
from instance_fixtures import base_store, fetch, server_program, site, until  # noqa: F401 - fixtures

from cbuild.engine.api import Limits
from cbuild.errors import EngineError
from cbuild.instance import labels
from cbuild.instance.store import Store

pytestmark = pytest.mark.engine

# cgroup v1 as inside both engines' containers, or v2.
READ = "cat /sys/fs/cgroup/{v1} 2>/dev/null || cat /sys/fs/cgroup/{v2}"


def test_limits_are_in_force_inside_and_in_the_engine(site):
    asked = Limits(memory=64 << 20, cpu=0.5, pids=50, open_files=512)
    status = site.change(site.software("web"), limits=asked)
    assert status.partitions[0].limits == asked
    assert site.container("web").limits == asked
    read = {
        "memory": site.run("web", READ.format(v1="memory/memory.limit_in_bytes", v2="memory.max")),
        "pids": site.run("web", READ.format(v1="pids/pids.max", v2="pids.max")),
        "files": site.run("web", "ulimit -n"),
    }
    assert {key: int(value) for key, value in read.items()} == {"memory": 64 << 20, "pids": 50, "files": 512}
    cpu = site.run("web", READ.format(v1="cpu/cpu.cfs_quota_us", v2="cpu.max"))
    assert cpu.split()[0] == "50000"


def test_the_profile_has_limits_the_command_line_wins_and_there_are_defaults(site):
    web = site.software("web")
    first = site.change(web)
    assert first.partitions[0].limits.memory == 128 << 20
    assert first.partitions[0].limits.pids == 100
    changed = site.change(web, limits=Limits(memory=80 << 20))
    assert changed.partitions[0].limits.memory == 80 << 20
    assert changed.partitions[0].limits.pids == 100
    assert changed.partitions[0].ipv6 == first.partitions[0].ipv6
    # It is remembered.
    assert site.change(web).partitions[0].limits.memory == 80 << 20
    plain = site.change(
        site.software("plain", "[buildout]\nparts = nothing\n[nothing]\nrecipe = command\ncommand = true\n")
    )
    assert (plain.partitions[0].limits.memory, plain.partitions[0].limits.pids) == (1 << 30, 512)


def test_a_process_that_takes_more_memory_dies_and_is_started_again(site):
    status = site.change(site.software("web"), limits=Limits(memory=64 << 20))
    url = status.connection["url"]
    before = fetch(url, "pid")
    with pytest.raises(OSError):
        fetch(url, "eat", timeout=0.5)
    until(lambda: fetch(url, "pid") != before)
    now = site.container("web")
    assert now.running
    assert now.id == status.partitions[0].container


def test_a_fork_bomb_is_held(site):
    status = site.change(site.software("web"), limits=Limits(pids=60))
    count, why = fetch(status.connection["url"], "fork", timeout=30).split(" ", 1)
    assert 20 < int(count) < 60
    assert why == "Resource temporarily unavailable"
    assert fetch(status.connection["url"]) == "1 untitled"


def test_a_disk_limit_is_refused_and_nothing_is_left(site):
    web = site.software("web")
    with pytest.raises(EngineError) as error:
        site.change(web, limits=Limits(disk=1 << 30))
    assert error.value.reason == "limit-refused"
    assert Store(site.home).names() == []
    assert list(site.engine.containers(labels.of_instance(site.home, "web"))) == []
    # For an instance that is there: it goes on as it was, and later changes aren't refused.
    before = site.change(web)
    with pytest.raises(EngineError):
        site.change(web, limits=Limits(disk=1 << 30))
    after = site.change(web, parameters={"title": "later"})
    assert after.partitions[0].container == before.partitions[0].container
    assert fetch(after.connection["url"]) == "1 later"
