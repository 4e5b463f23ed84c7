"""The names that every jinja2 template has, as in slapos.recipe.template: builtins, assert, dumps, six."""

from __future__ import annotations

import builtins
import urllib.parse
from types import SimpleNamespace
from typing import Any

from cbuild.recipe.api import dumps

_BUILTINS = """
abs all any bin bool bytes callable chr complex dict divmod enumerate filter float format frozenset hex int isinstance
iter len list map max min next oct ord pow range repr reversed round set sorted str sum tuple zip
"""


def _assert(condition: object, *message: object) -> str:
    if not condition:
        raise AssertionError(*message)
    return ""


# The part of six that templates use; on Python 3 there is nothing to bridge, so the library itself isn't needed.
_SIX = SimpleNamespace(
    PY2=False,
    PY3=True,
    binary_type=bytes,
    ensure_binary=lambda value: value if isinstance(value, bytes) else value.encode(),
    ensure_str=lambda value: value.decode() if isinstance(value, bytes) else value,
    ensure_text=lambda value: value.decode() if isinstance(value, bytes) else value,
    integer_types=(int,),
    iteritems=lambda mapping: iter(mapping.items()),
    iterkeys=lambda mapping: iter(mapping.keys()),
    itervalues=lambda mapping: iter(mapping.values()),
    moves=SimpleNamespace(range=range, urllib=SimpleNamespace(parse=urllib.parse), zip=zip),
    string_types=(str,),
    text_type=str,
)

NAMES: dict[str, Any] = {name: getattr(builtins, name) for name in _BUILTINS.split()}
NAMES |= {"assert": _assert, "dumps": dumps, "six": _SIX}
