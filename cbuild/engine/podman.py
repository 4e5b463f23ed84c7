"""Podman through podman-py: its HTTP session (``client.api``) where its own methods fall short of the libpod API.

Where they do (podman-py 5.8): ``create`` refuses tmpfs, drops ``nano_cpus`` without a word, and knows neither
``unsetenvall`` nor ``manage_password``; ``networks.create`` can't name the bridge; ``exec_run`` leaves the headers in
the output; ``images.load`` keeps the whole tar in memory; ``wait`` polls four times a second.

Imported by cbuild.engine.select alone.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any
from urllib.parse import quote

import podman
import podman.errors
import requests
from podman.api.client import APIResponse

from cbuild.engine.adapter import LOG_SIZE, Adapter
from cbuild.engine.api import ContainerSpec, ExecResult
from cbuild.engine.asking import PROBE_TIMEOUT
from cbuild.engine.environment import as_list
from cbuild.engine.failures import timed_out
from cbuild.engine.network import bridge_name, gateway
from cbuild.engine.readback import BACKGROUND_SHARES, CPU_PERIOD, Document, cpu_quota
from cbuild.engine.rlimits import default_limits
from cbuild.engine.stream import joined, separate
from cbuild.engine.terminal import arguments
from cbuild.engine.tmpfs import tmpfs_options
from cbuild.events import Report, silent

_JSON = {"Content-Type": "application/json"}


class PodmanEngine(Adapter):
    """A Podman service. Raises EngineError when nothing answers at url."""

    name = "podman"
    sdk_error = podman.errors.PodmanError

    def __init__(self, url: str, report: Report = silent) -> None:
        super().__init__(url, report)
        with self._asked("answer"):
            self._ping()
            # No time limit: building a part may be silent for an hour. A dead service closes its socket.
            self._client = podman.PodmanClient(base_url=url)

    def _ping(self) -> str:
        with podman.PodmanClient(base_url=self.url, timeout=PROBE_TIMEOUT) as probe:
            # Not /version: it asks dpkg or rpm about every helper program, which takes 0.4 s. libpod's API has the
            # number of the Podman that serves it.
            response = probe.api.get("/_ping")
            response.raise_for_status()
            return str(response.headers["Libpod-API-Version"])

    def _get(self, path: str, **params: object) -> Any:  # noqa: ANN401 - whatever JSON the service answers
        response = self._client.api.get(path, params=params)
        response.raise_for_status()
        return response.json()

    def _post(self, path: str, body: object = None, **params: object) -> APIResponse:
        data = None if body is None else json.dumps(body)
        response = self._client.api.post(path, data=data, headers=_JSON, params=params)
        response.raise_for_status()
        return response

    def _delete(self, path: str, **params: object) -> None:
        self._client.api.delete(path, params=params).raise_for_status()

    def _inspect_image(self, image: str) -> Document:
        found: Document = self._get(f"/images/{_segment(image)}/json")
        return found

    def _present(self, wanted: tuple[str, ...]) -> AbstractSet[str]:
        there: set[str] = set()
        for image in self._get("/images/json", all="true"):
            try:
                there.update(self._inspect_image(image["Id"])["RootFS"].get("Layers") or ())
            except podman.errors.NotFound:
                continue
        return there & set(wanted)

    def _send(self, archive: Iterator[bytes]) -> None:
        headers = {"Content-Type": "application/x-tar"}
        # A generator is sent in chunks by requests, whatever podman-py's annotation says.
        body: Any = archive
        self._client.api.post("/images/load", data=body, headers=headers).raise_for_status()

    def _tag(self, image: str, repository: str, tag: str) -> None:
        self._post(f"/images/{_segment(image)}/tag", repo=repository, tag=tag)

    def _delete_image(self, image: str) -> None:
        # Never force: it would remove the containers that were made from the image, too.
        self._delete(f"/images/{_segment(image)}")

    def _create(self, spec: ContainerSpec, environment: Mapping[str, str]) -> str:
        made = self._post("/containers/create", self._specification(spec, environment)).json()
        self._warn(spec.name, made.get("Warnings"))
        return str(made["Id"])

    def _specification(self, spec: ContainerSpec, environment: Mapping[str, str]) -> dict[str, Any]:
        """Return libpod's SpecGenerator document."""
        document: dict[str, Any] = {
            "name": spec.name,
            "image": spec.image.removeprefix("sha256:"),
            "env": dict(environment),
            # Neither TERM, container=podman nor the image's own variables (they are in env already) ...
            "unsetenvall": True,
            # ... nor the service's proxies.
            "httpproxy": False,
            "user": spec.user,
            "work_dir": spec.workdir,
            "hostname": spec.hostname,
            "labels": dict(spec.labels),
            "stop_timeout": spec.stop_timeout,
            "restart_policy": "unless-stopped" if spec.restart else "no",
            "read_only_filesystem": True,
            "read_write_tmpfs": False,
            "cap_drop": ["ALL"],
            "no_new_privileges": True,
            "ipcns": {"nsmode": "private"},
            "mounts": _mounts(spec),
            "resource_limits": _resources(spec),
            "r_limits": self._rlimits(spec),
            "log_configuration": {"driver": "k8s-file", "size": LOG_SIZE},
            # Podman would write the user into /etc/passwd, the host's /etc/hosts into the container's, and guess
            # from the command's name that systemd runs inside.
            "manage_password": False,
            "base_hosts_file": "none",
            "systemd": "false",
            "sdnotifyMode": "ignore",
        }
        if spec.command:
            # As the entrypoint: then neither the image's entrypoint nor its command is used.
            document |= {"entrypoint": list(spec.command), "command": []}
        if spec.address is None:
            document["netns"] = {"nsmode": "none"}
        else:
            document["netns"] = {"nsmode": "bridge"}
            document["networks"] = {spec.address.network: {"static_ips": [spec.address.ipv6]}}
        return document

    def _rlimits(self, spec: ContainerSpec) -> list[dict[str, Any]]:
        limits = default_limits() if self.url.startswith("unix:") else {}
        if spec.limits.open_files is not None:
            limits["nofile"] = spec.limits.open_files
        return [{"type": name, "soft": value, "hard": value} for name, value in sorted(limits.items())]

    def _start(self, container: str) -> None:
        self._post(f"/containers/{container}/start")

    def _wait(self, container: str, timeout: float) -> int | None:
        params = {"condition": ["stopped", "exited"], "interval": "20ms"}
        try:
            response = self._client.api.post(f"/containers/{container}/wait", params=params, timeout=timeout)
        except (requests.RequestException, podman.errors.APIError) as error:
            if timed_out(error):
                return None
            raise
        response.raise_for_status()
        return int(response.json())

    def _stop(self, container: str, timeout: int) -> None:
        self._post(f"/containers/{container}/stop", timeout=timeout)

    def _remove(self, container: str) -> None:
        self._delete(f"/containers/{container}", force="true", v="true", timeout=0)

    def _inspect(self, container: str) -> Document:
        found: Document = self._get(f"/containers/{container}/json")
        return found

    def _list(self, labels: Sequence[str]) -> Sequence[str]:
        filters = json.dumps({"label": list(labels)})
        return [found["Id"] for found in self._get("/containers/json", all="true", filters=filters)]

    def _execute(self, container: str, command: Sequence[str], user: str, environment: Mapping[str, str]) -> ExecResult:
        streams = {"AttachStdout": True, "AttachStderr": True}
        body = {"Cmd": list(command), "User": user, "Env": as_list(environment), **streams}
        session = self._post(f"/containers/{container}/exec", body).json()["Id"]
        output = self._post(f"/exec/{session}/start", {"Detach": False, "Tty": False}).content
        code = self._get(f"/exec/{session}/json")["ExitCode"]
        return ExecResult(int(code), *separate(output))

    def _logs(self, container: str) -> bytes:
        response = self._client.api.get(f"/containers/{container}/logs", params={"stdout": "true", "stderr": "true"})
        response.raise_for_status()
        return joined(response.content)

    def _subnets(self, network: str) -> Sequence[str]:
        found = self._get(f"/networks/{_segment(network)}/json")
        return [entry["subnet"] for entry in found.get("subnets") or ()]

    def _create_network(self, name: str, subnet: ipaddress.IPv6Network) -> None:
        self._post(
            "/networks/create",
            {
                "name": name,
                "driver": "bridge",
                # An IPv6 subnet alone: there is no IPv4 at all.
                "subnets": [{"subnet": str(subnet), "gateway": gateway(subnet)}],
                "network_interface": bridge_name(self.url, name),
                "dns_enabled": False,
            },
        )

    def _remove_network(self, name: str) -> None:
        self._delete(f"/networks/{_segment(name)}")

    def interactive(self, container: str, command: Sequence[str], user: str = "") -> Sequence[str]:
        """Return the argv of the podman client that runs command in a running container, here."""
        return arguments(self.name, ("--url", self.url), container, command, user)


