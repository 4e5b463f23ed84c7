"""YAML with line numbers: plain values, and an error that says where a wrong one stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from cbuild.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Document:
    """A parsed YAML file: its plain value, and the line on which each key path stands."""

    file: str
    value: object
    lines: Mapping[tuple[str, ...], int] = field(default_factory=dict)

    def fail(self, path: Sequence[str], brief: str, resolution: str = "") -> NoReturn:
        """Raise UsageError (``bad-base-description``) with the file and the line of path or its nearest parent."""
        keys = tuple(path)
        while keys and keys not in self.lines:
            keys = keys[:-1]
        raise UsageError(
            f"{'.'.join(path)}: {brief}" if path else brief,
            reason="bad-base-description",
            file=self.file,
            line=self.lines.get(keys),
            resolution=resolution,
        )

    def mapping(self, value: object, path: Sequence[str]) -> Mapping[str, object]:
        """Return value as a mapping with string keys; None counts as empty."""
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.fail(path, "a mapping is needed here")
        return value

    def strings(self, value: object, path: Sequence[str]) -> tuple[str, ...]:
        """Return value as a tuple of strings; None counts as empty."""
        if value is None:
            return ()
        if not isinstance(value, (list, tuple)):
            self.fail(path, "a list of strings is needed here")
        return tuple(self.string(item, (*path, str(place))) for place, item in enumerate(value))

    def string(self, value: object, path: Sequence[str]) -> str:
        """Return value as a string."""
        if not isinstance(value, str):
            self.fail(path, f"a string is needed here, not {value!r}", "Put it in quotes.")
        return value

    def integer(self, value: object, path: Sequence[str]) -> int:
        """Return value as a natural number."""
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            self.fail(path, f"a natural number is needed here, not {value!r}")
        return value


def parse(path: Path) -> Document:
    """Read a YAML file. UsageError (``bad-base-description``) if it is no YAML, or a key stands twice."""
    import yaml  # 20 ms; a run that finds its base built never needs it  # noqa: PLC0415

    try:
        text = path.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except UnicodeDecodeError as error:
        raise UsageError(f"{path.name} is not UTF-8", reason="bad-base-description", file=str(path)) from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise UsageError(
            f"{path.name} is no YAML: {error.problem}", reason="bad-base-description", file=str(path), line=line
        ) from error
    except yaml.YAMLError as error:
        raise UsageError(f"{path.name} is no YAML: {error}", reason="bad-base-description", file=str(path)) from error
    lines: dict[tuple[str, ...], int] = {}
    _index(node, (), lines, str(path))
    return Document(str(path), yaml.safe_load(text), lines)


def _index(node: object, path: tuple[str, ...], lines: dict[tuple[str, ...], int], file: str) -> None:
    """Note the line of every key and list item below a composed YAML node."""
    import yaml  # see parse  # noqa: PLC0415

    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            place = (*path, str(key.value))
            line = key.start_mark.line + 1
            if place in lines:
                raise UsageError(
                    f"{'.'.join(place)} stands twice (first in line {lines[place]})",
                    reason="bad-base-description",
                    file=file,
                    line=line,
                )
            lines[place] = line
            _index(value, place, lines, file)
    elif isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            place = (*path, str(number))
            lines[place] = item.start_mark.line + 1
            _index(item, place, lines, file)
