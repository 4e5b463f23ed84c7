"""Python expressions in section headers, evaluated without Python's eval (LANGUAGE.md, CND-3).

An expression is walked node by node; what isn't listed here is refused. Modules are stand-ins that answer for the
builder; nothing of the host is looked at, and no expression can take long.
"""

from __future__ import annotations

import ast
import operator
import posixpath
import re
import warnings
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cbuild.profile.facts import Facts

MAX_LENGTH = 2000
MAX_STEPS = 20_000
MAX_ITEMS = 10_000
MAX_BITS = 4096
MAX_PATTERN = 200
MAX_SUBJECT = 400
MAX_REPEATS = 3


class ExpressionError(ValueError):
    """The expression is not Python, or asks for something that isn't offered; its text says what."""


class _Stand:
    """A stand-in for a module or a result: attributes and nothing else."""

    def __init__(self, name: str, attributes: Mapping[str, object]) -> None:
        self.name = name
        self.attributes = attributes


def _safe_pattern(pattern: object) -> str:
    """Return pattern if no subject can make it backtrack for long; nested or many repeats are refused."""
    if not isinstance(pattern, str) or len(pattern) > MAX_PATTERN:
        raise ExpressionError("a regular expression must be a short string")
    repeats = re.findall(r"(?<!\\)(?:[*+?]|\{\d*,\d*\})", pattern)
    if len(repeats) > MAX_REPEATS or re.search(r"\)[*+?{]", pattern) or re.search(r"\\[1-9]|\(\?", pattern):
        raise ExpressionError(f"the regular expression {pattern!r} is too complex for a condition")
    return pattern


