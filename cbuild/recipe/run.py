"""The builder's side of a part: read the job, construct the recipe, install, write the result.

job.json: ``{"action": "install"|"construct", "part", "recipe": {"module", "attribute", "compatible"} or {"spec",
"develop", "requirements", "site", "extensions"}, "directory", "sections", "sources", "names", "absent",
"distributions", "parsed"}`` (see cbuild.recipe.static).

result.json: ``{"ok": true, "paths", "options", "sources", "sections"}`` (sources that the recipe declared; other
sections that it changed), or ``{"ok": false, "kind": "user"|"needs"|"exception", "message"}``, with ``"needs"`` for
what it asked for (cbuild.recipe.needs).
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

from cbuild.recipe import archives, bytecode
from cbuild.recipe.api import RecipeClass, UserError
from cbuild.recipe.last import NAME, LastProgram
from cbuild.recipe.needs import Needs
from cbuild.recipe.static import StaticBuildout

# What a command line that fails leaves in `subprocess.CalledProcessError`: the log has said the rest.
CALL_FAILED = "CalledProcessError"


def main() -> None:
    """Run the job named on the command line; the exit code is 0 when a result was written, good or bad."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    os.umask(0o022)
    last = LastProgram()
    result = run(job)
    if not result["ok"]:
        last.write(Path(sys.argv[2]).with_name(NAME))
    sys.stdout.flush()
    Path(sys.argv[2]).write_text(json.dumps(result, sort_keys=True), encoding="utf-8")


def run(job: dict[str, Any]) -> dict[str, object]:
    """Return the result document of one job."""
    buildout = StaticBuildout(
        job["sections"], job["sources"], job.get("names"), job.get("absent", ()), job.get("distributions"),
        job.get("parsed", ()),
    )  # fmt: skip
    options = buildout[job["part"]]
    try:
        with _in_directory(job["directory"]):
            recipe = _load(job["recipe"], buildout)(buildout, job["part"], options)
            result = {
                "options": options.copy(), "sources": dict(buildout.declared), "sections": buildout.changed(job["part"])
            }  # fmt: skip
            paths = _paths(recipe.install()) if job["action"] == "install" else []
        if job["action"] == "install":
            bytecode.renew(job["directory"])
            archives.renew(job["directory"])
    except Needs as needs:
        return {"ok": False, "kind": "needs", "needs": needs.what, "message": f"it needs {needs}"}
    except Exception as error:  # noqa: BLE001 - a recipe may raise anything; the host reports it
        return _failed(error)
    return {"ok": True, "paths": paths, **result}


def _load(recipe: dict[str, Any], buildout: StaticBuildout) -> RecipeClass:
    # By name, not by import: what a part doesn't use must not be in the digest of its code (cbuild.recipe.code).
    if recipe.get("compatible"):
        importlib.import_module("cbuild.recipe.compatible").install(buildout)
    if "module" in recipe:
        return cast("RecipeClass", getattr(importlib.import_module(recipe["module"]), recipe["attribute"]))
    loader = importlib.import_module("cbuild.recipe.foreign" if recipe["spec"] else "cbuild.recipe.extend")
    return cast("RecipeClass", loader.load(recipe, buildout))


class _in_directory:  # noqa: N801 - reads like the function that it is
    """Change the directory for a block; recipes run in the buildout directory (RCP-3)."""

    def __init__(self, directory: str) -> None:
        self._directory = directory

    def __enter__(self) -> None:
        os.chdir(self._directory)

    def __exit__(self, *exception: object) -> None:
        os.chdir("/")


def _paths(installed: str | Iterable[str] | None) -> list[str]:
    if installed is None:
        return []
    return [installed] if isinstance(installed, str) else [str(path) for path in installed]


def _failed(error: Exception) -> dict[str, object]:
    expected = isinstance(error, UserError) or type(error).__name__ == CALL_FAILED
    if not expected:
        traceback.print_exc(file=sys.stdout)
    message = str(error) if expected else f"{type(error).__name__}: {error}"
    return {"ok": False, "kind": "user" if expected else "exception", "message": message}


if __name__ == "__main__":
    main()
