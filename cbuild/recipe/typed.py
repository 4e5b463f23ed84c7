"""Values that aren't text in options: ``!py!`` and an expression that gives the value (LANGUAGE.md, SLP-3).

What a recipe stores is written as a literal; what a profile writes may be an expression: literals, indexing and
slicing, arithmetic on numbers, ``+`` on texts and lists. It is walked node by node; nothing is handed to Python's eval.
"""

from __future__ import annotations

import ast
import operator
import warnings
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

MARK = "!py!"
MAX_TEXT = 1 << 20
MAX_BITS = 1 << 16

_NUMBERS = (int, float, complex)
_JOINED = (str, bytes, list, tuple)
_SCALARS = (type(None), bool, int, complex, str, bytes)
_SETS: Mapping[str, Callable[..., object]] = MappingProxyType({"set": set, "frozenset": frozenset})
_ARITHMETIC: Mapping[type[ast.operator], Callable[[Any, Any], object]] = MappingProxyType(
    {
        ast.Add: operator.add,
        ast.Sub: operator.sub,
        ast.Mult: operator.mul,
        ast.Div: operator.truediv,
        ast.FloorDiv: operator.floordiv,
        ast.Mod: operator.mod,
    }
)
_UNARY: Mapping[type[ast.unaryop], Callable[[Any], object]] = MappingProxyType(
    {ast.USub: operator.neg, ast.UAdd: operator.pos, ast.Not: operator.not_}
)


def dumps(value: object) -> str:
    """Return value as option text; ``$`` and ``;`` would mean something in a profile, so they are escaped.

    The same value gives the same text in every run: sets are sorted. TypeError for what isn't made of None, booleans,
    numbers, texts, bytes, lists, tuples, dicts and sets.
    """
    try:
        text = _literal(value)
    except RecursionError:
        raise TypeError("Option values must be strings or literals", type(value)) from None
    return MARK + text.replace("$", r"\x24").replace(";", r"\x3b")


def loads(text: str) -> Any:  # noqa: ANN401 - any type that a value can have
    """Return the value of option text; text without the mark is itself. ValueError if it can't be evaluated."""
    if not text.startswith(MARK):
        return text
    source = text.removeprefix(MARK).strip()
    if len(source) > MAX_TEXT:
        raise ValueError(f"longer than {MAX_TEXT} characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            return _value(ast.parse(source, mode="eval").body)
    except SyntaxError as error:
        raise ValueError(f"{_shown(source)} is no expression: {error.msg}") from None
    except (RecursionError, MemoryError):
        raise ValueError(f"{_shown(source)} is too deeply nested") from None
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise ValueError(f"{_shown(source)} can't be evaluated: {error}") from None


def _shown(source: str) -> str:
    return repr(source if len(source) <= 80 else f"{source[:80]}…")  # noqa: PLR2004 - a line of a terminal


def _literal(value: object) -> str:
    """Return what Python's repr gives, with sets in a fixed order; TypeError for a type that has no literal."""
    if type(value) in _SCALARS or (type(value) is float and value - value == 0):
        return repr(value)
    if type(value) is list:
        return f"[{', '.join(map(_literal, value))}]"
    if type(value) is tuple:
        return f"({', '.join(map(_literal, value))}{',' if len(value) == 1 else ''})"
    if type(value) is dict:
        return f"{{{', '.join(f'{_literal(key)}: {_literal(item)}' for key, item in value.items())}}}"
    if isinstance(value, set | frozenset) and type(value).__name__ in _SETS:
        items = f"{{{', '.join(sorted(map(_literal, value)))}}}" if value else ""
        return items if items and type(value) is set else f"{type(value).__name__}({items})"
    raise TypeError("Option values must be strings or literals", value)


def _value(node: ast.AST) -> Any:  # noqa: ANN401, C901, PLR0911 - one case a kind of node
    match node:
        case ast.Constant():
            return node.value
        case ast.List():
            return [_value(item) for item in node.elts]
        case ast.Tuple():
            return tuple(_value(item) for item in node.elts)
        case ast.Set():
            return {_value(item) for item in node.elts}
        case ast.Dict() if None not in node.keys:
            return {_value(key): _value(item) for key, item in zip(node.keys, node.values, strict=True) if key}
        case ast.Subscript():
            return _value(node.value)[_value(node.slice)]
        case ast.Slice():
            return slice(*(None if part is None else _value(part) for part in (node.lower, node.upper, node.step)))
        case ast.UnaryOp(op=op) if type(op) in _UNARY:
            return _UNARY[type(op)](_value(node.operand))
        case ast.BinOp():
            return _binary(node.op, _value(node.left), _value(node.right))
        case ast.Call(func=ast.Name(id=name)) if name in _SETS and not node.keywords and len(node.args) <= 1:
            return _SETS[name](*map(_value, node.args))
        case ast.Name():
            raise ValueError(f"name {node.id!r} is not defined")
        case ast.Call(func=ast.Name(id=name)):
            raise ValueError(f"name {name!r} is not defined")
    raise ValueError(f"{type(node).__name__} is not allowed")


def _binary(op: ast.operator, left: object, right: object) -> object:
    numbers = isinstance(left, _NUMBERS) and isinstance(right, _NUMBERS)
    if type(op) not in _ARITHMETIC or not (numbers or (isinstance(op, ast.Add) and isinstance(left, _JOINED))):
        raise ValueError(f"{type(op).__name__} is not allowed for {type(left).__name__} and {type(right).__name__}")
    result = _ARITHMETIC[type(op)](left, right)
    if isinstance(result, int) and result.bit_length() > MAX_BITS:
        raise ValueError("the number is too large")
    return result
