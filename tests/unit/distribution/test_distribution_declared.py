"""What a source tree says that it requires."""

import io
import lzma
import tarfile

import pytest

from cbuild.distribution.declared import declared


@pytest.fixture
def archive(tmp_path):
    """A function that packs files (path to text) and returns the tar."""

    def make(**files: str):
        with tarfile.open(tmp_path / "tree.tar", "w") as tar:
            for name, text in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(text.encode())
                tar.addfile(member, io.BytesIO(text.encode()))
        return tmp_path / "tree.tar"

    return make


CALL = "from setuptools import setup\nsetup(name='x', install_requires={})\n"


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("pyproject.toml", "[project]\nname = 'x'\ndependencies = ['a >=1', 'b']\n", ("a>=1", "b")),
        ("pyproject.toml", "[build-system]\nrequires = ['setuptools']\n", ()),
        ("pyproject.toml", "not = TOML = 1", ()),
        ("pyproject.toml", "project = 'x'", ()),
        ("pyproject.toml", "[project]\ndependencies = 'abc'", ()),
        ("setup.cfg", "[options]\ninstall_requires = file: requirements.txt\n", ()),
        ("setup.cfg", "[options]\ninstall_requires = a; b\n", ("a", "b")),
        (
            "setup.cfg",
            "[options]\ninstall_requires =\n  a; python_version > '3'  # why\n",
            ('a; python_version > "3"',),
        ),
        ("setup.cfg", "[options]\ninstall_requires =\n  a>=1\n  b\n", ("a>=1", "b")),
        ("setup.cfg", "no section\n", ()),
        ("setup.py", CALL.format("['a>=1', 'b']"), ("a>=1", "b")),
        ("setup.py", CALL.format("'a>=1\\nb'"), ("a>=1", "b")),
        ("setup.py", "needs = ['a']\nimport setuptools\nsetuptools.setup(install_requires=needs)\n", ("a",)),
        ("setup.py", CALL.format("open('requirements.txt').read().split()"), ()),
        ("setup.py", CALL.format("{[1]: 2}"), ()),
        ("setup.py", CALL.format("-" * 100_000 + "1"), ()),
        ("setup.py", "print 'of Python 2'\n", ()),
    ],
)
def test_what_is_read(archive, name, text, found):
    assert declared(archive(**{f"x-1/{name}": text})) == found


def test_the_first_file_that_says_something_counts(archive):
    files = {"setup.py": CALL.format("['c']"), "setup.cfg": "[options]\ninstall_requires = b\n", "pyproject.toml": ""}
    assert declared(archive(**files)) == ("b",)


def test_the_tree_in_a_directory(archive):
    """What others lie in the archive, such as examples, doesn't count."""
    files = {
        "x/setup.py": CALL.format("['a']"),
        "x/py/setup.py": CALL.format("['b']"),
        "x/py/eg/setup.py": CALL.format("'c'"),
    }
    assert declared(archive(**files)) == ("a",)
    assert declared(archive(**files), "py") == ("b",)
    assert declared(archive(**files), "nothing") == ()


@pytest.mark.parametrize("data", [b"text", lzma.compress(b"x" * 9000)[:40]], ids=["text", "xz"])
def test_no_archive(tmp_path, data):
    (tmp_path / "x").write_bytes(data)
    assert declared(tmp_path / "x") == ()
