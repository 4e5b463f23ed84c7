"""From mmdebstrap's tar to the canonical layer: what goes, what comes, equal bytes."""

import hashlib
import io
import os
import tarfile
from dataclasses import replace

import pytest

from cbuild.base import archive, tree
from cbuild.base.description import Description, Directory, Image, User
from cbuild.base.globs import matcher
from cbuild.errors import EngineError

PLAIN = Description(
    name="t",
    suite="bookworm",
    epoch=1704067200,
    packages=("dash",),
    python=(),
    remove=(),
    keep=(),
    directories=(),
    empty=(),
    links=(),
    users=(),
    files="",
    image=Image((), (), (), (), "/", "", ""),
)


def member(name, kind=tarfile.REGTYPE, mode=0o644, data=b"", **fields):
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.size = kind, mode, len(data)
    for key, value in fields.items():
        setattr(info, key, value)
    return info, data


ROOT = [
    member("./", tarfile.DIRTYPE, 0o755),
    member("./usr", tarfile.DIRTYPE, 0o755, uid=12, uname="somebody", mtime=5.5),
    member("./bin", tarfile.SYMTYPE, linkname="usr/bin"),
    member("./dev", tarfile.DIRTYPE, 0o755),
    member("./dev/null", tarfile.CHRTYPE, devmajor=1, devminor=3),
    member("./usr/bin", tarfile.DIRTYPE, 0o755),
    member("./usr/bin/su", mode=0o4755, data=b"setuid", uid=0, gid=0),
    member("./usr/bin/z", mode=0o755, data=b"linked"),
    member("./usr/bin/a", tarfile.LNKTYPE, linkname="./usr/bin/z"),
    member("./usr/share/doc/x/copyright", data=b"free"),
    member("./usr/share/doc/x/changelog", data=b"long"),
    member("./.cbuild", tarfile.DIRTYPE),
    member("./.cbuild/packages", data=b"notes"),
]


@pytest.fixture
def layer(tmp_path):
    """A function from a description and a tar's members to the canonical layer's bytes."""

    def make(description, members=ROOT, **pax):
        path = tmp_path / "raw.tar"
        with tarfile.open(path, "w", **pax) as raw:
            for info, data in members:
                raw.addfile(info, io.BytesIO(data))
        out = io.BytesIO()
        with tarfile.open(path) as raw, path.open("rb") as stream:
            shaped = tree.shape(tree.read(raw), description, tmp_path, "x86_64-linux-gnu")
            archive.write(shaped, stream, description.epoch, out)
        return out.getvalue()

    return make


def entries(data):
    with tarfile.open(fileobj=io.BytesIO(data)) as opened:
        return {info.name: info for info in opened}


def test_canonical(layer):
    found = entries(layer(PLAIN))
    names = list(found)
    assert names == sorted(names, key=os.fsencode)
    assert "dev/null" not in found
    assert not any(name.startswith(".cbuild") for name in found)
    assert {info.mtime for info in found.values()} == {PLAIN.epoch}
    assert {(info.uid, info.gid, info.uname, info.gname) for info in found.values()} == {(0, 0, "", "")}
    assert found["usr/bin/su"].mode == 0o755
    assert found["usr/bin/a"].isreg()
    assert found["usr/bin/z"].islnk()
    assert found["usr/bin/z"].linkname == "usr/bin/a"
    assert found["usr/share"].mode == 0o755, "parents that the tar doesn't have"


def test_the_order_and_dress_of_the_input_do_not_matter(layer):
    shuffled = [*ROOT[:8], ROOT[9], ROOT[8], *ROOT[10:]]
    assert layer(PLAIN) == layer(PLAIN, shuffled) == layer(PLAIN, format=tarfile.GNU_FORMAT)


