"""Eggs of zc.recipe.egg that are patched before they are built."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from test_recipes_custom_egg import PATCH, packed

from cbuild.recipe.api import UserError
from cbuild.recipe.static import StaticBuildout, asking, together
from recipes import egg


@pytest.fixture
def part(tmp_path, monkeypatch):
    """A function that makes a part with the egg spam, and with these options."""
    monkeypatch.setenv("CBUILD_BUILD", str(tmp_path / "build"))
    (tmp_path / "x.patch").write_text(PATCH)
    (tmp_path / "deep.patch").write_text(PATCH.replace(" text", " a/text"))
    files = {f"/profile/{name}.patch": str(tmp_path / f"{name}.patch") for name in ("x", "deep")}
    files["pypi:spam/spam-2.tar.gz"] = packed(tmp_path / "spam-2.tar", "spam-2")
    source = [("spam-2-py3.11-linux-x86_64.egg", "pypi:spam/spam-2.tar.gz", ())]

    def make(**options: str):
        own = {name: str(tmp_path / name) for name in ("directory", *egg.DIRECTORIES)}
        sections = {
            "buildout": own | {"python": "buildout", "executable": egg.BUILDERS},
            "p": {"eggs": "spam", **{name.replace("_", "-"): value for name, value in options.items()}},
        }
        chosen = {together(["spam"]): source, together(asking(["spam"], "", source=True)): source}
        buildout = StaticBuildout(sections, files, [], (), chosen)
        return egg.Eggs(buildout, "p", buildout["p"])

    return make


def test_a_patched_egg_is_another_one(part):
    (plain,) = part().paths()
    (patched,) = part(Spam_patches="/profile/x.patch").paths()
    (deep,) = part(Spam_patches="/profile/deep.patch", Spam_patch_options="-p1").paths()
    assert [Path(path, "spam.py").read_text().strip() for path in (plain, patched, deep)] == [
        "plain",
        "patched",
        "patched",
    ]
    assert plain.name == "spam-2-py3.11-linux-x86_64.egg"
    assert patched.name.startswith("spam-2+patched.")
    assert len({plain, patched, deep}) == 3


def test_a_patch_that_does_not_fit(part):
    with pytest.raises(UserError, match="exit code 1 of: patch -p0"):
        part(Spam_patches="/profile/x.patch\n/profile/x.patch", Spam_patch_options="-p0 --forward").paths()


def test_another_version_than_the_one_that_is_needed(part):
    made = part(Spam_patches="/profile/x.patch")
    made.eggs = [replace(made.eggs[0], name="spam-1-py3.11-linux-x86_64.egg")]
    with pytest.raises(UserError, match=r"what is needed is spam-1-.* the source is spam-2-.*: pin Spam"):
        made.paths()


def test_no_patches(part):
    assert part(Spam_patches="").patched == {}
