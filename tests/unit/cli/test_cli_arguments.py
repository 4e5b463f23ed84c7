"""Signatures as command lines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pytest

from cbuild.cli.arguments import Argument, Option, call
from cbuild.errors import UsageError


def build(
    words: Annotated[list[str] | None, Argument()] = None,
    config: Annotated[str | None, Option("-c", "--config")] = None,
    verbose: Annotated[int, Option("-v", count=True)] = 0,
    jobs: Annotated[int, Option("--jobs", "-j", min=1)] = 2,
    output: Annotated[Path | None, Option()] = None,
    load: Annotated[bool, Option()] = True,
    keep_failed: Annotated[bool, Option()] = False,
    param: Annotated[list[str] | None, Option()] = None,
) -> dict[str, object]:
    """Build."""
    return locals()


def shell(
    *,
    name: Annotated[str, Argument()],
    words: Annotated[list[str] | None, Argument()] = None,
    engine: Annotated[str | None, Option()] = None,
) -> tuple[object, ...]:
    return name, words, engine


def optional(name: Annotated[str | None, Argument()] = None) -> object:
    return name


def given(*arguments: str) -> dict[str, object]:
    found = call(build, "cbuild build", arguments)
    assert isinstance(found, dict)
    return {key: value for key, value in found.items() if value != DEFAULTS[key]}


DEFAULTS = {
    "words": [], "config": None, "verbose": 0, "jobs": 2, "output": None, "load": True, "keep_failed": False,
    "param": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", {}),
        ("a.cfg b:c=d", {"words": ["a.cfg", "b:c=d"]}),
        ("a.cfg -j4 b:c+=d --keep-failed e", {"words": ["a.cfg", "b:c+=d", "e"], "jobs": 4, "keep_failed": True}),
        ("-vcother.cfg", {"verbose": 1, "config": "other.cfg"}),
        ("-vv -v", {"verbose": 3}),
        ("--no-load --output x", {"load": False, "output": Path("x")}),
        ("--output=x --load", {"output": Path("x")}),
        ("--param a=1 --param b=-2", {"param": ["a=1", "b=-2"]}),
        ("a -- --jobs", {"words": ["a", "--jobs"]}),
    ],
)
def test_options_and_words_mix(line: str, expected: dict[str, object]) -> None:
    assert given(*line.split()) == expected


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--jobs 0", "--jobs/-j: 0 is less than 1"),
        ("--jobs x", "invalid int value: 'x'"),
        ("--job 3", "Unrecognized arguments: --job"),
        ("--jobs", "expected one argument"),
    ],
)
def test_bad_lines_are_usage_errors(line: str, message: str) -> None:
    with pytest.raises(UsageError, match=message.replace("(", r"\(")) as caught:
        given(*line.split())
    assert caught.value.resolution == "cbuild build --help"
    assert caught.value.exit_code == 2


def test_a_command_after_dashes_is_left_alone() -> None:
    assert call(shell, "cbuild shell", ["web-0", "--engine", "podman", "--", "ls", "-l", "--engine"]) == (
        "web-0",
        ["ls", "-l", "--engine"],
        "podman",
    )
    assert call(shell, "cbuild shell", ["web-0"]) == ("web-0", [], None)


def test_a_word_may_be_missing_or_is_required() -> None:
    assert call(optional, "x", []) is None
    assert call(optional, "x", ["a"]) == "a"
    with pytest.raises(UsageError, match="required: NAME"):
        call(shell, "x", [])
    with pytest.raises(UsageError, match="Unrecognized arguments: b"):
        call(optional, "x", ["a", "b"])


def test_help_names_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        call(build, "cbuild build", ["--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    assert "--no-load" in text
    assert "--keep-failed" in text
    assert "-c FILE" not in text
    assert "Build." in text


def test_a_parameter_without_a_declaration_is_a_bug() -> None:
    def bad(name: str) -> None: ...

    with pytest.raises(TypeError, match="name"):
        call(bad, "x", [])
