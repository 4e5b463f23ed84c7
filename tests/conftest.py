"""For all tests: hypothesis without deadlines, and Ctrl-C as programs expect it."""

import signal

import pytest
from hypothesis import settings

settings.register_profile("cbuild", deadline=None)
settings.load_profile("cbuild")

# A shell starts what goes to the background with SIGINT ignored, and every process below it would inherit that; a
# handler is not inherited, so the programs that tests start and interrupt begin with the default.
signal.signal(signal.SIGINT, signal.default_int_handler)

NETWORKS = ("test_engine_networks", "test_instance_", "test_web_example")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a file's tests in one process, and all that make networks in the same: bridges are the machine's."""
    for item in items:
        networks = "integration" in item.path.parts and item.path.stem.startswith(NETWORKS)
        item.add_marker(pytest.mark.xdist_group("networks" if networks else str(item.path)))
