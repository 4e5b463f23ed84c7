"""A partition's start and change beside `docker run` of the same image, each until the service answers."""

from __future__ import annotations

import shutil
import socket
import time
from pathlib import Path

from bench.measure import in_turns, show
from bench.site import Site

SOFTWARE = Path(__file__).parent / "partition_software"
ROUNDS = 5
PORT = 8080
NETWORK = "cbuild-bench"
PREFIX = "fd5c:b1d0:be7c:1"
PATIENCE = 30
"""Seconds that a service may take to answer."""


def partition(site: Site) -> None:
    """Measure the first start, a changed parameter, and a run with nothing to change."""
    project = site.root / "bench-partition"
    shutil.copytree(SOFTWARE, project)
    image = site.cbuild("software", directory=project)["image"]["reference"]
    site.docker("network", "create", "--ipv6", f"--subnet={PREFIX}::/64", NETWORK)
    try:
        _measure(site, project, image)
    finally:
        for number in range(ROUNDS):
            site.cbuild("instance", f"bench{number}", "--destroy", directory=project)
            site.run("sh", "-c", f"docker rm -f {_name(number)} >/dev/null 2>&1; :")
        site.docker("network", "rm", NETWORK)


def _measure(site: Site, project: Path, image: str) -> None:
    def run(number: int, title: str) -> None:
        address = f"{PREFIX}::{number + 16:x}"
        limits = ("--memory=128m", "--cpus=1", "--pids-limit=100", "--cap-drop=ALL", "--read-only")
        arguments = ("/opt/cbuild/parts/server/bin/server", address, str(PORT), title)
        site.docker(
            "run", "-d", "--name", _name(number), "--network", NETWORK, "--ip6", address, *limits, image, *arguments
        )
        _answers(address, title)

    def again(number: int, title: str) -> None:
        site.docker("rm", "-f", _name(number))
        run(number, title)

    def instance(number: int, title: str) -> None:
        document = site.cbuild("instance", f"bench{number}", "--param", f"title={title}", directory=project)
        _answers(document["partitions"][0]["ipv6"], title)

    peer = "docker run"
    times = in_turns([(peer, lambda n: run(n, "one")), ("cbuild instance", lambda n: instance(n, "one"))], ROUNDS)
    show("A new partition, until its page is there", times)
    times = in_turns(
        [("docker rm -f, docker run", lambda n: again(n, "two")), ("cbuild instance", lambda n: instance(n, "two"))],
        ROUNDS,
    )
    show("A changed parameter, until the new page is there", times)
    times = in_turns(
        [
            ("docker inspect", lambda n: site.docker("inspect", _name(n))),
            ("cbuild instance", lambda n: instance(n, "two")),
        ],
        ROUNDS,
    )
    show("Nothing to change (docker inspect: what asking the engine costs from a command line)", times)


def _name(number: int) -> str:
    return f"cbuild-bench-peer{number}"


def _answers(address: str, title: str) -> None:
    """Return when the service at address serves a page with title."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            with socket.create_connection((address, PORT), 1) as connection:
                connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
                if title.encode() in connection.recv(1000):
                    return
        except OSError:
            time.sleep(0.01)
    raise TimeoutError(f"[{address}]:{PORT} does not serve {title}")
