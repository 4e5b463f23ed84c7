"""Conditional sections: ``[name:expression]`` (LANGUAGE.md, CND)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from cbuild.profile.expression import Evaluator, ExpressionError, names_for

if TYPE_CHECKING:
    from cbuild.profile.facts import Facts

_MARKER_NAME = re.compile(
    r"\b(?:python_version|python_full_version|os_name|sys_platform|platform_release|platform_system|platform_version"
    r"|platform_machine|platform_python_implementation|implementation_name|implementation_version|extra|extras"
    r"|dependency_groups|os\.name|sys\.platform|platform\.version|platform\.machine|platform\.python_implementation"
    r"|python_implementation)\b(?!\()",
)
_TWO_LITERALS = re.compile(r"""\s*('[^']*'|"[^"]*")\s*(?:[=!<>~]=?=?|in|not\s+in)\s*('[^']*'|"[^"]*")\s*$""")


def _marker(text: str, facts: Facts) -> bool | None:
    """Return what text says as an environment marker (CND-2), None if it isn't one.

    packaging is imported only for a text that has a marker's variable: nearly all conditions are Python.
    """
    if _TWO_LITERALS.match(text):
        raise ExpressionError("compares two literals; environment markers need a variable such as python_version")
    if not _MARKER_NAME.search(text):
        return None
    try:
        from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName  # noqa: PLC0415 - 20 ms, seldom needed
    except ImportError:
        return None
    try:
        return Marker(text).evaluate(dict(facts.markers))
    except (InvalidMarker, SyntaxError, RecursionError):  # a null byte in a literal; parentheses without end
        return None
    except (UndefinedComparison, UndefinedEnvironmentName) as error:
        raise ExpressionError(f"environment marker: {error}") from None


@lru_cache(maxsize=1024)
def holds(expression: str, facts: Facts) -> bool:
    r"""Return whether a header's expression is true for facts.

    expression: the text between the first ``:`` and the closing bracket; ``\x23`` and ``\x3b`` stand for ``#`` and
    ``;`` (CND-5). An empty one is true (CND-6). Raises ExpressionError for what can't be evaluated.
    """
    if not expression:
        return True
    text = expression.replace(r"\x23", "#").replace(r"\x3b", ";")
    if not text.strip():
        raise ExpressionError("the condition is blank")
    marker = _marker(text, facts)
    if marker is not None:
        return marker
    value = Evaluator(names_for(facts)).evaluate(f"[{text}\n]")
    # `[s: False, True]` is a list of two: its first item is the answer, as in zc.buildout.
    if not isinstance(value, list) or not value:
        raise ExpressionError("not one Python expression")
    return bool(value[0])
