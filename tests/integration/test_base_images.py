"""The base images for real: mmdebstrap, Debian's packages, both engines, a registry."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from base_store import link_bases
from conftest import RUN

from cbuild.base import bootstrap, debian, ensure, find, lockfile, making, operations
from cbuild.engine.api import ContainerSpec, LoadableImage, Mount
from cbuild.errors import SourceError
from cbuild.events import silent
from cbuild.layer.lint import LINKER, RUNTIME
from cbuild.state.home import Home

USER = 20001
FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)


@pytest.fixture(scope="session")
def home(tmp_path_factory) -> Home:
    """A home with both bases, from the locks in the repository."""
    return link_bases(Home(tmp_path_factory.mktemp("bases")))


@pytest.fixture
def elsewhere(tmp_path) -> Path:
    """A copy of base-images/ in another directory."""
    return Path(shutil.copytree(find.directory(), tmp_path / "copy of images"))


@pytest.fixture(scope="session")
def other_mirror():
    """Debian's archive under another name: sources.list lines of a server that passes on what the mirror says."""
    lines = debian.sources("bookworm")
    real = {f"/{number}/": line.split()[-3].rstrip("/") for number, line in enumerate(lines)}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            number, _slash, rest = self.path[1:].partition("/")
            try:
                with urllib.request.urlopen(f"{real[f'/{number}/']}/{rest}") as answer:
                    code, body = answer.status, answer.read()
            except urllib.error.HTTPError as error:
                code, body = error.code, b""
            self.send_response(code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    words = [line.split() for line in lines]
    yield [
        " ".join([*line[:-3], f"http://localhost:{server.server_port}/{number}/", *line[-2:]])
        for number, line in enumerate(words)
    ]
    server.shutdown()


@pytest.mark.parametrize("name", ["runtime", "builder"])
def test_the_locked_image(home, name):
    locked = lockfile.load(find.place(name).lock)[debian.architecture()]
    base = ensure(name, home)
    assert (base.digest, base.layers[0].diff_id) == (locked.config, locked.layer)
    assert home.oci.joinpath("index.json").read_text().count(f"cbuild/base-{name}") == 1


def test_a_base_that_is_there_costs_nothing(home):
    ensure("builder", home)
    before = time.process_time()
    for _ in range(20):
        ensure("builder", home)
    assert (time.process_time() - before) / 20 < 0.005


@pytest.mark.parametrize("name", ["runtime", "builder"])
def test_equal_bytes_elsewhere_at_another_time_from_another_mirror(
    home, name, elsewhere, other_mirror, tmp_path, monkeypatch
):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    if FAKETIME:
        plain = bootstrap._environment
        tomorrow = {"LD_PRELOAD": str(FAKETIME), "FAKETIME": "+26h", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        monkeypatch.setattr(bootstrap, "_environment", lambda *given: plain(*given) | tomorrow)
    umask = os.umask(0o077)
    try:
        place = find.place(str(elsewhere / f"{name}.yaml"))
        again = making.make(place, Home(tmp_path / "other home"), silent, checked=False, mirrors=other_mirror)
    finally:
        os.umask(umask)
    assert again.base.digest == ensure(name, home).digest


@pytest.mark.parametrize("name", ["runtime", "builder"])
def test_nothing_of_the_machine_stays(home, name):
    listed = subprocess.run(
        ["tar", "--list", "--verbose", "--numeric-owner", "--file", ensure(name, home).layers[0].path],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    paths = {line.split()[5].rstrip("/") for line in listed}
    kinds = {line[0] for line in listed}
    assert kinds <= set("-dlh"), "no devices, fifos, sockets"
    assert not [line for line in listed if "s" in line.split()[0][1:]], "no set-uid bits"
    assert not {path for path in paths if path.startswith(("etc/apt", "var/lib", "var/cache", "var/log", ".cbuild"))}
    assert "etc/machine-id" not in paths
    assert {"etc/hosts", "etc/hostname", "etc/resolv.conf", "proc", "sys", "dev", "tmp", "opt/cbuild"} <= paths
    assert not [line for line in listed if "etc/resolv.conf" in line and line.split()[2] != "0"]
    if name == "runtime":
        tools = ("gcc", "perl", "python3", "apt", "dpkg", "tar")
        assert not {path for path in paths if path.rpartition("/")[2] in tools and path.startswith("usr/bin/")}
        assert ensure(name, home).layers[0].path.stat().st_size < 60e6
    else:
        assert not {f"usr/bin/{tool}" for tool in ("pkg-config", "msgfmt", "cmake", "flex")} & paths
        assert {f"usr/bin/{tool}" for tool in ("bison", "bison.yacc", "yacc")} <= paths
        assert "usr/share/aclocal/ltdl.m4" in paths
        assert not [path for path in paths if "ltdl" in path and not path.startswith("usr/share/")], "its macros alone"


def test_the_runtime_has_the_libraries_that_programs_are_not_blamed_for(home):
    """What the lint on libraries takes for granted."""
    with tarfile.open(ensure("runtime", home).layers[0].path) as archive:
        names = {name.rpartition("/")[2] for name in archive.getnames()}
    assert names >= RUNTIME
    assert any(name.startswith(LINKER) for name in names)


def test_what_the_mirror_no_longer_has(elsewhere, tmp_path):
    path = elsewhere / "runtime.lock"
    path.write_text(path.read_text().replace("- sed 4.9", "- sed 4.8").replace("- s6 ", "- gone 1 all 00\n      - s6 "))
    with pytest.raises(SourceError) as caught:
        ensure(str(elsewhere / "runtime.yaml"), Home(tmp_path / "home"))
    lines = caught.value.details.splitlines()
    assert caught.value.reason == "base-lock"
    assert lines[0] == "gone: locked 1, no longer needed"
    assert lines[1].startswith("sed: locked 4.8")
    assert ", offered 4.9" in lines[1]
    assert not list((tmp_path / "home/work").iterdir())


def test_a_new_package_is_not_in_the_lock_and_lock_puts_it_there(elsewhere, tmp_path):
    path = elsewhere / "runtime.yaml"
    path.write_text(path.read_text().replace("packages:\n", "packages:\n  - bzip2\n"))
    home = Home(tmp_path / "home")
    with pytest.raises(SourceError, match="mirror does not offer") as caught:
        ensure(str(path), home)
    assert "bzip2: not in the lock, offered" in caught.value.details
    shown = operations.lock(str(path), home, upgrade=False)
    assert "bzip2" in {package.name for package in shown.packages}
    assert ensure(str(path), home) == shown.base


SCRIPT = """
import sys
from pathlib import Path
from cbuild.base import ensure
from cbuild.state.home import Home
print(ensure("runtime", Home(Path(sys.argv[1])), lambda event: print(event.kind, flush=True)).digest)
"""


def process(home: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", SCRIPT, str(home)], stdout=subprocess.PIPE, text=True)


def test_two_at_once_build_once(home, tmp_path):
    both = [process(tmp_path), process(tmp_path)]
    outputs = [one.communicate(timeout=120)[0] for one in both]
    assert sum(output.count("base-built") for output in outputs) == 1
    assert all(output.split()[-1] == ensure("runtime", home).digest for output in outputs)


@pytest.mark.parametrize("kill", [signal.SIGKILL, signal.SIGINT])
def test_killed_in_the_middle(home, tmp_path, kill):
    one = process(tmp_path)
    assert one.stdout.readline() == "base-started\n"
    time.sleep(1.5)
    one.send_signal(kill)
    one.communicate(timeout=30)
    assert one.returncode != 0
    assert not (tmp_path / "oci/index.json").exists()
    command = ["pgrep", "-f", f"mmdebstrap.*{tmp_path}"]
    for _ in range(100):
        left = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        if not left:
            break
        time.sleep(0.1)
    assert left == ""
    assert ensure("runtime", Home(tmp_path)).digest == ensure("runtime", home).digest
    assert not list((tmp_path / "work").iterdir())


@pytest.fixture
def registry(tmp_path):
    """A registry on the loopback interface; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    config = {
        "version": "0.1",
        "storage": {"filesystem": {"rootdirectory": f"{tmp_path}/data"}},
        "http": {"addr": address},
    }
    (tmp_path / "config.yml").write_text(json.dumps(config))
    server = subprocess.Popen(
        ["docker-registry", "serve", tmp_path / "config.yml"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    for _ in range(100):
        try:
            urllib.request.urlopen(f"http://{address}/v2/").close()
            break
        except OSError:
            time.sleep(0.05)
    yield address
    server.terminate()
    server.wait()


@pytest.mark.parametrize("style", [["--format", "oci"], ["--format", "v2s2"], ["--dest-compress-format", "zstd"]])
def test_a_base_from_a_registry_by_digest(home, registry, tmp_path, style):
    ours = ensure("runtime", home)
    copy = ["skopeo", "copy", "--insecure-policy", "--dest-tls-verify=false", *style]
    subprocess.run(
        [
            *copy,
            "--digestfile",
            tmp_path / "digest",
            f"oci:{home.oci}:cbuild/base-runtime",
            f"docker://{registry}/base:1",
        ],
        check=True,
        capture_output=True,
    )
    reference = f"{registry}/base@{(tmp_path / 'digest').read_text().strip()}"
    base = ensure(reference, Home(tmp_path / "home"))
    assert base.digest == ours.digest
    assert base.layers[0].path.read_bytes() == ours.layers[0].path.read_bytes()
    with pytest.raises(SourceError) as caught:
        ensure(f"{registry}/base@sha256:{'0' * 64}", Home(tmp_path / "home"))
    assert caught.value.reason == "base-missing"


@pytest.fixture
def run_base(engine, home):
    """A function that runs a container of a base image and returns its ID; nothing of it is left on the engine."""
    containers, references = [], set()

    def run(name: str, **fields) -> str:
        base = ensure(name, home)
        reference = f"localhost/{RUN}-{name}:base"
        references.add(reference)
        image = engine.load(LoadableImage(base.config, base.layers, reference))
        labels = {"cbuild.test": RUN}
        container = engine.create(ContainerSpec(f"{RUN}-{name}-{time.monotonic_ns()}", image, labels=labels, **fields))
        containers.append(container)
        engine.start(container)
        return container

    yield run
    for container in containers:
        engine.remove(container)
    for reference in references:
        engine.remove_image(reference)


COMPILE = r"""
set -e
cd /build
printf '#include <iostream>\nint main() { std::cout << "hi\\n"; }\n' >a.cc
CBUILD_LINT=/build/lint g++ -march=native -O2 -mtune=native '-DX=a b' a.cc -o a -v 2>verbose
grep -m1 COLLECT_GCC_OPTIONS verbose
./a; cat lint
CBUILD_MARCH=x86-64-v3 cc -march=native -E -v - </dev/null >verbose 2>&1
grep -om1 'march=x86-64-v.' verbose
printf 'const char *file = __FILE__;' >/build/c.c; CBUILD_LINT=/build/pgo cc -g -fprofile-use=x -c /build/c.c -o c.o
cat pgo; ! grep -c /build c.o
cp a.cc '/build/sp ace.cc'; @TRIPLET@-g++ 'sp ace.cc' -o b; ./b
python3 -B -c 'import jinja2, packaging, setuptools; print("recipes")'
perl -MPOSIX -e 'print "perl\n"'; awk 'BEGIN { print "awk" }'; id -u; command -v gcc
pkg-config --version >/dev/null && ! pkg-config --list-all | grep .
for tool in msgfmt cmake flex; do ! command -v $tool; done
SOURCE_DATE_EPOCH=315619200 date '+%F %T'; unset SOURCE_DATE_EPOCH; test $(date +%Y) != 1980; uname -r; uname -sv
printf '%%%%\nx: ;\n' >y.y; yacc y.y; test -s y.tab.c; echo yacc
! touch /opt/x 2>/dev/null
"""


@pytest.mark.skipif(debian.architecture() != "amd64", reason="the baseline's names are x86-64's")
def test_the_builder_compiles_for_the_baseline(engine, run_base, tmp_path):
    scratch = tmp_path / "build"
    scratch.mkdir()
    os.chown(scratch, 30001, 30001)
    script = COMPILE.replace("@TRIPLET@", debian.triplet("amd64"))
    command = ("/bin/sh", "-c", script)
    container = run_base(
        "builder", command=command, user="30001:30001", mounts=(Mount(scratch, "/build", read_only=False),)
    )
    code = engine.wait(container, 60)
    lines = engine.logs(container).decode().splitlines()
    assert code == 0, lines
    assert "'-march=x86-64-v2'" in lines[0]
    assert "'-mtune=generic'" in lines[0]
    assert "'X=a b'" in lines[0]
    assert lines[1:] == [
        "hi",
        "g++: -march=native -mtune=native became -march=x86-64-v2 -mtune=generic",
        "march=x86-64-v3",
        "cc: -fprofile-use: what it makes differs from run to run",
        "0",
        "hi",
        "recipes",
        "perl",
        "awk",
        "30001",
        "/usr/lib/cbuild/bin/gcc",
        "1980-01-02 00:00:00",
        "6.1.0",
        "Linux #1",
        "yacc",
    ]


@pytest.fixture
def partition(tmp_path):
    """A partition's directory, and a function that writes a wrapper into it."""
    root = tmp_path / "partition"

    def write(path: str, text: str) -> None:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(f"#!/bin/sh\n{text}\n")
        (root / path).chmod(0o755)
        for item in (root, *root.rglob("*")):
            os.chown(item, USER, USER)

    write("etc/service/a", 'echo "first $HOME $PWD"; exec sleep 1000')
    return root, write


@pytest.fixture
def supervised(run_base, partition):
    """A function that starts the partition under the supervisor; it returns the container's ID."""

    def start() -> str:
        mounts = (Mount(partition[0], "/srv/partition", read_only=False),)
        tmpfs = {"/run": "mode=1777,size=16m", "/tmp": "mode=1777,size=16m"}
        return run_base("runtime", user=f"{USER}:{USER}", mounts=mounts, tmpfs=tmpfs)

    return start


def eventually(condition, seconds: float = 10):
    """Return what condition gives once that is true."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.1)
    return value


def test_the_supervisor_runs_restarts_and_ends(engine, supervised, partition):
    root, write = partition
    write("etc/service/dies", "echo again; sleep 0.1; exit 3")
    write("etc/run/init", "echo once; exit 7")
    write("etc/service/.hidden", "exit 0")
    (root / "etc/service/not-executable").write_text("no")
    container = supervised()
    log = root / "var/log"
    eventually(lambda: (log / "dies/current").exists() and (log / "dies/current").read_text().count("again") >= 2)
    assert "first /srv/partition /srv/partition" in (log / "a/current").read_text()
    assert (log / "init.log").read_text() == "once\n"
    assert engine.execute(container, ["cat", "/run/cbuild-run/init"]).stdout == b"7\n"
    names = engine.execute(container, ["ls", "/run/service"]).stdout.split()
    assert names == [b"a", b"dies"]
    before = time.monotonic()
    engine.stop(container, 10)
    assert time.monotonic() - before < 5
    assert engine.wait(container, 5) == 0


def test_refresh_adds_removes_and_restarts_what_changed(engine, supervised, partition):
    root, write = partition
    write("etc/service/stays", "echo stays; exec sleep 1000")
    write("etc/service/goes", "echo goes; exec sleep 1000")
    write("etc/run/init", "echo one")
    container = supervised()
    log = root / "var/log"
    eventually(lambda: all((log / name / "current").exists() for name in ("a", "stays", "goes")))
    eventually(lambda: "stays" in (log / "stays/current").read_text())
    refresh = ["/usr/lib/cbuild/supervise", "refresh"]
    assert engine.execute(container, refresh).stdout == b""
    (root / "etc/service/goes").unlink()
    write("etc/service/a", "echo second; exec sleep 1000")
    write("etc/service/comes", "echo comes; exec sleep 1000")
    write("etc/run/init", "echo two")
    done = engine.execute(container, refresh)
    assert (done.exit_code, sorted(done.stdout.decode().splitlines())) == (
        0,
        ["added comes", "ran init", "removed goes", "restarted a"],
    )
    eventually(lambda: "second" in (log / "a/current").read_text())
    eventually(lambda: "comes" in (log / "comes/current").read_text())
    eventually(lambda: (log / "init.log").read_text() == "one\ntwo\n")
    assert (log / "stays/current").read_text().count("stays") == 1
    processes = engine.execute(container, ["ps"]).stdout.decode()
    assert "goes" not in processes
    assert engine.execute(container, refresh).stdout == b""
    engine.stop(container, 10)
    assert engine.wait(container, 5) == 0


def test_without_a_writable_volume_the_supervisor_says_so(engine, run_base):
    container = run_base("runtime", user=f"{USER}:{USER}", tmpfs={"/run": "mode=1777"})
    assert engine.wait(container, 20) == 111
    assert b"/srv/partition is not writable for uid 20001" in engine.logs(container)
