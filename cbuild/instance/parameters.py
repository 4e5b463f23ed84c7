"""An instance's parameters, as the command line gives them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from cbuild.errors import UsageError

Parameters = dict[str, object]


def from_arguments(arguments: Sequence[str]) -> Parameters:
    """Return parameters from ``KEY=VALUE`` texts; UsageError (bad-parameter) for any other."""
    parameters: Parameters = {}
    for argument in arguments:
        key, equals, value = argument.partition("=")
        if not equals or not key.strip():
            raise UsageError(
                f"The parameter {argument!r} is not KEY=VALUE.",
                reason="bad-parameter",
                resolution="Write it as --param KEY=VALUE; VALUE may be empty.",
            )
        if key.strip() in parameters:
            raise UsageError(
                f"The parameter {key.strip()!r} is given twice.",
                reason="bad-parameter",
                resolution="Leave one of them out.",
            )
        parameters[key.strip()] = value
    return parameters


def from_file(path: Path) -> Parameters:
    """Return parameters from a JSON or YAML file that holds one object; UsageError (bad-parameter) otherwise."""
    import yaml  # noqa: PLC0415 - 10 ms, for this alone

    try:
        # JSON first and by itself: YAML 1.1 reads some JSON numbers (1e3) as text.
        text = path.read_text(encoding="utf-8")
        value = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except OSError as error:
        raise UsageError(
            f"The parameter file {path} can't be read.", reason="bad-parameter", details=str(error.strerror)
        ) from error
    except (ValueError, yaml.YAMLError) as error:
        raise UsageError(
            f"The parameter file {path} is neither JSON nor YAML.", reason="bad-parameter", details=str(error)
        ) from error
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise UsageError(
            f"The parameter file {path} does not hold an object with names as keys.",
            reason="bad-parameter",
            resolution='Write {"key": "value", …}, or the same as YAML.',
        )
    # What YAML has beyond JSON (dates) becomes text: parameters travel as JSON.
    result: Parameters = json.loads(json.dumps(value, default=str))
    return result


def combined(before: Mapping[str, object], file: Parameters | None, arguments: Parameters) -> Parameters:
    """Return an instance's new parameters.

    before: what it has. file: replaces all of them, if given. arguments: each replaces one.
    """
    return {**(before if file is None else file), **arguments}
