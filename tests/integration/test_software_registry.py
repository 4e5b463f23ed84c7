"""The store's OCI layout is one for other tools, too: skopeo, a real registry, and engines that pull from there."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from software_fixtures import Document, Store, command_part, project

PROFILE = "[buildout]\nparts = a\n\n" + command_part("a", "echo from the registry > ${:location}/text")


@pytest.fixture(scope="module")
def registry(tmp_path_factory) -> Iterator[str]:
    """HOST:PORT of Debian's docker-registry, on loopback, with nothing in it."""
    program = shutil.which("docker-registry")
    if program is None:
        pytest.fail("docker-registry is not installed (Debian: docker-registry)")
    directory = tmp_path_factory.mktemp("registry")
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{chosen.getsockname()[1]}"
    configuration = {
        "version": 0.1,
        "storage": {"filesystem": {"rootdirectory": str(directory / "data")}},
        "http": {"addr": address},
        "log": {"accesslog": {"disabled": True}, "level": "error"},
    }
    (directory / "config.yml").write_text(json.dumps(configuration))
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen([program, "serve", str(directory / "config.yml")], stdout=log, stderr=log)
    try:
        wait_for(f"http://{address}/v2/", directory / "log")
        yield address
    finally:
        process.terminate()
        process.wait(10)


def wait_for(url: str, log: Path) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with suppress(OSError):
            opener.open(url, timeout=5).close()
            return
        time.sleep(0.1)
    pytest.fail(f"the registry does not answer:\n{log.read_text()}")


def skopeo(*arguments: str) -> str:
    done = subprocess.run(["skopeo", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def push(store: Store, document: Document, registry: str) -> str:
    """Copy the image from the store's layout to the registry; return its name there, by digest."""
    image = document["image"]
    source = f"oci:{store.home.oci}:{image['reference']}"
    skopeo("copy", "-q", "--preserve-digests", "--dest-tls-verify=false", source, f"docker://{registry}/cbt/app:1")
    inspected = json.loads(skopeo("inspect", "--tls-verify=false", f"docker://{registry}/cbt/app:1"))
    assert inspected["Digest"] == image["digest"]
    return f"{registry}/cbt/app@{image['digest']}"


def pull(store: Store, name: str, config: str) -> None:
    """Let the engine forget the image and pull it from the registry."""
    url = store.engine.url
    if store.engine.name == "docker":
        import docker

        with_docker = docker.DockerClient(base_url=url)
        with_docker.images.remove(config, force=True)
        with_docker.images.pull(name)
    else:
        import podman

        with_podman = podman.PodmanClient(base_url=url.replace("unix://", "http+unix://"))
        with_podman.images.remove(config, force=True)
        with_podman.images.pull(name, tls_verify=False)


def test_an_image_travels_through_a_registry(store: Store, registry, tmp_path, run_image):
    document = store.build(project(tmp_path / "app", PROFILE))
    name = push(store, document, registry)
    pull(store, name, document["image"]["config"])
    output, image = run_image(store.engine, name, "cat", "/opt/cbuild/parts/a/text")
    assert output == "from the registry\n"
    assert image == document["image"]["config"], "the image is what cbuild said that it is"


def test_skopeo_reads_a_written_layout(shared_store, tmp_path):
    """What --output writes is a layout of its own; skopeo checks every digest on its way."""
    store = shared_store("docker")
    document = store.build(project(tmp_path / "app", PROFILE), "--no-load", "--output", str(tmp_path / "layout"))
    skopeo("copy", "-q", "--preserve-digests", f"oci:{tmp_path}/layout", f"dir:{tmp_path}/unpacked")
    manifest = json.loads((tmp_path / "unpacked" / "manifest.json").read_bytes())
    assert manifest["config"]["digest"] == document["image"]["config"]
