"""What a distribution's file says about itself."""

import pytest
from wheelhouse import sdist

from cbuild.distribution import metadata

SETUP = "from setuptools import setup\nsetup(name='a', setup_requires=['cffi>=1.0', 'wheel'])\n"
CONFIGURATION = "[options]\nsetup_requires =\n  pbr>=2\n"


@pytest.mark.parametrize(
    ("files", "build"),
    [
        ({}, ("setuptools", "wheel")),
        ({"setup.py": SETUP}, ("setuptools", "wheel", "cffi>=1.0")),
        ({"setup.py": SETUP, "setup.cfg": CONFIGURATION}, ("setuptools", "wheel", "pbr>=2")),
        ({"setup.py": SETUP.replace("['cffi>=1.0', 'wheel']", "needs()")}, ("setuptools", "wheel")),
        ({"setup.py": SETUP, "pyproject.toml": "[tool.black]\n"}, ("setuptools", "wheel", "cffi>=1.0")),
        (
            {"setup.py": SETUP, "pyproject.toml": "[build-system]\nrequires = ['setuptools>=40']\n"},
            ("setuptools>=40", "cffi>=1.0", "wheel"),
        ),
        (
            {"setup.py": SETUP, "pyproject.toml": "[build-system]\nrequires = ['flit']\nbuild-backend = 'flit.api'\n"},
            ("flit",),
        ),
        ({"pyproject.toml": "[build-system]\nrequires = []\n"}, ()),
        ({"examples/setup.py": SETUP}, ("setuptools", "wheel")),
    ],
)
def test_what_it_takes_to_build_a_source_distribution(tmp_path, files, build):
    """setuptools fetches setup_requires itself where it can: a builder has no network."""
    path = sdist(tmp_path, "a", **files)
    assert metadata.read(path, path.name).build == build


@pytest.mark.parametrize("text", ["build-system = 'x'\n", "[build-system]\nrequires = 5\n", "no = toml = at all"])
def test_what_is_no_metadata(tmp_path, text):
    path = sdist(tmp_path, "a", **{"pyproject.toml": text})
    with pytest.raises(ValueError, match=r"a-1\.tar\.gz is damaged"):
        metadata.read(path, path.name)
