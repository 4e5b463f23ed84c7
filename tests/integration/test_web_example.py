"""examples/web, whole: compiled, started, fetched from the host and from a second partition."""

import json
import os
import shutil
import urllib.request
from dataclasses import replace

import pytest
from software_fixtures import EXAMPLES, Store, inside


def instance(store: Store, directory, name, *arguments):
    done = store.run(directory, "instance", name, "--json", "--engine", store.engine.name, *arguments)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return json.loads(done.stdout)


def fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as page:
        return page.read().decode()


@pytest.fixture
def web(store, shared_store, tmp_path):
    # Compiled once: each engine takes the image from the store of the first.
    store = replace(store, home=shared_store("docker").home)
    directory = tmp_path / "web"
    shutil.copytree(EXAMPLES / "web", directory, ignore=shutil.ignore_patterns(".installed.cfg"))
    document = store.build(directory, "--engine", store.engine.name)
    yield store, directory, document
    for name in ("one", "two"):
        store.run(directory, "instance", name, "--destroy", "--engine", store.engine.name)


def test_the_page_is_served_on_the_partitions_address(web):
    store, directory, document = web
    assert inside(document) == {"zlib", "pcre2", "nginx", "page-template", "instance-profile"}
    one = instance(store, directory, "one", "--param", "title=First <b>page</b>")
    two = instance(store, directory, "two", "--param", "title=Second")
    assert one["ready"]
    assert two["ready"]
    url, address = one["connection"]["url"], one["partitions"][0]["ipv6"]
    assert url == f"http://[{address}]:8080/"
    # Of the host, of another partition, each its own page.
    assert "First" in fetch(url)
    assert "Second" in fetch(two["connection"]["url"])
    seen = store.run(directory, "shell", "two-0", "--engine", store.engine.name, "--", "wget", "-q", "-O", "-", url)
    assert "First" in seen.stdout, seen.stderr
    # A changed parameter changes the page and keeps the address.
    again = instance(store, directory, "one", "--param", "title=Changed")
    assert again["connection"] == one["connection"]
    assert "Changed" in fetch(url)
    # The server runs as the partition's own user, and neither as root nor as anybody else's.
    who = store.run(directory, "shell", "one-0", "--engine", store.engine.name, "--", "id", "-u")
    assert int(who.stdout) >= 200000
    assert os.getuid() == 0