def _regular(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(pattern: object, subject: object) -> object:
        if not isinstance(subject, str) or len(subject) > MAX_SUBJECT:
            raise ExpressionError("a regular expression is applied to a short string only")
        try:
            found = function(_safe_pattern(pattern), subject)
        except re.error as error:
            raise ExpressionError(f"bad regular expression: {error}") from None
        if isinstance(found, re.Match):
            return _Stand("match", {"group": found.group, "groups": found.groups})
        return found

    return call


def _python_names(facts: Facts) -> dict[str, object]:
    own = f"{facts.python[0]}{facts.python[1]}"
    minors = ["24", "25", "26", "27", *(f"3{minor}" for minor in range(20))]
    names: dict[str, object] = {f"python{minor}": own == minor for minor in minors}
    names.update({f"python{major}": facts.python[0] == major for major in (2, 3)})
    names.update({name: facts.implementation == name for name in ("cpython", "pypy", "jython", "ironpython")})
    return names


def _system_names(facts: Facts) -> dict[str, object]:
    platforms = {"linux": "linux", "windows": "win32", "cygwin": "cygwin", "solaris": "sunos", "macosx": "darwin"}
    return {
        **{name: word in facts.platform for name, word in platforms.items()},
        "posix": facts.os_name == "posix",
        "bits32": facts.bits == 32,  # noqa: PLR2004 - the name says it
        "bits64": facts.bits == 64,  # noqa: PLR2004 - the name says it
        "little_endian": facts.byteorder == "little",
        "big_endian": facts.byteorder == "big",
        "multiarch": facts.multiarch,
    }


def _modules(facts: Facts) -> dict[str, object]:
    path = _Stand(
        "os.path",
        {
            "isdir": lambda name: name in facts.directories,
            "isfile": lambda name: name in facts.files,
            "exists": lambda name: name in facts.directories or name in facts.files,
            "join": posixpath.join,
            "basename": posixpath.basename,
            "dirname": posixpath.dirname,
            "sep": "/",
        },
    )
    system = _Stand(
        "os",
        {
            "name": facts.os_name,
            "sep": "/",
            "path": path,
            "F_OK": 0,
            "R_OK": 4,
            "W_OK": 2,
            "X_OK": 1,
            "access": lambda name, mode: mode in {0, 4} and (name in facts.directories or name in facts.files),
        },
    )
    return {
        "os": system,
        "sys": _Stand(
            "sys",
            {
                "version_info": (*facts.python, "final", 0),
                "platform": facts.platform,
                "byteorder": facts.byteorder,
                "version": facts.python_full_version,
                "maxsize": 2 ** (facts.bits - 1) - 1,
                "_multiarch": facts.multiarch,
                "implementation": _Stand("sys.implementation", {"name": facts.implementation}),
            },
        ),
        "platform": _Stand(
            "platform",
            {
                "machine": lambda: facts.machine,
                "system": lambda: facts.system,
                "release": lambda: facts.release,
                "version": lambda: facts.version,
                "processor": lambda: "",
                "libc_ver": lambda: ("glibc", "2.36"),
                "architecture": lambda: (f"{facts.bits}bit", "ELF"),
                "python_version": lambda: facts.python_full_version,
                "python_version_tuple": lambda: tuple(map(str, facts.python)),
                "python_implementation": lambda: {"cpython": "CPython", "pypy": "PyPy"}.get(facts.implementation, ""),
                "freedesktop_os_release": lambda: dict(facts.os_release),
            },
        ),
        "re": _Stand(
            "re",
            {
                "match": _regular(re.match),
                "search": _regular(re.search),
                "fullmatch": _regular(re.fullmatch),
            },
        ),
    }


def _getattr(value: object, name: object, *default: object) -> object:
    if isinstance(value, _Stand) and isinstance(name, str):
        if name in value.attributes:
            return value.attributes[name]
        if default:
            return default[0]
        raise ExpressionError(f"{value.name} has no {name} here")
    raise ExpressionError("getattr is for the modules sys, os, platform and re only")


def _builtins() -> dict[str, object]:
    return {
        "int": int,
        "str": str,
        "bool": bool,
        "float": float,
        "len": len,
        "tuple": tuple,
        "list": list,
        "set": set,
        "min": min,
        "max": max,
        "any": any,
        "all": all,
        "sorted": sorted,
        "abs": abs,
        "sum": sum,
        "getattr": _getattr,
    }


def names_for(facts: Facts) -> dict[str, object]:
    """Return the names that an expression can use, for the machine that facts describes."""
    return {**_builtins(), **_python_names(facts), **_system_names(facts), **_modules(facts)}


_COMPARE: Mapping[type[ast.cmpop], Callable[[Any, Any], object]] = MappingProxyType(
    {
        ast.Eq: operator.eq,
        ast.NotEq: operator.ne,
        ast.Lt: operator.lt,
        ast.LtE: operator.le,
        ast.Gt: operator.gt,
        ast.GtE: operator.ge,
        ast.Is: operator.is_,
        ast.IsNot: operator.is_not,
        ast.In: lambda item, container: item in container,
        ast.NotIn: lambda item, container: item not in container,
    }
)
_BINARY: Mapping[type[ast.operator], Callable[[Any, Any], object]] = MappingProxyType(
    {
        ast.Add: operator.add,
        ast.Sub: operator.sub,
        ast.FloorDiv: operator.floordiv,
        ast.Div: operator.truediv,
        ast.Mod: operator.mod,
        ast.BitAnd: operator.and_,
        ast.BitOr: operator.or_,
        ast.BitXor: operator.xor,
    }
)
_UNARY: Mapping[type[ast.unaryop], Callable[[Any], object]] = MappingProxyType(
    {
        ast.Not: operator.not_,
        ast.USub: operator.neg,
        ast.UAdd: operator.pos,
        ast.Invert: operator.invert,
    }
)
_STRING_METHODS = frozenset(
    {
        "split",
        "rsplit",
        "startswith",
        "endswith",
        "lower",
        "upper",
        "strip",
        "lstrip",
        "rstrip",
        "partition",
        "rpartition",
        "find",
        "isdigit",
        "splitlines",
        "replace",
        "count",
        "index",
    }
)
_DICT_METHODS = frozenset({"get", "keys", "values", "items"})


class Evaluator:
    """Evaluates one expression; names are what it may use."""

    def __init__(self, names: Mapping[str, object]) -> None:
        self._names = dict(names)
        self._steps = 0

    def evaluate(self, text: str) -> object:
        """Return the value of text; ExpressionError if it isn't an expression that can be evaluated here."""
        if len(text) > MAX_LENGTH:
            raise ExpressionError(f"longer than {MAX_LENGTH} characters")
        try:
            with warnings.catch_warnings():
                # `1or 2` is a warning of Python's; it would be printed without the profile's line.
                warnings.simplefilter("ignore", SyntaxWarning)
                tree = ast.parse(text.strip(), mode="eval")
            return self._value(tree.body)
        except SyntaxError as error:
            raise ExpressionError(f"not a Python expression: {error.msg}") from None
        except (RecursionError, MemoryError):
            raise ExpressionError("too deeply nested") from None
        except ExpressionError:
            raise
        except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as error:
            raise ExpressionError(f"{type(error).__name__}: {error}") from None

    def _value(self, node: ast.AST) -> Any:  # noqa: ANN401 - a value of the evaluated language
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise ExpressionError("too many steps")
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is None:
            raise ExpressionError(f"{type(node).__name__} is not allowed in a condition")
        return self._bounded(method(node))

    @staticmethod
    def _bounded(value: object) -> object:
        if isinstance(value, int) and value.bit_length() > MAX_BITS:
            raise ExpressionError("number too large")
        if isinstance(value, str | bytes | list | tuple | set | dict) and len(value) > MAX_ITEMS:
            raise ExpressionError("value too large")
        return value

    @staticmethod
    def _constant(node: ast.Constant) -> object:
        return node.value

    def _name(self, node: ast.Name) -> object:
        try:
            return self._names[node.id]
        except KeyError:
            raise ExpressionError(f"name {node.id!r} is not defined") from None

    def _tuple(self, node: ast.Tuple) -> object:
        return tuple(self._value(item) for item in node.elts)

    def _list(self, node: ast.List) -> object:
        return [self._value(item) for item in node.elts]

    def _set(self, node: ast.Set) -> object:
        return {self._value(item) for item in node.elts}

    def _dict(self, node: ast.Dict) -> object:
        if None in node.keys:
            raise ExpressionError("** is not allowed in a condition")
        return {self._value(key): self._value(value) for key, value in zip(node.keys, node.values, strict=True) if key}

    def _boolop(self, node: ast.BoolOp) -> object:
        wanted = isinstance(node.op, ast.Or)
        value: object = None
        for item in node.values:
            value = self._value(item)
            if bool(value) is wanted:
                break
        return value

    def _compare(self, node: ast.Compare) -> object:
        left = self._value(node.left)
        result: object = True
        for compare, item in zip(node.ops, node.comparators, strict=True):
            right = self._value(item)
            result = _COMPARE[type(compare)](left, right)
            if not result:
                break
            left = right
        return result

    def _unaryop(self, node: ast.UnaryOp) -> object:
        return _UNARY[type(node.op)](self._value(node.operand))

    def _binop(self, node: ast.BinOp) -> object:
        left, right = self._value(node.left), self._value(node.right)
        if isinstance(node.op, ast.Mult):
            if not (isinstance(left, int | float) and isinstance(right, int | float)):
                raise ExpressionError("only numbers can be multiplied in a condition")
            return left * right
        if type(node.op) not in _BINARY or (isinstance(node.op, ast.Mod) and isinstance(left, str | bytes)):
            raise ExpressionError(f"{type(node.op).__name__} is not allowed in a condition")
        return _BINARY[type(node.op)](left, right)

    def _ifexp(self, node: ast.IfExp) -> object:
        return self._value(node.body if self._value(node.test) else node.orelse)

    def _subscript(self, node: ast.Subscript) -> object:
        return self._value(node.value)[self._value(node.slice)]

    def _slice(self, node: ast.Slice) -> object:
        return slice(*(None if part is None else self._value(part) for part in (node.lower, node.upper, node.step)))

    def _attribute(self, node: ast.Attribute) -> object:
        value = self._value(node.value)
        if isinstance(value, _Stand):
            return _getattr(value, node.attr)
        allowed = _STRING_METHODS if isinstance(value, str) else _DICT_METHODS if isinstance(value, dict) else ()
        if node.attr in allowed:
            return getattr(value, node.attr)
        if isinstance(value, tuple) and node.attr in {"major", "minor", "micro"}:
            return value[("major", "minor", "micro").index(node.attr)]
        raise ExpressionError(f"the attribute {node.attr!r} is not allowed in a condition")

    def _call(self, node: ast.Call) -> object:
        function = self._value(node.func)
        if not callable(function) or node.keywords:
            raise ExpressionError("only known functions can be called, and without keywords")
        return function(*(self._value(item) for item in node.args))

    def _comprehension(self, node: ast.ListComp | ast.GeneratorExp) -> Iterator[object]:
        (only,) = node.generators if len(node.generators) == 1 else (None,)
        if only is None or not isinstance(only.target, ast.Name):
            raise ExpressionError("only a simple comprehension is allowed in a condition")
        outer = dict(self._names)
        try:
            for item in self._value(only.iter):
                self._names[only.target.id] = item
                if all(self._value(test) for test in only.ifs):
                    yield self._value(node.elt)
        finally:
            self._names = outer

    def _listcomp(self, node: ast.ListComp) -> object:
        return list(self._comprehension(node))

    def _generatorexp(self, node: ast.GeneratorExp) -> object:
        return list(self._comprehension(node))
