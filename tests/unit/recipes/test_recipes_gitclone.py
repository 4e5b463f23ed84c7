"""slapos.recipe.build:gitclone: which commit of which repository."""

from __future__ import annotations

import io
import tarfile

import pytest
from recipe_helpers import made

from cbuild.recipe.api import UserError
from recipes.gitclone import Recipe


@pytest.mark.parametrize(
    ("options", "url"),
    [
        ({"repository": "https://h.invalid/r.git"}, "git+https://h.invalid/r.git@HEAD"),
        ({"repository": "https://h.invalid/r", "branch": "b"}, "git+https://h.invalid/r@b"),
        ({"repository": "https://h.invalid/r", "branch": "b", "revision": "v1"}, "git+https://h.invalid/r@v1"),
        ({"repository": "me@h.invalid:a/r.git", "branch": "b"}, "git+ssh://me@h.invalid/a/r.git@b"),
        ({"repository": "/a/r", "ignore-cloning-submodules": "yes"}, "git+file:///a/r@HEAD#no-submodules"),
    ],
)
def test_what_is_fetched(tmp_path, options, url):
    part = made(Recipe, tmp_path, options)
    assert part.source.url == url


@pytest.mark.parametrize(
    ("options", "message"),
    [({}, "needs repository"), ({"repository": "https://h/r", "ignore-ssl-certificate": "true"}, "not supported")],
)
def test_what_is_refused(tmp_path, options, message):
    with pytest.raises(UserError, match=message):
        made(Recipe, tmp_path, options)


def test_the_files_are_the_location(tmp_path):
    with tarfile.open(tmp_path / "r.tar", "w") as tar:
        member = tarfile.TarInfo("sub/file")
        member.size = 1
        tar.addfile(member, io.BytesIO(b"x"))
    part = made(Recipe, tmp_path, {"repository": "/r"}, {"git+file:///r@HEAD": str(tmp_path / "r.tar")})
    assert part.install() == [f"{tmp_path}/parts/part"]
    assert (tmp_path / "parts" / "part" / "sub" / "file").read_text() == "x"
    part.update()
