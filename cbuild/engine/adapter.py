"""The Engine protocol, as far as it is the same for both engines: what is asked, in which order, and what it means."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

from cbuild.canonical import sha256_bytes
from cbuild.engine.api import ContainerSpec, ContainerState, ExecResult, LoadableImage
from cbuild.engine.archive import Sent, check_layers, docker_archive
from cbuild.engine.asking import Asking
from cbuild.engine.environment import container_environment
from cbuild.engine.failures import is_missing
from cbuild.engine.readback import Document, check_enforced, refuse_unsupported, state_of
from cbuild.errors import EngineError
from cbuild.events import Event

#: Bytes of output that an engine keeps for a container; then the oldest goes.
LOG_SIZE = 10 * 1024 * 1024


class Adapter(Asking):
    """An engine, put together from what its subclass knows to ask."""

    def version(self) -> str:
        """Return the engine's version; the cheapest way to see that it answers."""
        with self._asked("tell its version"):
            return self._ping()

    def load(self, image: LoadableImage) -> str:
        """Make image available; send only the layers that the engine lacks; check the ID; return the image ID."""
        image_id = sha256_bytes(image.config)
        try:
            check_layers(image)
        except ValueError as error:
            raise EngineError(str(error), reason="image-id-mismatch", resolution="Assemble the image again.") from error
        if self.has_image(image_id):
            self._ensure_reference(image_id, image.reference)
            return image_id
        sent = self._load(image)
        self._report(
            Event(
                "loaded",
                image.reference,
                f"Loaded {image.reference} into {self.name} (layers: {sent.layers} sent, {sent.skipped} were there).",
                {"bytes": sent.bytes, "layers_sent": sent.layers, "layers_skipped": sent.skipped},
            )
        )
        self._check_id(image, image_id)
        return image_id

    def _load(self, image: LoadableImage) -> Sent:
        doing = f"load {image.reference}"
        with self._asked("list its layers"):
            skip = self._present(tuple(layer.diff_id for layer in image.layers))
        sent = Sent()
        if skip:
            try:
                with self._asked(doing):
                    self._send(docker_archive(image, skip, sent))
            except EngineError as error:
                # An image may have been removed since its layers were listed, or the engine insists on whole files.
                if error.reason == "engine-gone":
                    raise
                self._report(Event("debug", image.reference, f"Sending every layer: {error.details}"))
            else:
                return sent
        sent.layers = sent.skipped = 0
        with self._asked(doing):
            self._send(docker_archive(image, frozenset(), sent))
        return sent

    def _check_id(self, image: LoadableImage, image_id: str) -> None:
        with self._asked(f"inspect {image.reference}"):
            found = self._with_prefix(str(self._inspect_image(image.reference)["Id"]))
        if found != image_id:
            raise EngineError(
                f"{self.name} gave {image.reference} another image ID than its config's digest",
                reason="image-id-mismatch",
                details=f"expected {image_id}, got {found}",
                resolution=(
                    "With Docker's containerd image store the ID is the manifest's digest: turn it off "
                    '({"features": {"containerd-snapshotter": false}} in daemon.json), or use Podman.'
                ),
            )

    def _ensure_reference(self, image_id: str, reference: str) -> None:
        with suppress(EngineError), self._asked(f"inspect {reference}"):
            if self._with_prefix(str(self._inspect_image(reference)["Id"])) == image_id:
                return
        repository, separator, tag = reference.rpartition(":")
        if not separator or "/" in tag:
            repository, tag = reference, "latest"
        with self._asked(f"tag {reference}"):
            self._tag(image_id, repository, tag)

    @staticmethod
    def _with_prefix(image_id: str) -> str:
        return image_id if image_id.startswith("sha256:") else f"sha256:{image_id}"

    def has_image(self, image: str) -> bool:
        """Tell whether an image with this ID (``sha256:…``) or reference is there."""
        return self._image(image) is not None

    def _image(self, image: str) -> Document | None:
        try:
            with self._asked(f"inspect {image}"):
                return self._inspect_image(image)
        except EngineError as error:
            if is_missing(error):
                return None
            raise

    def remove_image(self, image: str) -> None:
        """Remove an image if it is there: a reference, or an ID with all its references."""
        document = self._image(image)
        if document is None:
            return
        by_id = image.startswith("sha256:")
        for reference in (document.get("RepoTags") or [image]) if by_id else [image]:
            with self._unless_missing(), self._asked(f"remove the image {reference}"):
                self._delete_image(reference)

    def create(self, spec: ContainerSpec) -> str:
        """Create (not start) a container; return its ID. Refuses what it can't enforce."""
        refuse_unsupported(self.name, spec)
        document = self._image(spec.image)
        if document is None:
            raise EngineError(
                f"{self.name} has no image {spec.image} to create {spec.name} from",
                reason="image-missing",
                resolution="Load the image first (cbuild software).",
            )
        environment = container_environment((document.get("Config") or {}).get("Env"), spec.environment)
        with self._asked(f"create {spec.name}"):
            container = self._create(spec, environment)
        try:
            with self._asked(f"inspect {spec.name}"):
                created = self._inspect(container)
            check_enforced(self.name, spec, created)
        except EngineError:
            self.remove(container)
            raise
        return container

    def start(self, container: str) -> None:
        """Start a created or stopped container."""
        with self._asked(f"start {container}"):
            self._start(container)

    def wait(self, container: str, timeout: float | None = None) -> int:
        """Wait until the container has ended; return its exit code. TimeoutError when timeout seconds have passed."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            # In slices: an engine that hangs is seen, and a connection that was lost on the way doesn't wait for ever.
            left = 60.0 if deadline is None else min(60.0, deadline - time.monotonic())
            with self._asked(f"wait for {container}"):
                code = self._wait(container, max(left, 0.01))
            if code is not None:
                return code
            if deadline is not None and time.monotonic() >= deadline:
                raise TimeoutError(f"{container} still runs after {timeout} s")

    def stop(self, container: str, timeout: int = 10) -> None:
        """Stop a container (TERM, then KILL after timeout seconds); one that doesn't run, or isn't there, is fine."""
        with self._unless_missing(), self._asked(f"stop {container}"):
            self._stop(container, timeout)

    def remove(self, container: str) -> None:
        """Remove a container, killing it if it runs; one that isn't there is fine."""
        with self._unless_missing(), self._asked(f"remove {container}"):
            self._remove(container)

    def state(self, container: str) -> ContainerState | None:
        """Return what the engine says about it, measured now; None if there is none."""
        try:
            with self._asked(f"inspect {container}"):
                return state_of(self._inspect(container))
        except EngineError as error:
            if is_missing(error):
                return None
            raise

    def containers(self, labels: Mapping[str, str]) -> Sequence[ContainerState]:
        """Return all containers, running or not, that have all these labels; sorted by name."""
        with self._asked("list containers"):
            found = self._list([f"{name}={value}" for name, value in labels.items()])
        states = (self.state(container) for container in found)
        return sorted((state for state in states if state is not None), key=lambda state: state.name)

    def execute(
        self, container: str, command: Sequence[str], user: str = "", environment: Mapping[str, str] | None = None
    ) -> ExecResult:
        """Run a command in a running container and wait for it."""
        with self._asked(f"run {command[0]} in {container}"):
            return self._execute(container, command, user, environment or {})

    def logs(self, container: str) -> bytes:
        """Return the container's output so far (the last LOG_SIZE bytes), both streams, de-multiplexed."""
        with self._asked(f"read the output of {container}"):
            return self._logs(container)

    def ensure_network(self, name: str, subnet: str) -> None:
        """Make sure that a bridge network with this IPv6 subnet exists; another subnet under the name is an error."""
        try:
            wanted = ipaddress.IPv6Network(subnet)
        except ValueError as error:
            raise EngineError(
                f"{subnet} is not an IPv6 subnet, which the network {name} needs",
                reason="engine-refused",
                details=str(error),
                resolution="Give it as fd12:3456:789a:1::/64, without bits below the prefix.",
            ) from error
        found = self._found_subnets(name)
        if found is None:
            try:
                with self._asked(f"make the network {name} ({wanted})"):
                    self._create_network(name, wanted)
            except EngineError:
                # Another cbuild may have made it in the meantime.
                found = self._found_subnets(name)
                if found is None:
                    raise
        if found is not None and wanted not in found:
            raise EngineError(
                f"{self.name} has a network {name} with another subnet",
                reason="network-differs",
                details=f"asked {wanted}, found {', '.join(map(str, found)) or 'none'}",
                resolution="Remove that network, or choose another name.",
            )

    def _found_subnets(self, name: str) -> Sequence[ipaddress.IPv6Network] | None:
        try:
            with self._asked(f"inspect the network {name}"):
                return [ipaddress.IPv6Network(subnet) for subnet in self._subnets(name) if ":" in subnet]
        except EngineError as error:
            if is_missing(error):
                return None
            raise

    def remove_network(self, name: str) -> None:
        """Remove a network if it is there."""
        with self._unless_missing(), self._asked(f"remove the network {name}"):
            self._remove_network(name)
