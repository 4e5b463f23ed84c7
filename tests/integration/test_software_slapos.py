"""SlapOS's own profiles, as they are, on both engines. They are test data from outside this repository."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from software_fixtures import Document, Store, inside, part

from tests.conformance.shared_cases import shared

ENGINES = ("docker", "podman")


@pytest.fixture(scope="module")
def component(tmp_path_factory) -> Path:
    """A copy of the profiles' directory: cbuild writes its state beside a profile, and these are not ours."""
    profiles = shared("corpus") / "profiles" / "slapos"
    target = tmp_path_factory.mktemp("slapos") / "component"
    for name in ("gzip", "xz-utils", "lz4", "xxhash"):
        shutil.copytree(profiles / "component" / name, target / name)
    return target


def built_by_both(component: Path, name: str, shared_store) -> list[Document]:
    """Build a profile on both engines at once, each with its own store; the images must be one. Times go to stdout."""
    processes = []
    for engine in ENGINES:
        directory = component.parent / engine / "component"
        if not directory.exists():
            shutil.copytree(component, directory)
        processes.append(shared_store(engine).start(directory / name, "software", "--json", "buildout.cfg"))
    documents = []
    for engine, process in zip(ENGINES, processes, strict=True):
        document = Store.finish(process)
        times = ", ".join(f"{entry['name']} {entry['seconds']} s" for entry in document["parts"])
        print(f"{name} on {engine}: {times}, {document['image']['digest']}")  # noqa: T201 - figures for who runs it with -s
        documents.append(document)
    docker, podman = documents
    assert docker["image"] == podman["image"]
    assert [entry["layer"] for entry in docker["parts"]] == [entry["layer"] for entry in podman["parts"]]
    return documents


def test_gzip(component, shared_store, run_image):
    """Its xz-utils, whose .tar.bz2 is made of Debian's .tar.xz, is for building alone."""
    for engine, document in zip(ENGINES, built_by_both(component, "gzip", shared_store), strict=True):
        assert inside(document) == {"gzip"}
        assert part(document, "gzip")["requires"] == ["xz-utils"]
        reference = document["image"]["reference"]
        program = "/opt/cbuild/parts/gzip/bin/gzip"
        script = f"{program} --version && echo round | {program} | {program} -d && ls /opt/cbuild/parts"
        output, image = run_image(shared_store(engine).engine, reference, "sh", "-c", script)
        assert image == document["image"]["config"]
        assert output.startswith("gzip 1.14\n")
        assert output.endswith("\nround\ngzip\n")


def test_lz4(component, shared_store, run_image):
    for engine, document in zip(ENGINES, built_by_both(component, "lz4", shared_store), strict=True):
        script = "/opt/cbuild/parts/lz4/bin/lz4 --version && ls /opt/cbuild/parts/lz4/lib"
        output, _ = run_image(shared_store(engine).engine, document["image"]["reference"], "sh", "-c", script)
        assert "v1.10.0" in output
        assert "liblz4.so.1" in output


def test_xxhash(component, shared_store, run_image):
    for engine, document in zip(ENGINES, built_by_both(component, "xxhash", shared_store), strict=True):
        script = "printf abc | /opt/cbuild/parts/xxhash/bin/xxhsum -H0"
        output, _ = run_image(shared_store(engine).engine, document["image"]["reference"], "sh", "-c", script)
        assert output.split()[0] == "32d153ff", "xxh32 of abc (xxHash's own test vectors)"
