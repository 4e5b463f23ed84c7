"""What a builder gives a part and what it keeps from it, and which parts reach the image."""

from __future__ import annotations

import pytest
from software_fixtures import Store, command_part, inside, one_engine, part, project

# `tool` is needed to build `product` only, as m4 is for bison; `mentioned` and `linked` by what is inside files.
CLOSURE = (
    """
[buildout]
parts = product page

[page]
recipe = template
inline = It runs ${mentioned:location}/bin/run.
output = ${buildout:directory}/page.txt

"""
    + command_part("tool", "printf '#!/bin/sh\necho made by a tool\n' > ${:location}/tool\nchmod +x ${:location}/tool")
    + command_part("mentioned", "mkdir ${:location}/bin\necho 1 > ${:location}/bin/run")
    + command_part("linked", "echo library > ${:location}/library")
    + command_part(
        "product",
        "${tool:location}/tool > ${:location}/text\nln -s ../linked/library ${:location}/library",
        needs="${linked:location}",
    )
)


def test_the_image_holds_what_is_used_at_run_time(store: Store, tmp_path, run_image):
    document = store.build(project(tmp_path, CLOSURE))
    assert {entry["name"] for entry in document["parts"]} == {"product", "page", "tool", "mentioned", "linked"}
    assert inside(document) == {"product", "page", "mentioned", "linked"}
    assert store.files(document, "product") == {"parts/product/text": b"made by a tool\n"}
    script = "cd /opt/cbuild && ls parts && cat page.txt && echo && cat parts/product/library"
    output, _ = run_image(store.engine, document["image"]["reference"], "sh", "-c", script)
    assert output == ("linked\nmentioned\nproduct\nIt runs /opt/cbuild/parts/mentioned/bin/run.\nlibrary\n")


@one_engine
def test_an_option_keeps_all_parts(store: Store, tmp_path):
    directory = project(tmp_path, CLOSURE)
    document = store.build(directory, "buildout:keep-all-parts=true", "--no-load")
    assert inside(document) == {"product", "page", "tool", "mentioned", "linked"}


PROBE = (
    "[buildout]\nparts = probe stranger\n\n"
    + command_part("friend", "echo friend > ${:location}/text")
    + command_part("stranger", "echo stranger > ${:location}/text")
    + command_part(
        "probe",
        """
cd ${:location}
env | sort > environment
id -u > user; id -g >> user
umask > umask
hostname > hostname
pwd -P > /dev/null
ls ${buildout:parts-directory} > parts
ls /sys/class/net > network
grep CapEff /proc/self/status > capabilities
(echo x > /usr/cannot) 2> root || echo refused >> root
(echo x > /run/cbuild/cannot) 2> job || echo refused >> job
(echo x >> ${friend:location}/text) 2> other || echo refused >> other
python3 -c "import socket; socket.create_connection(('192.0.2.1', 80), 3)" 2> connection || echo refused >> connection
cat /etc/machine-id > machine 2> /dev/null || true
""",
        needs="${friend:location}",
    )
)


@pytest.fixture
def probe(store: Store, tmp_path) -> dict[str, str]:
    """What a part found out about its builder: files by name."""
    files = store.files(store.build(project(tmp_path, PROBE), "--no-load"), "probe")
    return {path.rpartition("/")[2]: data.decode() for path, data in files.items()}


def test_a_builder_is_a_cell(probe):
    """DESIGN section 5: user, environment, names; section 2: root, network, other parts."""
    assert probe["user"] == "30001\n30001\n"
    assert probe["umask"] == "0022\n"
    assert probe["hostname"] == "cbuild\n"
    # Nothing of the host's or of this process's environment; HOSTNAME is the engine's, and the same in all of them.
    environment = dict(line.split("=", 1) for line in probe["environment"].splitlines())
    assert environment.pop("MAKEFLAGS").startswith("-j")
    for shells in ("OLDPWD", "PWD", "SHLVL", "_"):
        environment.pop(shells, None)
    assert environment == {
        "CBUILD_BUILD": "/build",
        "CBUILD_LINT": "/log/lint",
        "CBUILD_MARCH": "x86-64-v2",
        "HOME": "/build",
        "HOSTNAME": "cbuild",
        "LC_ALL": "C.UTF-8",
        "PATH": "/usr/lib/cbuild/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "PERL_HASH_SEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "SOURCE_DATE_EPOCH": "315619200",
        "TZ": "UTC",
    }
    assert probe["network"].split() == ["lo"]
    assert "unreachable" in probe["connection"]
    assert int(probe["capabilities"].split()[1], 16) == 0
    for forbidden, reason in (("root", "Read-only"), ("job", "Read-only"), ("other", "Permission denied")):
        assert reason in probe[forbidden]
        assert probe[forbidden].endswith("refused\n")
    assert probe["parts"].split() == ["friend", "probe"], "the stranger can't be seen"


def test_both_engines_give_the_same_cell(shared_store, tmp_path):
    """The probe writes down all that it sees: the layers are equal if and only if the builders look equal."""
    documents = [
        shared_store(name).build(project(tmp_path / name, PROBE), "--no-load") for name in ("docker", "podman")
    ]
    assert part(documents[0], "probe")["layer"] == part(documents[1], "probe")["layer"]


def test_a_part_that_needs_the_network_fails(store: Store, tmp_path):
    profile = "[buildout]\nparts = fetches\n\n" + command_part(
        "fetches", "python3 -c \"import urllib.request; urllib.request.urlopen('http://192.0.2.1/', timeout=5)\""
    )
    error = store.fail(project(tmp_path, profile), code=1)
    assert (error["reason"], error["section"]) == ("part-failed", "fetches")
    assert "Network is unreachable" in error["details"]


INTO_ANOTHER = (
    "[buildout]\nparts = module\n\n"
    + command_part("server", "mkdir ${:location}/modules\necho server > ${:location}/modules/core")
    + command_part("module", "echo module > ${server:location}/modules/extra")
)


def test_a_part_may_write_below_one_that_it_refers_to(store: Store, tmp_path, run_image):
    """As apache-php does with apache: the layer is the writer's, and the image has both."""
    document = store.build(project(tmp_path, INTO_ANOTHER))
    assert store.files(document, "server") == {"parts/server/modules/core": b"server\n"}
    assert store.files(document, "module") == {"parts/server/modules/extra": b"module\n"}
    listing, _ = run_image(store.engine, document["image"]["reference"], "ls", "/opt/cbuild/parts/server/modules")
    assert listing.split() == ["core", "extra"]


@one_engine
def test_what_a_builder_puts_in_the_place_of_its_log_is_not_followed(store: Store, tmp_path):
    """The host reads the log as root: a link there must not show a file of the host's."""
    links = "rm /log/log\nln -s /etc/passwd /log/log\nln -s /etc/passwd /log/lint\nfalse"
    done = store.run(project(tmp_path, "[buildout]\nparts = sly\n\n" + command_part("sly", links)), "software")
    assert done.returncode == 1
    assert "root:" not in done.stdout + done.stderr


@one_engine
def test_a_socket_in_a_prefix_is_refused(store: Store, tmp_path):
    profile = "[buildout]\nparts = pipes\n\n" + command_part("pipes", "mkfifo ${:location}/pipe")
    error = store.fail(project(tmp_path, profile), code=1)
    assert error["reason"] == "unsupported-file"
    assert "/opt/cbuild/parts/pipes/pipe" in error["brief"]
