"""zc.recipe.egg:custom and :develop, with a build backend of a few lines that the sources bring along."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from cbuild.recipe.api import Options, UserError
from cbuild.recipe.static import StaticBuildout, asking, together
from recipes import custom_egg, egg

BACKEND = """
import os, zipfile

def build_wheel(out, config_settings=None, metadata_directory=None):
    name = "spam-2-py3-none-any.whl"
    options = open("setup.cfg").read() if os.path.exists("setup.cfg") else ""
    with zipfile.ZipFile(os.path.join(out, name), "w") as wheel:
        wheel.writestr("spam.py", "\\n".join([open("text").read(), options, os.environ.get("FLAG", "")]))
        wheel.writestr("spam-2.dist-info/METADATA", "Name: spam\\n")
    return name
"""
PROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
PATCH = "--- text\n+++ text\n@@ -1 +1 @@\n-plain\n+patched\n"


def packed(path: Path, top: str) -> str:
    with tarfile.open(path, "w") as archive:
        for name, text in {"backend.py": BACKEND, "pyproject.toml": PROJECT, "text": "plain\n"}.items():
            member = tarfile.TarInfo(f"{top}/{name}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return str(path)


@pytest.fixture
def part(tmp_path, monkeypatch):
    """A function that makes the part with these options."""
    monkeypatch.setenv("CBUILD_BUILD", str(tmp_path / "build"))
    (tmp_path / "x.patch").write_text(PATCH)
    files = {
        "pypi:spam/spam-2.tar.gz": packed(tmp_path / "spam-2.tar", "spam-2"),
        "/profile/spam": packed(tmp_path / "spam.tar", "spam"),
        "/profile/x.patch": str(tmp_path / "x.patch"),
    }
    chosen = [("spam-2-py3.11-linux-x86_64.egg", "pypi:spam/spam-2.tar.gz", ())]

    def make(recipe=custom_egg.Custom, **options: str):
        own = {name: str(tmp_path / name) for name in ("directory", *egg.DIRECTORIES)}
        sections = {
            "buildout": own | {"python": "buildout", "executable": egg.BUILDERS},
            "p": {name.replace("_", "-"): value for name, value in options.items()},
        }
        distributions = {
            together(asking(["spam"], "", source=True)): chosen,
            together(asking(custom_egg.BUILDERS, "", source=False)): [],
        }
        found: Options = StaticBuildout(sections, files, [], (), distributions)["p"]
        return recipe(found.buildout, "p", found)

    return make


def module(path: str) -> str:
    return Path(path, "spam.py").read_text()


def test_an_egg_is_built_with_options(part, tmp_path):
    made = part(egg="spam", include_dirs="a\n/b", rpath="$ORIGIN/x", libraries="m  z", environment="FLAG=set")
    (path,) = made.install()
    assert Path(path).parent.name == "develop-eggs-directory"
    text = module(path)
    assert "plain" in text
    assert f"[build_ext]\ninclude_dirs = {tmp_path}/directory/a:/b\nrpath = $ORIGIN/x\nlibraries = m z" in text
    assert text.endswith("set")


@pytest.mark.parametrize(
    "options",
    [
        {"spam-patches": "/profile/x.patch", "spam-patch-options": "-p0"},
        {"patches": "/profile/x.patch", "patch-options": "-p0"},
        {"Spam-patches": "/profile/x.patch"},
        {"spam-patches": "/profile/x.patch", "patches": "/profile/none.patch", "patch-options": "-p0"},
    ],
)
def test_patches(part, options):
    assert "patched" in module(part(egg="spam", **options).install()[0])


def test_a_directory_of_the_profiles(part):
    assert "plain" in module(part(custom_egg.Develop, setup="/profile/spam").install()[0])


def test_a_directory_of_another_part(part, tmp_path):
    directory = tmp_path / "directory" / "parts" / "x"
    directory.mkdir(parents=True)
    for name, text in {"backend.py": BACKEND, "pyproject.toml": PROJECT, "text": "other\n"}.items():
        (directory / name).write_text(text)
    assert "other" in module(part(custom_egg.Develop, setup=str(directory)).install()[0])
    assert sorted(path.name for path in directory.iterdir()) == ["backend.py", "pyproject.toml", "text"]


@pytest.mark.parametrize(
    ("recipe", "options", "message"),
    [(custom_egg.Custom, {"egg": "a\nb"}, "one egg"), (custom_egg.Develop, {}, "needs setup")],
)
def test_refused(part, recipe, options, message):
    with pytest.raises(UserError, match=message):
        part(recipe, **options)


def test_a_build_that_fails(part, monkeypatch):
    made = part(egg="spam")
    monkeypatch.setattr(made, "python", "/bin/false")
    with pytest.raises(UserError, match="spam-2 can't be built"):
        made.install()
