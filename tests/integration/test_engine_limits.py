"""Limits: as the engine holds them, as the kernel holds them, and what they do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cbuild.engine.api import Limits
from cbuild.errors import EngineError

MIB = 1 << 20

LIMITS = Limits(memory=64 * MIB, cpu=0.5, pids=20, open_files=128)

#: What the kernel says, from inside the container: cgroup v1's file, else v2's.
MEASURE = """
first() { for f; do [ -f /sys/fs/cgroup/$f ] && cat /sys/fs/cgroup/$f && return; done; echo none; }
first memory/memory.limit_in_bytes memory.max
first memory/memory.memsw.limit_in_bytes memory.swap.max
first cpu/cpu.cfs_quota_us cpu.max
first pids/pids.max pids.max
ulimit -n
ulimit -Hn
"""


def test_the_engine_holds_them(engine, start):
    assert engine.state(start(limits=LIMITS)).limits == LIMITS


def test_the_kernel_holds_them(output):
    memory, swap, cpu, pids, soft, hard = output(MEASURE, limits=LIMITS).splitlines()
    assert int(memory) == 64 * MIB
    # v1: memory and swap together; v2: swap alone.
    assert int(swap) in {64 * MIB, 0}
    assert cpu.split()[0] == "50000"
    assert int(pids) == 20
    assert (soft, hard) == ("128", "128")


def test_no_limits(engine, output, start):
    memory, swap, cpu, *_ = output(MEASURE).splitlines()
    assert memory == "max" or int(memory) > 1 << 60
    assert swap == "max" or int(swap) > 1 << 60
    assert cpu.split()[0] in {"max", "-1"}
    limits = engine.state(start()).limits
    assert (limits.memory, limits.cpu) == (None, None)


def test_in_the_background_a_container_weighs_a_tenth(output):
    """cgroup v1 has the shares themselves; v2 a weight of 1 to 10000 made of them, 100 for the usual 1024 of v1."""
    weight = "for f in cpu/cpu.shares cpu.weight; do [ ! -f /sys/fs/cgroup/$f ] || cat /sys/fs/cgroup/$f; done"
    usual, less = int(output(weight)), int(output(weight, background=True))
    assert usual in {1024, 100, 39}
    assert 0 < less <= usual / 9


def test_memory_kills(engine, running_engine, start):
    container = start(command=("/bin/tail", "/dev/zero"), limits=Limits(memory=32 * MIB))
    assert engine.wait(container, 30) == 137
    state = engine.state(container)
    assert not state.running
    assert state.oom_killed is running_engine.tells_oom


def test_pids_stop_a_fork_bomb(output):
    """The shell can't fork any more, and the machine doesn't notice."""
    script = "i=0; while [ $i -lt 100 ]; do sleep 5 & i=$((i+1)); echo started; done"
    found = output(script, limits=Limits(pids=16))
    assert "can't fork" in found
    assert 10 <= found.count("started") <= 16


def test_cpu_is_throttled(output):
    """A busy second gets what was asked, measured by the time that the kernel accounts to the container."""
    script = """
    timeout 1 sh -c 'while :; do :; done'
    for f in cpu/cpu.stat cpu.stat; do [ -f /sys/fs/cgroup/$f ] && cat /sys/fs/cgroup/$f && break; done
    """
    found = dict(line.split() for line in output(script, limits=Limits(cpu=0.2)).splitlines() if " " in line)
    periods, throttled = int(found["nr_periods"]), int(found["nr_throttled"])
    assert periods >= 5
    assert throttled >= periods / 2


def test_open_files(output):
    """Of 30 files that one process opens, the kernel gives it the first 20 or so."""
    # The last command matters: without it the shell would become tail, and process 1 does not hear timeout's TERM.
    script = "timeout 1 tail -n 0 -f $(yes /bin/busybox | head -n 30); true"
    assert 10 <= output(script, limits=Limits(open_files=20)).count("Too many open files") <= 20


def test_a_disk_limit_is_refused_before_anything_is_made(engine, spec):
    wanted = spec(limits=Limits(disk=1 << 30))
    with pytest.raises(EngineError) as caught:
        engine.create(wanted)
    assert caught.value.reason == "limit-refused"
    assert caught.value.exit_code == 5
    assert caught.value.resolution
    assert engine.state(wanted.name) is None


@pytest.mark.parametrize("limits", [Limits(memory=1024), Limits(open_files=1 << 40)])
def test_what_the_engine_refuses_is_an_error(engine, spec, limits):
    """Less memory than any container needs; more open files than any kernel allows."""
    with pytest.raises(EngineError):
        engine.start(engine.create(spec(limits=limits)))


def test_what_the_engine_drops_silently_is_refused_and_removed(engine, spec, monkeypatch):
    """An engine that says yes and does nothing: simulated by losing the limit on the way to it."""
    wanted = spec(limits=Limits(memory=64 * MIB, pids=20))
    create = engine._create
    monkeypatch.setattr(
        engine, "_create", lambda s, environment: create(replace(s, limits=Limits(pids=20)), environment)
    )
    with pytest.raises(EngineError) as caught:
        engine.create(wanted)
    assert caught.value.reason == "limit-refused"
    assert "memory" in caught.value.details
    assert "pids" not in caught.value.details
    assert engine.state(wanted.name) is None
