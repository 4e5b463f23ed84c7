"""Which of the machine's mirrors are Debian's own."""

import pytest

from cbuild.base.debian import Target, select
from cbuild.errors import EngineError

KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
MIRROR = "http://mirror.example/debian/"


def target(suite, uri=MIRROR, component="main", origin="Debian", signed_by=""):
    return Target(uri, suite, component, origin, signed_by)


def test_suite_updates_and_security():
    found = [target("bookworm"), target("bookworm-updates"), target("bookworm-security", "http://m/debian-security/")]
    assert select(found, "bookworm", KEYS) == (
        f"deb [signed-by={KEYS}] http://m/debian-security/ bookworm-security main",
        f"deb [signed-by={KEYS}] {MIRROR} bookworm main",
        f"deb [signed-by={KEYS}] {MIRROR} bookworm-updates main",
    )


def test_vendors_do_not_leak_in():
    found = [
        target("bookworm"),
        target("bookworm", "https://vendor.example/linux/debian", "main", "Vendor"),
        target("bookworm", "https://vendor.example/tool", "stable", "Debian"),
        target("bookworm", "https://unknown.example/repo", origin=""),
        target("bookworm", "https://unknown.example/debian", origin="", signed_by="/etc/apt/keyrings/vendor.gpg"),
        target("nodistro", "https://vendor.example/node"),
    ]
    assert select(found, "bookworm", "") == (f"deb {MIRROR} bookworm main",)


def test_backports_and_other_components_stay_out():
    found = [target("bookworm"), target("bookworm-backports"), target("bookworm", component="non-free-firmware")]
    assert select(found, "bookworm", "") == (f"deb {MIRROR} bookworm main",)


def test_before_the_first_update_the_origin_is_unknown():
    found = [target("bookworm", origin=""), target("bookworm-updates", "http://x.example/other", origin="")]
    assert select(found, "bookworm", "") == (f"deb {MIRROR} bookworm main",)


def test_another_release_gives_its_mirror():
    found = [
        target("trixie"),
        target("trixie-updates"),
        target("trixie-security", "http://s/"),
        target("trixie-backports"),
    ]
    assert select(found, "bookworm", "") == (
        f"deb {MIRROR} bookworm main",
        f"deb {MIRROR} bookworm-updates main",
        "deb http://s/ bookworm-security main",
    )


def test_no_debian_at_all_is_a_clear_error():
    with pytest.raises(EngineError) as error:
        select([], "bookworm", KEYS)
    assert error.value.reason == "base-no-mirror"
