"""Command lines from signatures: a command is a function, its parameters' annotations say how they are typed.

`Annotated[int, Option("--jobs", "-j", help="…")] = 2` is an option, `Annotated[str, Argument(help="…")]` a word. Built
on argparse, because every run pays for the import, and "nothing to do" has to be quick.
"""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import NoneType
from typing import Annotated, Any, NoReturn, get_args, get_origin

from cbuild.errors import UsageError


@dataclass(frozen=True, init=False)
class Option:
    """An option. flags: as typed; from the parameter's name if there are none.

    count: how often it is given counts. min: the least number. A bool that is true by default gets ``--no-NAME``, too.
    """

    flags: tuple[str, ...]
    metavar: str | None
    help: str
    count: bool
    min: int | None

    def __init__(
        self, *flags: str, metavar: str | None = None, help: str = "", count: bool = False, min: int | None = None  # noqa: A002 - reads as what it is
    ) -> None:
        for name, value in (("flags", flags), ("metavar", metavar), ("help", help), ("count", count), ("min", min)):
            object.__setattr__(self, name, value)


@dataclass(frozen=True)
class Argument:
    """A word in its place; a list takes all that are left."""

    metavar: str | None = None
    help: str = ""


def call(function: Callable[..., object], program: str, arguments: Sequence[str]) -> object:
    """Call function with what arguments say and return what it returns.

    Options and words mix freely; what follows ``--`` goes to the last list of words as it is. UsageError for a command
    line that doesn't fit. ``-h`` and ``--help`` print the help and raise SystemExit.
    """
    parser = _Parser(prog=program, description=inspect.getdoc(function), allow_abbrev=False)
    rest = ""
    for parameter in inspect.signature(function, eval_str=True).parameters.values():
        kind, declaration = _declared(parameter)
        if isinstance(declaration, Option):
            _add_option(parser, parameter, kind, declaration)
        else:
            rest = _add_argument(parser, parameter, kind, declaration) or rest
    own, verbatim = _at_dashes(arguments) if rest else (list(arguments), [])
    values = vars(parser.parse_intermixed_args(own))
    if verbatim:
        values[rest] = [*(values[rest] or ()), *verbatim]
    return function(**values)


class _Parser(argparse.ArgumentParser):
    """Argparse, with the contract's errors."""

    def error(self, message: str) -> NoReturn:
        """Raise UsageError."""
        first, *rest = message
        raise UsageError(f"{first.upper()}{''.join(rest)}.", resolution=f"{self.prog} --help")


def _declared(parameter: inspect.Parameter) -> tuple[Any, Option | Argument]:
    """Return the parameter's type and its declaration."""
    if get_origin(parameter.annotation) is Annotated:
        kind, *notes = get_args(parameter.annotation)
        for note in notes:
            if isinstance(note, Option | Argument):
                return kind, note
    raise TypeError(f"the parameter {parameter.name} is neither an Option nor an Argument")


def _plain(kind: Any) -> tuple[Callable[[str], Any], bool]:  # noqa: ANN401 - a type of any sort
    """Return what makes a value from a word (int of ``list[int] | None``), and whether there may be several."""
    several = False
    while get_args(kind):
        several = several or get_origin(kind) is list
        kind = next(argument for argument in get_args(kind) if argument is not NoneType)
    return kind, several


def _add_option(parser: _Parser, parameter: inspect.Parameter, kind: Any, option: Option) -> None:  # noqa: ANN401
    flags = option.flags or (f"--{parameter.name.replace('_', '-')}",)
    common: dict[str, Any] = {"dest": parameter.name, "default": parameter.default, "help": option.help}
    convert, several = _plain(kind)
    if option.count:
        parser.add_argument(*flags, action="count", **common)
    elif convert is bool:
        action = argparse.BooleanOptionalAction if parameter.default else "store_true"
        parser.add_argument(*flags, action=action, **common)
    else:
        name = option.metavar or parameter.name.replace("_", "-").upper()
        make = convert if option.min is None else _at_least(option.min)
        parser.add_argument(*flags, action="append" if several else "store", type=make, metavar=name, **common)


def _add_argument(parser: _Parser, parameter: inspect.Parameter, kind: Any, argument: Argument) -> str:  # noqa: ANN401
    """Add a word; return the parameter's name if it takes all that are left."""
    convert, several = _plain(kind)
    required = parameter.default is inspect.Parameter.empty
    default = None if required else parameter.default
    count: dict[str, Any] = {"nargs": "*" if several else "?"} if several or not required else {}
    name = argument.metavar or parameter.name.upper()
    parser.add_argument(parameter.name, type=convert, default=default, metavar=name, help=argument.help, **count)
    return parameter.name if several else ""


def _at_least(least: int) -> Callable[[str], int]:
    def convert(text: str) -> int:
        number = int(text)
        if number < least:
            raise argparse.ArgumentTypeError(f"{text} is less than {least}")
        return number

    return convert


def _at_dashes(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return what stands before ``--`` and what stands after it."""
    words = list(arguments)
    place = words.index("--") if "--" in words else len(words)
    return words[:place], words[place + 1 :]
