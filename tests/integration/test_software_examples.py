"""The examples, compiled for real on both engines: one image, to the byte."""

from __future__ import annotations

import filecmp
import json
import shutil
from pathlib import Path

import pytest
from software_fixtures import EXAMPLES, Document, Store, inside, part, project, statuses

from cbuild.image.layout import Layout

ENGINES = ("docker", "podman")


@pytest.fixture(scope="module")
def hello(shared_store, tmp_path_factory) -> dict[str, Document]:
    """What `cbuild software` said of examples/hello, by engine; each in a checkout of its own."""
    directories = {name: tmp_path_factory.mktemp(name) / "hello" for name in ENGINES}
    processes = {}
    for name, directory in directories.items():
        shutil.copytree(EXAMPLES / "hello", directory, ignore=shutil.ignore_patterns(".installed.cfg"))
        processes[name] = shared_store(name).start(directory, "software", "--json")
    documents = {name: Store.finish(process) for name, process in processes.items()}
    for directory in directories.values():
        assert json.loads((directory / "cbuild.lock").read_bytes()), "the lock is written"
        # It is in git, and stays as it is there.
        assert filecmp.cmp(directory / "cbuild.lock", EXAMPLES / "hello" / "cbuild.lock", shallow=False)
    return documents


def test_hello_is_the_same_image_from_both_engines(hello):
    docker, podman = (hello[name] for name in ENGINES)
    assert docker["image"] == podman["image"]
    assert [(entry["key"], entry["layer"]) for entry in docker["parts"]] == [
        (entry["key"], entry["layer"]) for entry in podman["parts"]
    ]
    assert (docker["engine"], podman["engine"]) == ENGINES
    assert inside(docker) == {"lz4", "hello", "greeting"}
    assert part(docker, "hello")["requires"] == ["lz4"]


@pytest.mark.parametrize("name", ENGINES)
def test_hello_runs_from_its_image(hello, name, shared_store, run_image):
    image = hello[name]["image"]
    running = shared_store(name).engine
    output, image_id = run_image(running, image["reference"], "/opt/cbuild/parts/hello/bin/hello")
    assert image_id == image["config"]
    assert "hello" in output.lower()
    assert "1.10.0" in output, "it is linked with the part's own lz4"
    output, _ = run_image(running, image["reference"], "cat", "/opt/cbuild/greeting.txt")
    assert output == (
        "This image says hello by /opt/cbuild/parts/hello/bin/hello.\n"
        "It was rendered by the part greeting; this stays for later: ${slap-configuration:configuration.name}\n"
    )


@pytest.mark.parametrize("name", ENGINES)
def test_the_image_is_an_oci_image(hello, name, shared_store):
    """Sizes, digests and media types by image-spec 1.1, read back from the store."""
    image = hello[name]["image"]
    layout = Layout(shared_store(name).home.oci)
    assert layout.images()[image["reference"]].digest == image["digest"]
    manifest = layout.read_json(image["digest"])
    assert manifest["mediaType"] == "application/vnd.oci.image.manifest.v1+json"
    assert manifest["config"]["digest"] == image["config"]
    for entry in [manifest["config"], *manifest["layers"]]:
        assert layout.blob(entry["digest"]).stat().st_size == entry["size"]
    config = layout.read_json(image["config"])
    assert config["rootfs"]["diff_ids"] == [entry["digest"] for entry in manifest["layers"]]
    assert config["created"] == "1980-01-02T00:00:00Z"
    assert [line["created_by"] for line in config["history"]][-3:] == [
        "cbuild part lz4",
        "cbuild part hello",
        "cbuild part greeting",
    ]


# A C program, a file beside the profile and what else could let a clock or a place into the bytes.
PROFILE = """
[buildout]
parts = program page

[program]
recipe = slapos.recipe.cmmi
path = ${:_profile_base_location_}/source
configure-command = true

[page]
recipe = slapos.recipe.template:jinja2
url = ${:_profile_base_location_}/page.jinja2
output = ${buildout:directory}/page.txt
context = key program program:location
"""
SOURCE = r"""
#include <stdio.h>
int main(void) { printf("%s %s %s\n", __FILE__, __DATE__, __TIME__); return 0; }
"""
MAKEFILE = """
all: program
install:
\tmkdir -p $(prefix)/bin
\tcp program $(prefix)/bin/
\tls -l --time-style=full-iso program.c > $(prefix)/times
"""


def small(directory: Path) -> Path:
    """Write the small project into directory."""
    project(directory, PROFILE, page_jinja2="by {{ program }}\n")
    (directory / "source").mkdir()
    (directory / "source" / "program.c").write_text(SOURCE)
    (directory / "source" / "Makefile").write_text(MAKEFILE)
    return directory


def test_neither_place_nor_day_nor_engine_changes_the_image(new_store, tmp_path):
    """Four stores with nothing in them, so that everything is compiled four times."""
    here, there = (small(tmp_path / name / "app") for name in ("here", "further/away"))
    runs = {
        "docker": (new_store("docker"), here, ()),
        "podman": (new_store("podman"), here, ()),
        "another directory": (new_store("docker"), there, ()),
        "a day later": (new_store("docker"), here, ("faketime", "-f", "+1d")),
    }
    documents = {name: store.build(directory, prefix=prefix) for name, (store, directory, prefix) in runs.items()}
    files = {name: runs[name][0].files(document, "program") for name, document in documents.items()}
    first = documents["docker"]
    for name, document in documents.items():
        assert set(statuses(document).values()) == {"built"}
        assert files[name] == files["docker"], name
        assert document["image"] == first["image"], name
        assert [entry["key"] for entry in document["parts"]] == [entry["key"] for entry in first["parts"]]


def test_web_is_compiled_from_debians_tarballs(shared_store: Store, tmp_path, run_image):
    directory = tmp_path / "web"
    shutil.copytree(EXAMPLES / "web", directory, ignore=shutil.ignore_patterns(".installed.cfg"))
    store = shared_store("docker")
    document = store.build(directory)
    assert {"zlib", "pcre2", "nginx", "instance-profile"} <= inside(document)
    output, _ = run_image(
        store.engine, document["image"]["reference"], "/opt/cbuild/parts/nginx/sbin/nginx", "-V", "-e", "stderr"
    )
    assert "nginx/1.22.1" in output
