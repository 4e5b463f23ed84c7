"""The loaded image through somebody else's eyes: testcontainers, on both engines' Docker API."""

from __future__ import annotations

import pytest
from conftest import RUN


@pytest.fixture
def docker_container(running_engine, monkeypatch):
    """testcontainers' DockerContainer, talking to the engine."""
    monkeypatch.setenv("DOCKER_HOST", running_engine.url)
    monkeypatch.setenv("TESTCONTAINERS_RYUK_DISABLED", "true")
    from testcontainers.core.config import testcontainers_config
    from testcontainers.core.container import DockerContainer

    # Ryuk is an image on a registry; the containers are stopped by their with-blocks.
    monkeypatch.setattr(testcontainers_config, "ryuk_disabled", True)
    return DockerContainer


def test_the_loaded_image_runs(docker_container, small_image):
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy

    reference = f"localhost/{RUN}:base"
    command = ["/bin/sh", "-c", "echo hello from $(id -u); sleep 60"]
    with (
        docker_container(reference, network_mode="none")
        .with_command(command)
        .waiting_for(LogMessageWaitStrategy("hello")) as container
    ):
        wrapped = container.get_wrapped_container()
        assert wrapped.image.id == small_image
        stdout, stderr = container.get_logs()
        assert (stdout, stderr) == (b"hello from 0\n", b"")
        assert container.exec(["/bin/echo", "inside"]).output.strip() == b"inside"


def test_the_images_own_command_runs(docker_container, small_image):
    with docker_container(small_image, network_mode="none") as container:
        assert container.get_wrapped_container().wait()["StatusCode"] == 0
        assert container.get_logs()[0] == b"from the image\n"
