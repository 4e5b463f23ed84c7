"""Real profiles resolve to the very values that the reference gives (the corpus's README says how digests are made)."""

import hashlib
import json

import pytest
from shared_cases import listed, shared

from cbuild.errors import ProfileError
from cbuild.profile import Resolver, load, parse_assignment, with_directory

LEFT_OUT = {
    "directory",
    "bin-directory",
    "parts-directory",
    "eggs-directory",
    "develop-eggs-directory",
    "download-cache",
    "extends-cache",
    "installed",
    "executable",
}
DIRECTORY = "/the-buildout-directory"
EXECUTABLE = "/the-python"
ERRORS = {"missing-option": "MissingOption", "missing-section": "MissingSection"}


def _entries():
    found = listed("corpus", "digests.json")
    return json.loads(found[0].read_text()) if found else {}


ENTRIES = _entries()


def test_the_corpus_is_there():
    shared("corpus")
    assert len(ENTRIES) > 200


def _digest(value):
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _portable(value, root):
    value = value.replace(DIRECTORY, "${DIRECTORY}").replace(EXECUTABLE, "${EXECUTABLE}")
    return value.replace(str(root), "${SLAPOS}")


def _from_files(profile, section, names):
    """Leave out what the digests leave out."""
    own = profile.sections[section]
    return [name for name in names if section != "buildout" or (name in own and name not in LEFT_OUT)]


def _merged(profile, root):
    return {
        section: {name: _portable(options[name], root) for name in _from_files(profile, section, options)}
        for section, options in profile.sections.items()
    }


def _value(options, name, root):
    try:
        return _portable(options.stored(name), root)
    except ProfileError as error:
        return {"!error": ERRORS.get(error.reason, "UserError")}


def _resolved(profile, root):
    resolver = Resolver(profile, with_directory(DIRECTORY, EXECUTABLE), lazy=True)
    sections = {section: resolver.section(section) for section in profile.sections}
    return {
        section: {name: _value(options, name, root) for name in _from_files(profile, section, options)}
        for section, options in sections.items()
    }


def _parts(profile):
    resolver = Resolver(profile, with_directory(DIRECTORY, EXECUTABLE))
    try:
        return _digest(resolver.initialise())
    except ProfileError as error:
        return ERRORS.get(error.reason, "UserError")


@pytest.mark.parametrize("name", ENTRIES)
def test_digests(name):
    root = shared("corpus") / "profiles"
    expected = ENTRIES[name]
    profile = load(root / name)
    slapos = root / "slapos"
    assert len(profile.files) == expected["files"]
    assert len(profile.sections) == expected["sections"]
    assert _digest(_merged(profile, slapos)) == expected["merged_sha256"]
    assert _digest(_resolved(profile, slapos)) == expected["resolved_sha256"]
    assert _parts(profile) == expected.get("parts_order_sha256", expected.get("parts_error"))


def test_each_file_once_gives_erp5_its_parts():
    profile = shared("corpus") / "profiles" / "slapos" / "software" / "erp5" / "software.cfg"
    resolver = Resolver(load(profile, [parse_assignment("extends-once=true")]), with_directory(), lazy=True)
    parts = resolver.option("buildout", "parts").split()
    assert "scipy" not in parts
    assert {"slapos-cookbook", "erp5-util-develop"} <= set(parts)
    assert resolver.option("pkgconfig", "patches").count("fix-gcc15.patch") == 1
