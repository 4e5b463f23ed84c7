"""The house's arrows (docs/contributing.md): who may import whom, and what stays lazy."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BASE = {"errors", "events", "canonical"}

# Package to the packages of cbuild that it may import, besides its own and the three that everybody may.
ALLOWED = {
    "errors": set(),
    "events": set(),
    "canonical": set(),
    "engine.api": set(),
    "profile": set(),
    "recipe": {"profile"},
    "state": {"layer", "image"},
    "layer": {"image"},
    "source": {"state"},
    "distribution": {"profile", "source"},
    "image": {"engine.api", "layer"},
    "engine": {"engine.api", "state"},
    "base": {"engine.api", "image", "state"},
    "plan": {"distribution", "profile", "recipe", "source", "layer", "state"},
    "build": {
        "base",
        "distribution",
        "engine.api",
        "engine.select",
        "image",
        "layer",
        "plan",
        "profile",
        "recipe",
        "source",
        "state",
    },
    "instance": {
        "base",
        "build",
        "engine.api",
        "engine.select",
        "image",
        "layer",
        "profile",
        "recipe",
        "source",
        "state",
    },
    "cli": {"base", "build", "engine.api", "engine.select", "instance", "plan", "profile", "source", "state"},
}

FILES = sorted((ROOT / "cbuild").rglob("*.py"))


def package(module: str) -> str:
    """Return the room of a module: engine.api is a room of its own."""
    names = module.split(".")[1:]
    return ".".join(names[:2]) if names[:2] in (["engine", "api"], ["engine", "select"]) else (names or [""])[0]


def imports(path: Path):
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert not node.level, f"{path}: a relative import"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                is_module = (ROOT / (full.replace(".", "/") + ".py")).exists()
                yield full if is_module else node.module, node


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_follow_the_arrows(path):
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    here = package(module)
    if not here:
        return
    # engine.select is the one that picks an adapter; for what it imports it is part of the engine's room.
    allowed = ALLOWED["engine" if here == "engine.select" else here] | BASE | {here, here.partition(".")[0], ""}
    for name, node in imports(path):
        if name.split(".")[0] == "cbuild":
            assert package(name) in allowed, f"{path}:{node.lineno}: {here} must not import {name}"
        if name.split(".")[0] == "recipes":
            assert here in ("recipe", "instance"), f"{path}:{node.lineno}: {here} must not import {name}"


@pytest.mark.parametrize("path", sorted((ROOT / "recipes").glob("*.py")), ids=lambda path: path.name)
def test_recipes_import_the_api_and_nothing_else_of_cbuild(path):
    for name, node in imports(path):
        if name.startswith("cbuild"):
            assert name == "cbuild.recipe.api", f"{path}:{node.lineno}: {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_engine_sdks_are_imported_by_their_adapter_alone(path):
    for name, node in imports(path):
        if name.split(".")[0] in ("docker", "podman"):
            assert path.parent.name == "engine", f"{path}:{node.lineno}: {name}"
        if name in ("cbuild.engine.docker", "cbuild.engine.podman"):
            assert path.name == "select.py", f"{path}:{node.lineno}: {name}"
            assert node.col_offset, f"{path}:{node.lineno}: {name} must be imported lazily"


def test_no_import_cycles():
    graph = {}
    for path in FILES:
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        # What is imported inside a function doesn't count: it happens after both modules are there.
        graph[module] = {name for name, node in imports(path) if name.startswith("cbuild.") and not node.col_offset}
    done, path = set(), []

    def visit(module):
        assert module not in path, f"an import cycle: {' -> '.join([*path, module])}"
        if module in done:
            return
        path.append(module)
        for name in graph.get(module, ()):
            if name != module:
                visit(name)
        path.pop()
        done.add(module)

    for module in graph:
        visit(module)


def test_modules_stay_small():
    lengths = sorted(len(path.read_bytes().splitlines()) for path in [*FILES, *(ROOT / "recipes").glob("*.py")])
    assert lengths[-1] <= 500
    assert lengths[len(lengths) // 2] <= 130
