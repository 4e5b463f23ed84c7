"""IPv6 networks: static addresses, reached from the host and from other containers, as they are."""

from __future__ import annotations

import ipaddress
import time
import urllib.error
import urllib.request

import pytest

from cbuild.engine.api import Address, Mount
from cbuild.errors import EngineError


@pytest.fixture
def site(tmp_path):
    """A web site whose CGI tells who asks."""
    (tmp_path / "cgi-bin").mkdir()
    (tmp_path / "index.html").write_text("hello\n")
    script = tmp_path / "cgi-bin" / "who"
    script.write_text("#!/bin/sh\nprintf 'Content-Type: text/plain\\r\\n\\r\\n%s' \"$REMOTE_ADDR\"\n")
    script.chmod(0o755)
    tmp_path.chmod(0o755)
    return Mount(tmp_path, "/srv")


@pytest.fixture
def server(start, network, subnet, site):
    """A web server's address."""
    address = str(ipaddress.IPv6Network(subnet)[0x10])
    start(
        command=("/bin/httpd", "-f", "-p", f"[{address}]:8080", "-h", "/srv"),
        address=Address(network, address),
        mounts=(site,),
    )
    return address


def fetch(url: str, seconds: float = 15) -> str:
    deadline = time.monotonic() + seconds
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while True:
        try:
            with opener.open(url, timeout=3) as answer:
                return answer.read().decode()
        except (urllib.error.URLError, OSError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def test_from_the_host(server, subnet):
    assert fetch(f"http://[{server}]:8080/") == "hello\n"
    # Not NATed: the server sees the host's own address on the network.
    who = ipaddress.IPv6Address(fetch(f"http://[{server}]:8080/cgi-bin/who").removeprefix("[").removesuffix("]"))
    assert who == ipaddress.IPv6Network(subnet)[1]


def test_from_another_container(server, network, subnet, output):
    client = str(ipaddress.IPv6Network(subnet)[0x20])
    script = (
        f"i=0; until wget -q -O - http://[{server}]:8080/cgi-bin/who || [ $i -ge 30 ]; do sleep 0.3; i=$((i+1)); done"
    )
    found = output(script, address=Address(network, client))
    # Not NATed: the server sees the client's own address.
    assert client in found


def test_the_engine_tells_the_address(engine, start, network, subnet):
    address = str(ipaddress.IPv6Network(subnet)[0x30])
    assert engine.state(start(address=Address(network, address))).ipv6 == address


def test_the_address_comes_back_after_a_restart(engine, start, network, subnet):
    address = str(ipaddress.IPv6Network(subnet)[0x31])
    container = start(address=Address(network, address))
    engine.stop(container, 0)
    engine.start(container)
    assert engine.state(container).ipv6 == address


def test_an_address_in_use(start, network, subnet):
    address = Address(network, str(ipaddress.IPv6Network(subnet)[0x40]))
    start(address=address)
    with pytest.raises(EngineError) as caught:
        start(address=address)
    assert caught.value.reason == "address-in-use"


def test_an_address_outside_of_the_network(start, network):
    with pytest.raises(EngineError):
        start(address=Address(network, "fd00:dead::5"))


def test_the_same_network_twice(engine, network, subnet):
    engine.ensure_network(network, subnet)


def test_another_subnet_under_the_name(engine, network):
    with pytest.raises(EngineError) as caught:
        engine.ensure_network(network, "fd12:3456:789a:1::/64")
    assert caught.value.reason == "network-differs"
    assert "fd12:3456:789a:1::/64" in caught.value.details


def test_a_subnet_that_is_none(engine):
    with pytest.raises(EngineError):
        engine.ensure_network("cbt-none", "fd12::/10000")


def test_a_network_in_use_is_not_removed(engine, start, network, subnet):
    start(address=Address(network, str(ipaddress.IPv6Network(subnet)[0x50])))
    with pytest.raises(EngineError) as caught:
        engine.remove_network(network)
    assert caught.value.reason == "network-in-use"


def test_a_network_that_is_not_there(engine, spec):
    engine.remove_network("cbt-nobody")
    with pytest.raises(EngineError) as caught:
        engine.start(engine.create(spec(address=Address("cbt-nobody", "fd12::5"))))
    assert caught.value.reason == "network-missing"