def test_which_hard_link_carries_the_data_does_not_matter(layer):
    other = [
        member("./usr/bin/a", mode=0o755, data=b"linked"),
        member("./usr/bin/z", tarfile.LNKTYPE, linkname="./usr/bin/a"),
    ]
    assert layer(PLAIN) == layer(PLAIN, ROOT[:7] + other + ROOT[9:])


def test_golden_bytes(layer):
    """A layer that changes changes every key: never without a new format number in find.py."""
    data = layer(replace(PLAIN, directories=(Directory("/" + "d" * 120, 0o1777, 30001),)))
    assert hashlib.sha256(data).hexdigest() == "f402a6e9b97aa87ad050498cf08bdd7b1d2cd3b83b5c750c8e39553df0042cda"


def test_removed_kept_and_added(layer, tmp_path):
    (tmp_path / "t/files/usr/lib").mkdir(parents=True)
    (tmp_path / "t/files/usr/lib/run").write_text("#!/bin/sh\n")
    (tmp_path / "t/files/usr/lib/run").chmod(0o600)
    (tmp_path / "t/files/usr/lib/data").write_text("x")
    (tmp_path / "t/files/usr/lib/data").chmod(0o777)
    description = replace(
        PLAIN,
        remove=("/usr/share/doc/**", "/usr/bin/s?"),
        keep=("/usr/share/doc/*/copyright",),
        directories=(Directory("/build", 0o755, 30001),),
        empty=("/etc/hosts",),
        links=(("/usr/bin/@TRIPLET@-gcc", "@TRIPLET@-gcc-12"),),
        users=(User("cbuild", 30001, "/build", "/bin/sh"),),
        files="t/files",
    )
    data = layer(description)
    found = entries(data)
    assert "usr/share/doc/x/copyright" in found
    assert not {"usr/share/doc/x/changelog", "usr/bin/su"} & set(found)
    assert (found["build"].uid, found["build"].gid) == (30001, 30001)
    assert found["etc/hosts"].size == 0
    assert found["usr/bin/x86_64-linux-gnu-gcc"].linkname == "x86_64-linux-gnu-gcc-12"
    assert found["usr/lib/run"].mode == 0o755
    assert found["usr/lib/data"].mode == 0o644
    with tarfile.open(fileobj=io.BytesIO(data)) as opened:
        assert opened.extractfile("etc/passwd").read() == b"cbuild:x:30001:30001::/build:/bin/sh\n"
        assert opened.extractfile("etc/group").read() == b"cbuild:x:30001:\n"
        assert opened.extractfile("usr/bin/z").read() == b"linked"


def test_a_removed_name_of_a_hard_link_leaves_the_other(layer):
    found = entries(layer(replace(PLAIN, remove=("/usr/bin/z",))))
    assert found["usr/bin/a"].isreg()
    assert "usr/bin/z" not in found
    found = entries(layer(replace(PLAIN, remove=("/usr/bin/a",))))
    assert found["usr/bin/z"].isreg()


def test_a_path_through_a_link_is_refused(layer):
    with pytest.raises(EngineError) as caught:
        layer(replace(PLAIN, empty=("/bin/true",)))
    assert caught.value.reason == "base-path-clash"


@pytest.mark.parametrize(
    ("glob", "path", "matches"),
    [
        ("/a", "/a", True),
        ("/a", "/a/b/c", True),
        ("/a", "/ab", False),
        ("/a/*", "/a/b", True),
        ("/a/*", "/a", False),
        ("/a/*/c", "/a/b/c", True),
        ("/a/*/c", "/a/b/b/c", False),
        ("/a/**", "/a/b/b/c", True),
        ("/a/**", "/a", False),
        ("/a/*.so", "/a/x.so", True),
        ("/a/*.so", "/a/xsso", False),
        ("/a?", "/ab", True),
        ("/a+", "/aa", False),
    ],
)
def test_globs(glob, path, matches):
    assert matcher([glob])(path) is matches


def test_no_globs_match_nothing():
    assert not matcher([])("/")
