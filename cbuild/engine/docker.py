"""Docker through docker-py's low-level client: its high-level one hides parts of the API that are needed here.

Imported by cbuild.engine.select alone.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import docker
import docker.errors
import requests

from cbuild.engine.adapter import LOG_SIZE, Adapter
from cbuild.engine.api import ContainerSpec, ExecResult
from cbuild.engine.archive import chain_prefix
from cbuild.engine.asking import PROBE_TIMEOUT
from cbuild.engine.environment import as_list
from cbuild.engine.failures import timed_out
from cbuild.engine.network import gateway
from cbuild.engine.readback import BACKGROUND_SHARES, CPU_PERIOD, Document, cpu_quota
from cbuild.engine.terminal import arguments
from cbuild.engine.tmpfs import tmpfs_options
from cbuild.events import Report, silent

#: The first API version (Docker 27.0) that knows gateway_mode_ipv6.
_ROUTED_API = "1.46"

#: A version of the API that every Docker since 20.10 has, for requests that name none.
_ANY_API = "1.41"


class DockerEngine(Adapter):
    """A dockerd. Raises EngineError (engine-absent) when nothing answers at url."""

    name = "docker"
    sdk_error = docker.errors.DockerException

    def __init__(self, url: str, report: Report = silent) -> None:
        super().__init__(url, report)
        # With base_url given, docker-py looks at no context. TLS for tcp:// comes from DOCKER_TLS_VERIFY as usual.
        self._options: dict[str, Any] = {"base_url": url}
        if url.startswith("tcp://") and (tls := docker.utils.kwargs_from_env().get("tls")):
            self._options["tls"] = tls
        with self._asked("answer"), self._probe() as probe:
            #: Podman answers on Docker's API, too; its own serves it better.
            self.is_podman = "Libpod-API-Version" in probe.get(f"{probe.base_url}/_ping").headers
            version = _ANY_API if self.is_podman else probe.version(api_version=False)["ApiVersion"]
            # No time limit: building a part may be silent for an hour. A dead daemon closes its socket.
            self._client = docker.APIClient(version=version, timeout=None, **self._options)

    def _probe(self) -> closing[docker.APIClient]:
        # With a version given, docker-py asks for none; what a probe asks is the same in all of them.
        return closing(docker.APIClient(version=_ANY_API, timeout=PROBE_TIMEOUT, **self._options))

    def _ping(self) -> str:
        with self._probe() as probe:
            return str(probe.version(api_version=False)["Version"])

    def _inspect_image(self, image: str) -> Document:
        found: Document = self._client.inspect_image(image)
        return found

    def _present(self, wanted: tuple[str, ...]) -> AbstractSet[str]:
        return chain_prefix(wanted, self._stacks())

    def _stacks(self) -> Iterator[tuple[str, ...]]:
        # Not all=True: that lists images between the steps of a build, too, whose layers are a child's lowest. To look
        # at one takes 4 ms, and `docker build` leaves one a step.
        for image in self._client.images():
            try:
                yield tuple(self._client.inspect_image(image["Id"])["RootFS"].get("Layers") or ())
            except docker.errors.NotFound:  # removed since it was listed
                continue

    def _send(self, archive: Iterator[bytes]) -> None:
        for line in self._client.load_image(archive, quiet=True):
            if "error" in line:
                raise docker.errors.DockerException(line["error"])

    def _tag(self, image: str, repository: str, tag: str) -> None:
        self._client.tag(image, repository, tag)

    def _delete_image(self, image: str) -> None:
        self._client.remove_image(image)

    def _create(self, spec: ContainerSpec, environment: Mapping[str, str]) -> str:
        config = {
            "Image": spec.image,
            "Env": as_list(environment),
            "User": spec.user,
            "WorkingDir": spec.workdir,
            "Hostname": spec.hostname,
            "Labels": dict(spec.labels),
            "StopTimeout": spec.stop_timeout,
            "HostConfig": _host_config(spec),
        }
        if spec.command:
            # As the entrypoint: then neither the image's entrypoint nor its command is used.
            config |= {"Entrypoint": list(spec.command), "Cmd": []}
        if spec.address is not None:
            endpoint = {"IPAMConfig": {"IPv6Address": spec.address.ipv6}}
            config["NetworkingConfig"] = {"EndpointsConfig": {spec.address.network: endpoint}}
        made = self._client.create_container_from_config(config, spec.name)
        self._warn(spec.name, made.get("Warnings"))
        return str(made["Id"])

    def _start(self, container: str) -> None:
        self._client.start(container)

    def _wait(self, container: str, timeout: float) -> int | None:
        try:
            answer = self._client.wait(container, timeout=timeout)
        except requests.RequestException as error:
            if timed_out(error):
                return None
            raise
        if answer.get("Error"):
            raise docker.errors.DockerException(answer["Error"].get("Message", "wait failed"))
        return int(answer["StatusCode"])

    def _stop(self, container: str, timeout: int) -> None:
        self._client.stop(container, timeout=timeout)

    def _remove(self, container: str) -> None:
        try:
            self._client.remove_container(container, v=True, force=True)
        except docker.errors.APIError as error:
            # Somebody else removes it at this moment: what was wanted.
            if "is already in progress" not in str(error.explanation):
                raise

    def _inspect(self, container: str) -> Document:
        found: Document = self._client.inspect_container(container)
        return found

    def _list(self, labels: Sequence[str]) -> Sequence[str]:
        return [found["Id"] for found in self._client.containers(all=True, filters={"label": list(labels)})]

    def _execute(self, container: str, command: Sequence[str], user: str, environment: Mapping[str, str]) -> ExecResult:
        session = self._client.exec_create(container, list(command), user=user, environment=as_list(environment))["Id"]
        stdout, stderr = self._client.exec_start(session, demux=True)
        code = self._client.exec_inspect(session)["ExitCode"]
        return ExecResult(int(code), stdout or b"", stderr or b"")

    def _logs(self, container: str) -> bytes:
        return bytes(self._client.logs(container, stdout=True, stderr=True))

    def _subnets(self, network: str) -> Sequence[str]:
        configs = self._client.inspect_network(network)["IPAM"].get("Config") or ()
        return [config["Subnet"] for config in configs]

    def _create_network(self, name: str, subnet: ipaddress.IPv6Network) -> None:
        made = self._client.create_network(
            name,
            driver="bridge",
            check_duplicate=True,
            enable_ipv6=True,
            options=network_options(self._client.api_version),
            ipam={"Driver": "default", "Config": [{"Subnet": str(subnet), "Gateway": gateway(subnet)}]},
        )
        if self.url.startswith("unix:"):
            skip_address_detection(f"br-{made['Id'][:12]}")

    def _remove_network(self, name: str) -> None:
        self._client.remove_network(name)

    def interactive(self, container: str, command: Sequence[str], user: str = "") -> Sequence[str]:
        """Return the argv of the docker client that runs command in a running container, here."""
        return arguments(self.name, ("--host", self.url), container, command, user)


def network_options(api_version: str) -> dict[str, str]:
    """Return the bridge driver's options for a network without NAT, for a daemon with this API version (``1.41``)."""
    # 20.10 does no NAT for IPv6; what masquerading there is (IPv4, and IPv6 where ip6tables is on) is turned off.
    options = {"com.docker.network.bridge.enable_ip_masquerade": "false"}
    if docker.utils.version_gte(api_version, _ROUTED_API):
        options["com.docker.network.bridge.gateway_mode_ipv6"] = "routed"
    return options