def _segment(name: str) -> str:
    """Return an image's or network's name as one segment of a URL's path; an image ID without its ``sha256:``."""
    return quote(name.removeprefix("sha256:"), safe="")


def _mounts(spec: ContainerSpec) -> list[dict[str, Any]]:
    binds = [
        {
            "type": "bind",
            "source": str(mount.source),
            "destination": mount.target,
            "options": ["ro" if mount.read_only else "rw", "rbind", "rprivate"],
        }
        for mount in spec.mounts
    ]
    tmpfs = [
        # Docker's tmpfs starts empty; Podman's would start with a copy of what the image has there.
        {"type": "tmpfs", "source": "tmpfs", "destination": target, "options": [*tmpfs_options(options), "notmpcopyup"]}
        for target, options in spec.tmpfs.items()
    ]
    return binds + tmpfs


def _resources(spec: ContainerSpec) -> dict[str, Any]:
    """Return the limits as the OCI runtime specification's ``linux.resources`` has them."""
    limits, resources = spec.limits, dict[str, Any]()
    if limits.memory is not None:
        # "swap" is memory and swap together: swap adds nothing to the limit.
        resources["memory"] = {"limit": limits.memory, "swap": limits.memory}
    cpu: dict[str, int] = {}
    if limits.cpu is not None:
        cpu |= {"period": CPU_PERIOD, "quota": cpu_quota(limits.cpu)}
    if spec.background:
        cpu |= {"shares": BACKGROUND_SHARES}
    if cpu:
        resources["cpu"] = cpu
    if limits.pids is not None:
        resources["pids"] = {"limit": limits.pids}
    return resources
