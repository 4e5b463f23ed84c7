from ipaddress import IPv6Address, IPv6Network

import pytest

from cbuild.errors import PartError, UsageError
from cbuild.instance import address


def test_ula_is_a_random_48_in_fd():
    first, second = IPv6Network(address.new_ula()), IPv6Network(address.new_ula())
    assert first.prefixlen == 48
    assert first.subnet_of(IPv6Network("fd00::/8"))
    assert first != second


def test_engines_get_subnets_of_their_own_where_there_is_room():
    prefix = IPv6Network("fd12:3456:789a::/48")
    assert str(address.subnet(prefix, "docker")) == "fd12:3456:789a:d::/64"
    assert str(address.subnet(prefix, "podman")) == "fd12:3456:789a:b::/64"
    assert str(address.subnet(IPv6Network("2001:db8:1::/60"), "docker")) == "2001:db8:1:d::/64"


@pytest.mark.parametrize("prefix", ["2001:db8:1::/61", "2001:db8:1::/64", "2001:db8:1::/112"])
def test_a_prefix_without_room_is_used_whole(prefix):
    assert str(address.subnet(IPv6Network(prefix), "podman")) == prefix


def test_laptop_and_node_agree_on_the_suffix():
    laptop = IPv6Address(address.choose(IPv6Network("fd00:1:2:3::/64"), "web-0", ()))
    node = IPv6Address(address.choose(IPv6Network("2001:db8::/64"), "web-0", ()))
    mask = (1 << 64) - 1
    assert int(laptop) & mask == int(node) & mask


def test_the_address_of_a_name_is_golden():
    # It must not change between versions: DNS records and firewalls hold it.
    assert address.choose(IPv6Network("fd00::/64"), "web-0", ()) == "fd00::34c7:f9a1:25d4:92e4"


def test_a_clash_gives_the_next_candidate_and_stays_in_the_network():
    network = IPv6Network("fd00::/64")
    first = address.choose(network, "a-0", ())
    second = address.choose(network, "a-0", {first})
    assert first != second
    assert IPv6Address(second) in network


@pytest.mark.parametrize("length", [120, 124, 125, 126])
def test_a_small_pool_is_used_to_the_last_address_and_then_full(length):
    network = IPv6Network(f"fd00::/{length}")
    taken: set[str] = set()
    for number in range(network.num_addresses - 2):
        taken.add(address.choose(network, f"p-{number}", taken))
    assert len(taken) == network.num_addresses - 2
    assert not {"fd00::", "fd00::1"} & taken
    with pytest.raises(PartError) as error:
        address.choose(network, "one-more", taken)
    assert error.value.reason == "address-pool-full"


def test_addresses_of_other_networks_take_no_room():
    network = IPv6Network("fd00::/126")
    others = {f"fd01::{number}" for number in range(2, 9)}
    assert address.choose(network, "a-0", others) in {"fd00::2", "fd00::3"}


@pytest.mark.parametrize("text", ["nonsense", "10.0.0.0/8", "2001:db8::/32", "2001:db8::/127", "2001:db8::1/64"])
def test_a_prefix_that_cannot_serve_is_refused(text):
    with pytest.raises(UsageError) as error:
        address.operators_prefix(text)
    assert error.value.reason == "bad-prefix"
