import pytest

from cbuild.engine.api import Limits
from cbuild.errors import UsageError
from cbuild.instance import limits


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("256M", 256 << 20),
        ("1G", 1 << 30),
        ("1.5g", 3 << 29),
        ("512k", 512 << 10),
        ("7", 7),
        ("2GiB", 2 << 30),
        ("1MB", 1 << 20),
    ],
)
def test_sizes(text, expected):
    assert limits.size(text, "memory") == expected


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("memory", "lots"),
        ("memory", "-1G"),
        ("memory", "0"),
        ("memory", "1P"),
        ("memory", "1k"),
        ("cpus", "0"),
        ("cpus", "-0.5"),
        ("cpus", "nan"),
        ("cpus", "half"),
        ("pids", "0"),
        ("pids", "1.5"),
        ("pids", "-1"),
        ("open-files", ""),
        ("disk", "1 2"),
        ("swap", "1G"),
    ],
)
def test_nonsense_is_refused(option, text):
    with pytest.raises(UsageError) as error:
        limits.parse({option: text})
    assert error.value.reason == "bad-limit"


def test_what_is_not_given_is_no_limit():
    assert limits.parse({"memory": None, "cpus": "0.5"}) == Limits(cpu=0.5)


def test_the_command_line_wins_over_the_profile_and_both_over_the_defaults():
    line, profile = Limits(memory=1), Limits(memory=2, pids=3)
    assert limits.merged(line, profile, limits.DEFAULTS) == Limits(memory=1, pids=3)
    assert limits.merged(Limits(), limits.DEFAULTS) == limits.DEFAULTS


def test_round_trip():
    value = Limits(memory=1 << 30, cpu=0.5, pids=12, open_files=100)
    assert limits.from_dict(limits.as_dict(value)) == value


@pytest.mark.parametrize("value", ["1G", True, -1, 0])
def test_a_document_with_something_else_is_an_error(value):
    with pytest.raises(ValueError):
        limits.from_dict({"memory": value})