def skip_address_detection(interface: str) -> None:
    """Let the host's address on a bridge of this machine be usable at once, where this process may say so.

    Duplicate address detection (RFC 4862) takes 1 to 2 s from when the first container is attached; Docker turns it off
    for the containers' addresses, not for the bridge's. Nobody else can have that one: the subnet is the host's own.
    """
    with suppress(OSError):
        Path(f"/proc/sys/net/ipv6/conf/{interface}/accept_dad").write_text("0")


def _host_config(spec: ContainerSpec) -> dict[str, Any]:
    limits = spec.limits
    host: dict[str, Any] = {
        "ReadonlyRootfs": True,
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges"],
        "NetworkMode": spec.address.network if spec.address else "none",
        # Mounts, not Binds: a source that isn't there is an error, not a new directory owned by root.
        "Mounts": [
            {"Type": "bind", "Source": str(mount.source), "Target": mount.target, "ReadOnly": mount.read_only}
            for mount in spec.mounts
        ],
        "Tmpfs": {target: ",".join(tmpfs_options(options)) for target, options in spec.tmpfs.items()},
        "LogConfig": {"Type": "json-file", "Config": {"max-size": str(LOG_SIZE // 2), "max-file": "2"}},
        "RestartPolicy": {"Name": "unless-stopped" if spec.restart else "no"},
    }
    if limits.memory is not None:
        # Memory and swap together: swap adds nothing to the limit.
        host |= {"Memory": limits.memory, "MemorySwap": limits.memory}
    if limits.cpu is not None:
        host |= {"CpuPeriod": CPU_PERIOD, "CpuQuota": cpu_quota(limits.cpu)}
    if spec.background:
        host["CpuShares"] = BACKGROUND_SHARES
    if limits.pids is not None:
        host["PidsLimit"] = limits.pids
    if limits.open_files is not None:
        host["Ulimits"] = [{"Name": "nofile", "Soft": limits.open_files, "Hard": limits.open_files}]
    return host
