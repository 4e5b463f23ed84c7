"""The private Podman service's places and configuration."""

from __future__ import annotations

import os
import subprocess
import tomllib
from pathlib import Path

import pytest

from cbuild.engine import service
from cbuild.errors import EngineError
from cbuild.state.home import Home


def test_all_below_a_short_home():
    found = service.Service.of(Home(Path("/srv/cb")))
    assert found.root == Path("/srv/cb/podman")
    assert found.run.parent == found.root
    assert found.url == f"unix://{found.run}/podman.sock"


def test_a_long_home_has_its_sockets_elsewhere():
    """Podman takes no runroot of more than 50 characters, the kernel no socket path of more than 107."""
    long = Path("/home") / ("x" * 100)
    one, other = (service.Service.of(Home(long / name)) for name in "ab")
    for found in (one, other):
        assert len(str(found.run)) <= 50
        assert found.root.is_relative_to(long)
    assert one.run != other.run
    assert one == service.Service.of(Home(long / "a"))


def test_every_directory_that_podman_writes_to_is_its_own():
    found = service.Service.of(Home(Path("/srv/cb")))
    argv = service.arguments("/usr/bin/podman", found)
    for option in ("--root=", "--runroot=", "--tmpdir=", "--volumepath=", "--network-config-dir="):
        (value,) = (argument.removeprefix(option) for argument in argv if argument.startswith(option))
        assert Path(value).is_relative_to("/srv/cb/podman")
    assert argv[-2:] == ["--time=0", found.url]


@pytest.mark.parametrize("may_raise", [True, False])
@pytest.mark.parametrize("systemd", [True, False])
@pytest.mark.parametrize("runtime", [None, "runc"])
def test_configuration(monkeypatch, may_raise, systemd, runtime):
    monkeypatch.setattr(service, "may_raise_limits", lambda: may_raise)
    found = tomllib.loads(service.containers_conf(runtime, Path("/c"), systemd=systemd))
    assert ("default_ulimits" in found["containers"]) is not may_raise
    assert ("cgroup_manager" in found["engine"]) is not systemd
    assert found["engine"].get("runtime") == runtime
    assert found["engine"]["conmon_path"] == ["/c"]
    assert found["engine"]["lock_type"] == "file"


def test_the_wrapper_runs_conmon_where_the_container_is(tmp_path, monkeypatch):
    """With its arguments as they are, whatever is in them."""
    tools = tmp_path / "to ols"
    tools.mkdir()
    (tools / "conmon").write_text('#!/bin/sh\npwd\nprintf "<%s>" "$@"\n')
    (tools / "conmon").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    bundle = tmp_path / "bun dle"
    bundle.mkdir()
    wrapper = service._conmon(service.Service(tmp_path, tmp_path))
    done = subprocess.run(
        [wrapper, "-c", "1", "-b", bundle, "-l", "a 'b' $c"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{bundle}\n<-c><1><-b><{bundle}><-l><a 'b' $c>"


def test_without_podman(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineError) as caught:
        service.ensure(Home(tmp_path))
    assert caught.value.reason == "engine-absent"


def test_another_process_with_the_number_is_left_alone(tmp_path):
    """After a reboot the number in the file may be anybody's."""
    home = Home(tmp_path)
    found = service.Service.of(home)
    found.run.mkdir(parents=True)
    with subprocess.Popen(["sleep", "60"]) as innocent:
        found.pid.write_text(str(innocent.pid))
        service.stop(home)
        assert innocent.poll() is None
        innocent.kill()


def test_a_directory_of_somebody_elses_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setattr(service.os, "getuid", lambda: 12345)
    monkeypatch.setattr(service.shutil, "which", lambda _name, **_path: "/usr/bin/podman")
    with pytest.raises(EngineError, match="another user"):
        service.ensure(Home(tmp_path))
