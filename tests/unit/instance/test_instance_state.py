import json
import threading
from dataclasses import replace
from ipaddress import IPv6Address, IPv6Network

import pytest

from cbuild.engine.api import Limits
from cbuild.errors import PartError, UsageError
from cbuild.instance import applied, pool
from cbuild.instance.document import Instance, Partition
from cbuild.instance.job import Result
from cbuild.instance.store import Store
from cbuild.state.home import Home

INSTANCE = Instance(
    name="web",
    project="/srv/web",
    image="sha256:" + "0" * 64,
    engine="docker",
    state="started",
    limits=Limits(memory=1 << 28, cpu=0.5),
    partitions=(Partition("web-0", "web", "default", {"a": [1]}, 200000, "fd00::2", "fd00::/64"),),
)


@pytest.fixture
def store(tmp_path):
    return Store(Home(tmp_path))


def test_round_trip(store):
    store.save(INSTANCE)
    assert store.load("web") == INSTANCE
    assert store.names() == ["web"]


def test_no_document_no_instance(store):
    assert store.load("web") is None


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"format": 1}', '{"format": "1"}', '{"format": 1, "name": "x"}', "\xff"],
)
def test_a_damaged_document_is_a_clear_error(store, text):
    path = store.path("web")
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="latin-1")
    with pytest.raises(UsageError) as error:
        store.load("web")
    assert error.value.reason == "state-damaged"
    assert error.value.file == str(path)


@pytest.mark.parametrize(
    "change",
    [
        {"state": "flying"}, {"state": []}, {"image": 1}, {"limits": {"memory": "x"}}, {"limits": []}, {"limits": "x"},
        {"partitions": [{}]}, {"partitions": []}, {"partitions": {}}, {"partitions": [5]}, {"partitions": 5},
    ],
)  # fmt: skip
def test_a_document_with_wrong_values_is_damaged(store, change):
    store.save(INSTANCE)
    path = store.path("web")
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(UsageError) as error:
        store.load("web")
    assert error.value.reason == "state-damaged"


def test_a_document_that_is_no_file_is_damaged(store):
    store.path("web").mkdir(parents=True)
    with pytest.raises(UsageError) as error:
        store.load("web")
    assert (error.value.reason, error.value.file) == ("state-damaged", str(store.path("web")))


def test_a_newer_document_is_a_clear_error(store):
    store.save(INSTANCE)
    path = store.path("web")
    path.write_text(path.read_text().replace('"format":1', '"format":2'))
    with pytest.raises(UsageError) as error:
        store.load("web")
    assert error.value.reason == "state-newer"


def test_leases_are_kept_and_differ(store):
    first, second = pool.lease(store, "a-0", "docker", {}), pool.lease(store, "b-0", "docker", {})
    assert first.uid == pool.FIRST_UID
    assert second.uid == first.uid + 1
    assert first.ipv6 != second.ipv6
    assert first.subnet == second.subnet
    assert pool.lease(store, "a-0", "docker", {}) == first
    assert pool.lease(store, "a-0", "docker", {"CBUILD_IPV6_PREFIX": "2001:db8::/64"}) == first


def test_released_uids_and_addresses_are_given_again(store):
    first = pool.lease(store, "a-0", "docker", {})
    pool.lease(store, "b-0", "docker", {})
    pool.release(store, "a-0")
    pool.release(store, "never-there-0")
    assert pool.lease(store, "a-0", "docker", {}) == first


def test_the_operators_prefix_is_used(store):
    given = pool.lease(store, "a-0", "podman", {"CBUILD_IPV6_PREFIX": "2001:db8:5::/64"})
    assert IPv6Address(given.ipv6) in IPv6Network("2001:db8:5::/64")
    assert pool.subnets(store) == {"2001:db8:5::/64"}


def test_a_full_pool_records_nothing(store):
    environment = {"CBUILD_IPV6_PREFIX": "fd00::/126"}
    for name in ("a-0", "b-0"):
        pool.lease(store, name, "docker", environment)
    before = (store.home.instances / "node.json").read_bytes()
    with pytest.raises(PartError) as error:
        pool.lease(store, "c-0", "docker", environment)
    assert error.value.reason == "address-pool-full"
    assert (store.home.instances / "node.json").read_bytes() == before


def test_leases_taken_at_once_are_all_different(store):
    leases = []
    threads = [
        threading.Thread(target=lambda n=n: leases.append(pool.lease(store, f"p{n}-0", "docker", {})))
        for n in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({lease.uid for lease in leases}) == len({lease.ipv6 for lease in leases}) == 12


def test_a_damaged_node_record_is_an_error(store):
    store.home.instances.mkdir(parents=True)
    (store.home.instances / "node.json").write_text('{"format": 1, "ula": "x", "leases": {}}')
    with pytest.raises(UsageError) as error:
        pool.lease(store, "a-0", "docker", {})
    assert error.value.reason == "state-damaged"


def test_what_was_applied_round_trips_and_damage_means_nothing_was(tmp_path):
    path = tmp_path / "applied.json"
    assert applied.load(path).inputs == {}
    value = applied.Applied({"a": 1}, Result({"url": "x"}, serialised=True, limits={"memory": "1G"}, installed=("p",)))
    applied.save(path, value)
    assert applied.load(path) == value
    applied.save(path, replace(value, refreshed=True))
    assert applied.load(path).refreshed
    path.write_text("{")
    assert applied.load(path) == applied.Applied()


def test_forgetting_removes_the_data(store):
    store.save(INSTANCE)
    data = store.partition("web", "web-0").data
    data.mkdir(parents=True)
    (data / "file").touch()
    assert store.owner("web-0") == "web"
    assert store.partitions("web") == ["web-0"]
    store.forget("web")
    assert store.names() == []
    assert store.owner("web-0") is None


def test_the_second_waits_for_the_first(store):
    order, said = [], []
    inside, leave = threading.Event(), threading.Event()

    def first():
        with store.locked("web"):
            inside.set()
            leave.wait(5)
            order.append("first")

    def second():
        with store.locked("web", lambda event: (said.append(event), leave.set())):
            order.append("second")

    threads = [threading.Thread(target=first)]
    threads[0].start()
    inside.wait(5)
    second()
    threads[0].join()
    assert order == ["first", "second"]
    assert "waiting" in said[0].message
