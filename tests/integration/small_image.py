"""An image of one static busybox, made without a registry."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

import pytest

from cbuild.canonical import canonical_json, sha256_bytes
from cbuild.engine.api import LayerFile, LoadableImage

APPLETS = (
    *("sh", "cat", "echo", "env", "grep", "head", "httpd", "id", "ls"),
    *("sleep", "tail", "timeout", "touch", "true", "wget", "yes"),
)

DIRECTORIES = ("dev", "etc", "proc", "run", "srv", "sys", "tmp", "var")


def busybox() -> bytes:
    """Return a static busybox: the machine's own, else the one from Debian's busybox-static."""
    found = shutil.which("busybox")
    if found and _is_static(Path(found)):
        return Path(found).read_bytes()
    with tempfile.TemporaryDirectory() as directory:
        # Refresh apt's lists only when they have no such package (a fresh container has none at all).
        steps = (["apt-get", "download", "busybox-static"],)
        for command in (*steps, ["apt-get", "update"], *steps):
            done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
            package = next(Path(directory).glob("busybox-static*.deb"), None)
            if package is not None:
                subprocess.run(["dpkg-deb", "-x", str(package), directory], check=True)
                return (Path(directory) / "bin" / "busybox").read_bytes()
    pytest.fail(f"there is no static busybox, and apt can't give one: {done.stderr}")


def _is_static(program: Path) -> bool:
    listed = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=False)
    return "not a dynamic executable" in listed.stdout + listed.stderr


def layer(directory: Path, files: dict[str, bytes | None], links: dict[str, str] | None = None) -> LayerFile:
    """Write an uncompressed layer of executable files (None: a directory) and symbolic links; return it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.mode = 0o1777 if name == "tmp" else 0o755
            info.type = tarfile.DIRTYPE if data is None else tarfile.REGTYPE
            info.size = len(data or b"")
            archive.addfile(info, io.BytesIO(data or b""))
        for name, target in (links or {}).items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            archive.addfile(info)
    data = buffer.getvalue()
    digest = sha256_bytes(data)
    path = directory / digest.removeprefix("sha256:")
    path.write_bytes(data)
    return LayerFile(digest, path)


def busybox_layer(directory: Path) -> LayerFile:
    """Write the layer with busybox, a link for each applet, and the usual empty directories."""
    files: dict[str, bytes | None] = dict.fromkeys(DIRECTORIES)
    files |= {"bin": None, "bin/busybox": busybox()}
    return layer(directory, files, {f"bin/{applet}": "busybox" for applet in APPLETS})


def image(reference: str, *layers: LayerFile, **config: object) -> LoadableImage:
    """Return an image of these layers; config: keys of the OCI config's ``config`` object."""
    document = {
        "architecture": "amd64",
        "os": "linux",
        "created": "1970-01-01T00:00:00Z",
        "config": {"Env": ["PATH=/bin"], "Cmd": ["/bin/echo", "from the image"], **config},
        "rootfs": {"type": "layers", "diff_ids": [entry.diff_id for entry in layers]},
        "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "test"} for _ in layers],
    }
    return LoadableImage(canonical_json(document), layers, reference)


def config_of(loadable: LoadableImage) -> dict[str, object]:
    """Return an image's config document."""
    document: dict[str, object] = json.loads(loadable.config)
    return document
