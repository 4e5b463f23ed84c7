import pytest

from cbuild.profile import Resolver, load, parse_assignment, with_directory


@pytest.fixture
def write(tmp_path):
    """Write files into the test's directory: name to text; returns the first."""

    def write(**files):
        for name, text in files.items():
            path = tmp_path / f"{name.replace('__', '/')}.cfg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path / f"{next(iter(files))}.cfg"

    return write


@pytest.fixture
def read(write):
    """Load a profile given as text, with the words of assignments."""

    def read(text, *words, **files):
        return load(write(buildout=text, **files), [parse_assignment(word) for word in words])

    return read


@pytest.fixture
def resolve(read):
    """Return a resolver of a profile given as text."""

    def resolve(text, *words, initialize=None, lazy=False, **files):
        return Resolver(read(text, *words, **files), with_directory("/b"), initialize, lazy=lazy)

    return resolve
