"""A software for the instance tests, made by hand: the runtime base, a server in C, an instance profile."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from pathlib import Path

from cbuild import base
from cbuild.canonical import canonical_json, sha256_bytes
from cbuild.image.layout import CONFIG, LAYER, MANIFEST, Descriptor, Layout
from cbuild.state import installed
from cbuild.state.home import Home

PROFILE = """
[buildout]
parts = page server started promise publish

[directory]
recipe = slapos.cookbook:mkdirectory
site = ${buildout:directory}/srv/site

[page]
recipe = slapos.recipe.template
inline = VERSION {{ parameters.get('title', 'untitled') }}
output = ${directory:site}/index.html

[server]
recipe = slapos.cookbook:wrapper
command-line = /opt/cbuild/bin/server ${slap-configuration:ipv6-random} 8080 ${page:output}
wrapper-path = ${buildout:directory}/etc/service/server

[started]
recipe = slapos.cookbook:wrapper
command-line = sh -c 'date +%s.%N >> srv/started'
wrapper-path = ${buildout:directory}/etc/run/started

[promise]
recipe = slapos.cookbook:wrapper
command-line = wget -q -O /dev/null http://[${slap-configuration:ipv6-random}]:8080/
wrapper-path = ${buildout:directory}/etc/promise/answers

[publish]
recipe = slapos.cookbook:publish
url = http://[${slap-configuration:ipv6-random}]:8080/

[slap-configuration]
recipe = slapos.cookbook:slapconfiguration

[cbuild-limits]
memory = 128M
pids = 100
"""


def server() -> bytes:
    """Return the compiled server, static."""
    source = Path(__file__).with_name("instance_server.c")
    with tempfile.TemporaryDirectory() as directory:
        program = Path(directory, "server")
        subprocess.run(["gcc", "-static", "-O1", "-o", str(program), str(source)], check=True)
        return program.read_bytes()


def software(
    home: Home, project: Path, profile: str = PROFILE, version: str = "1", files: dict[str, bytes] | None = None
) -> str:
    """Put an image into the store and record it in project as built; return its manifest's digest."""
    runtime = base.ensure("runtime", home)
    layout = Layout(home.oci)
    content = {"instance.cfg": profile.replace("VERSION", version).encode(), **(files or {})}
    layer = layout.write(_layer(content), LAYER)
    layers = [*(Descriptor(LAYER, one.diff_id, one.path.stat().st_size) for one in runtime.layers), layer]
    config = {
        "architecture": "amd64",
        "os": "linux",
        "created": "1980-01-02T00:00:00Z",
        "config": {"Env": ["PATH=/opt/cbuild/bin:/usr/bin:/bin"]},
        "rootfs": {"type": "layers", "diff_ids": [one.digest for one in layers]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": layout.write(canonical_json(config), CONFIG).as_dict(),
        "layers": [one.as_dict() for one in layers],
    }
    descriptor = layout.write(canonical_json(manifest), MANIFEST)
    layout.tag(f"localhost/{sha256_bytes(str(project).encode())[7:15]}:{version}", descriptor.digest)
    project.mkdir(exist_ok=True)
    part = installed.InstalledPart("web", {}, (), "", "", "")
    installed.write(project / ".installed.cfg", installed.Installed((part,), descriptor.digest))
    return descriptor.digest


def _layer(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in ("opt", "opt/cbuild", "opt/cbuild/bin"):
            info = tarfile.TarInfo(name)
            info.type, info.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(info)
        for name, data in files.items():
            info = tarfile.TarInfo(f"opt/cbuild/{name}")
            info.size, info.mode = len(data), 0o755
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()
