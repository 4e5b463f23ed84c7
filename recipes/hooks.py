"""Hooks of a compiled part: functions of the profile's own, run in the builder (``URL[#MD5]:FUNCTION``)."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import inspect
import os
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

from cbuild.recipe.api import Buildout, Options, Source, UserError
from recipes import files


class Hook:
    """One hook: f(options, buildout, environ) or f(options, buildout), called with the source as the directory.

    The constructor reads the file's text and runs nothing: sections that it looks up by name are asked for here. Any
    other that it turns out to need costs another run of the part.
    """

    def __init__(self, buildout: Buildout, options: Options, option: str) -> None:
        location, colon, function = options[option].strip().rpartition(":")
        if not colon or not function.strip().isidentifier():
            raise UserError(f"[{options.name}] {option}: {options[option].strip()!r} is not URL[#MD5]:FUNCTION.")
        self._what = f"[{options.name}] {option}"
        self._file: Source = files.checked(buildout, location)
        self._function = function.strip()
        if not files.inside(buildout, location):
            for section in sorted(_sections(self._code(), self._function)):
                dict(buildout.get(section, {}))

    def _code(self) -> bytes:
        try:
            return self._file.path.read_bytes()
        except Exception:  # noqa: BLE001 - what can't be had is said later, with all other sources
            return b""

    def __call__(self, options: Options, buildout: Buildout, environ: dict[str, str], directory: Path) -> None:
        """Run it; what it changes in environ holds for the commands after it."""
        path = self._file.path
        name = f"hook_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"
        loader = SourceFileLoader(name, str(path))
        module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))  # type: ignore[arg-type]
        sys.modules[name] = module
        here = Path.cwd()
        os.chdir(directory)
        try:
            loader.exec_module(module)
            function = getattr(module, self._function, None)
            if function is None:
                raise UserError(f"{self._what}: {self._file.url} has no function {self._function}.")
            function(*_arguments(function, options, buildout, environ))
        finally:
            os.chdir(here)


def _arguments(function: Any, *arguments: object) -> tuple[object, ...]:  # noqa: ANN401 - anything that can be called
    try:
        inspect.signature(function).bind(*arguments)
    except TypeError:
        return arguments[:2]  # old hooks take no environ
    return arguments


def _sections(code: bytes, function: str) -> set[str]:
    """Return the sections that code looks up by name: ``buildout["x"]``, ``buildout.get("x")``."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError):
        return set()  # it says so itself when it is run
    names = {"buildout", *_second_parameter(tree, function)}
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=str() as section)) if name in names:
                found.add(section)
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id=name), attr="get"), args=[ast.Constant(value=str() as section), *_]
            ) if name in names:
                found.add(section)
    return found - {"buildout"}


def _second_parameter(tree: ast.Module, function: str) -> list[str]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            return [argument.arg for argument in node.args.args[1:2]]
    return []
