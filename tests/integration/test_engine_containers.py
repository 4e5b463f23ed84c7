"""A container's life, and what it sees of the world."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest
from conftest import RUN

from cbuild.engine.api import Mount
from cbuild.errors import EngineError


def test_exit_code_output_and_state(engine, start, small_image):
    container = start("echo out; echo err >&2; exit 3")
    assert engine.wait(container, 20) == 3
    assert sorted(engine.logs(container).split()) == [b"err", b"out"]
    state = engine.state(container)
    assert state is not None
    assert (state.running, state.exit_code, state.oom_killed) == (False, 3, False)
    assert state.image == small_image
    assert state.labels["cbuild.test"] == RUN


def test_a_created_container_has_no_exit_code(engine, spec):
    wanted = spec()
    container = engine.create(wanted)
    state = engine.state(container)
    assert (state.running, state.exit_code, state.name, state.id) == (False, None, wanted.name, container)
    assert engine.state(wanted.name) == state


def test_wait_ends_in_time(engine, start):
    container = start("sleep 60")
    before = time.monotonic()
    with pytest.raises(TimeoutError):
        engine.wait(container, 0.3)
    assert 0.25 < time.monotonic() - before < 5
    assert engine.state(container).running


def test_wait_is_prompt(engine, start):
    container = start("sleep 1")
    engine.wait(container, 20)
    assert engine.wait(container) == 0


def test_stop_sends_term_first(engine, start):
    container = start("trap 'exit 7' TERM; echo ready; while :; do sleep 0.1; done")
    while b"ready" not in engine.logs(container):
        time.sleep(0.05)
    engine.stop(container, 10)
    assert engine.wait(container, 5) == 7
    engine.stop(container)


def test_stop_kills_what_does_not_listen(engine, start):
    container = start("trap '' TERM; while :; do sleep 0.1; done")
    engine.stop(container, 0)
    assert engine.wait(container, 5) == 137


def test_a_stopped_container_starts_again(engine, start):
    container = start("exit 0")
    engine.wait(container, 20)
    engine.start(container)
    assert engine.wait(container, 20) == 0


def test_remove_kills(engine, start):
    container = start("trap '' TERM; while :; do sleep 0.1; done")
    engine.remove(container)
    assert engine.state(container) is None
    engine.remove(container)


@pytest.mark.parametrize("call", ["start", "wait", "logs"])
def test_a_container_that_is_not_there(engine, call):
    with pytest.raises(EngineError) as caught:
        getattr(engine, call)(f"{RUN}-nobody")
    assert caught.value.reason == "container-missing"
    engine.stop(f"{RUN}-nobody")


def test_execute_keeps_the_streams_apart(engine, start):
    container = start()
    script = "echo out; echo err >&2; echo $A; exit 4"
    result = engine.execute(container, ["sh", "-c", script], environment={"A": "1 2"})
    assert (result.exit_code, result.stdout, result.stderr) == (4, b"out\n1 2\n", b"err\n")


def test_execute_as_another_user_and_with_much_output(engine, start):
    container = start()
    assert engine.execute(container, ["id", "-u"], user="30001:30001").stdout == b"30001\n"
    result = engine.execute(container, ["sh", "-c", "head -c 3000000 /dev/zero; head -c 1000000 /dev/zero >&2"])
    assert (len(result.stdout), len(result.stderr)) == (3_000_000, 1_000_000)


def test_execute_what_is_not_there(engine, start):
    container = start()
    result = engine.execute(container, ["/no/such/thing"])
    assert result.exit_code in {126, 127}


def test_execute_in_a_stopped_container(engine, spec):
    container = engine.create(spec())
    with pytest.raises(EngineError) as caught:
        engine.execute(container, ["true"])
    assert caught.value.reason == "engine-refused"


def test_a_command_that_is_not_there_is_refused(engine, spec):
    container = engine.create(spec(command=("/no/such/thing",)))
    with pytest.raises(EngineError) as caught:
        engine.start(container)
    assert "no such" in caught.value.details


def test_logs_keep_an_unfinished_line(engine, start):
    container = start("printf 'one\\ntwo'")
    engine.wait(container, 20)
    assert engine.logs(container) == b"one\ntwo"


def test_names_are_unique(engine, spec):
    wanted = spec()
    engine.create(wanted)
    with pytest.raises(EngineError) as caught:
        engine.create(wanted)
    assert caught.value.reason == "name-in-use"


def test_an_image_that_is_not_there(engine, spec):
    with pytest.raises(EngineError) as caught:
        engine.create(replace(spec(), image=f"sha256:{'0' * 64}"))
    assert caught.value.reason == "image-missing"


def test_containers_by_labels(engine, spec):
    wanted = spec(labels={"part": "one"})
    engine.create(wanted)
    engine.create(spec(labels={"part": "two"}))
    assert [state.name for state in engine.containers({"cbuild.test": RUN, "part": "one"})] == [wanted.name]
    assert len(engine.containers({"cbuild.test": RUN})) == 2
    assert not engine.containers({"cbuild.test": RUN, "part": "three"})


def test_the_environment_is_what_was_given_and_nothing_else(output):
    """The same in both engines; SHLVL and PWD are the shell's own."""
    found = set(output("env", environment={"A": "1", "EMPTY": ""}, hostname="box").split())
    assert found == {"A=1", "EMPTY=", "PATH=/bin", "HOSTNAME=box", "HOME=/", "SHLVL=1", "PWD=/"}


def test_the_given_path_goes_over_the_images(output):
    assert "PATH=/other:/bin\n" in output("env", environment={"PATH": "/other:/bin"})


def test_the_images_command_runs_when_there_is_none(engine, start):
    container = start(command=())
    engine.wait(container, 20)
    assert engine.logs(container) == b"from the image\n"


def test_user_directory_and_hostname(output):
    assert output(
        "id -u; id -g; pwd; cat /proc/sys/kernel/hostname", user="30001:30002", workdir="/srv", hostname="h"
    ) == ("30001\n30002\n/srv\nh\n")


def test_no_privileges(output):
    """Every set of capabilities is empty, the bounding set, too; nothing gets new ones."""
    status = output("cat /proc/self/status")
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert f"{name}:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status
    assert "Seccomp:\t2" in status


def test_the_root_is_read_only(output):
    script = "for d in / /run /tmp /var /srv /etc; do touch $d/x 2>/dev/null && echo $d; done; echo done"
    assert output(script) == "done\n"


def test_tmpfs(output):
    found = output(
        "touch /tmp/x && grep ' /tmp ' /proc/mounts; grep ' /run ' /proc/mounts",
        tmpfs={"/tmp": "size=1m,mode=1777", "/run": "exec,size=2m"},
        user="30001:30001",
    ).splitlines()
    for line, size, execute in zip(found, ("1024k", "2048k"), (False, True), strict=True):
        options = line.split()[3].split(",")
        assert {"rw", "nosuid", "nodev", f"size={size}"} <= set(options)
        assert ("noexec" in options) is not execute


def test_binds(output, tmp_path):
    (tmp_path / "ro").mkdir()
    (tmp_path / "rw").mkdir()
    (tmp_path / "ro" / "file").write_text("seen")
    mounts = (Mount(tmp_path / "ro", "/srv"), Mount(tmp_path / "rw", "/var", read_only=False))
    assert output("cat /srv/file; touch /srv/new 2>/dev/null; echo made > /var/new", mounts=mounts) == "seen"
    assert (tmp_path / "rw" / "new").read_text() == "made\n"
    assert not (tmp_path / "ro" / "new").exists()


def test_a_bind_of_nothing_is_refused(engine, spec, tmp_path):
    with pytest.raises(EngineError) as caught:
        engine.start(engine.create(spec(mounts=(Mount(tmp_path / "nothing", "/srv"),))))
    assert "nothing" in caught.value.details
    assert not (tmp_path / "nothing").exists()


def test_no_network(output):
    assert output("ls /sys/class/net").split() == ["lo"]


def test_restart(engine, start, tmp_path):
    """With restart, a container that ends comes back; stop ends that."""
    container = start(
        "echo x >> /var/runs; sleep 0.2", restart=True, mounts=(Mount(tmp_path, "/var", read_only=False),)
    )
    deadline = time.monotonic() + 20
    while not (runs := tmp_path / "runs").exists() or runs.read_text().count("x") < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    engine.stop(container, 0)
    assert not engine.state(container).running


def test_two_containers_at_once_through_one_connection(engine, spec):
    """A build runs several parts at a time over one engine."""
    codes: dict[int, int] = {}

    def run(number: int) -> None:
        container = engine.create(spec(f"sleep 0.3; exit {number}"))
        engine.start(container)
        codes[number] = engine.wait(container, 30)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == {0: 0, 1: 1, 2: 2}


def test_interactive_names_the_engines_own_client(engine, running_engine):
    argv = engine.interactive("box", ["sh"], user="1:1")
    assert argv[0].endswith(engine.name)
    assert running_engine.url in argv
    assert list(argv[-5:]) == ["--interactive", "--user", "1:1", "box", "sh"]
