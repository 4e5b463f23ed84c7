"""Every case of kind `resolve`: the reference implementations' own answers (docs/profile.md lists the differences)."""

import json
import shutil
from pathlib import Path

import pytest
from deliberate_differences import DIFFERENCES, WITH_DIALECT
from emulated_recipes import Recipes
from shared_cases import listed, shared

from cbuild.errors import CbuildError, ProfileError
from cbuild.profile import Resolver, load, parse_assignment, with_directory
from cbuild.profile.builtin import EXECUTABLE
from cbuild.recipe.typed import loads

URL = "http://served.test"
VERSION_PINS = ("zc.buildout", "zc.recipe.egg")
LEFT_OUT = {"executable", "python", "log-format", "log-level", "installed", "eggs-directory-version"}
SEED_DEFAULTS = {"bin-directory", "directory", "eggs-directory", "parts-directory"}


def _cases():
    found = []
    for path in listed("conformance", "cases/*/case.json"):
        case = json.loads(path.read_text())
        if case["kind"] == "resolve":
            found.append(pytest.param(path.parent, case, id=case["id"]))
    return found


CASES = _cases()


def test_the_cases_are_there():
    shared("conformance")
    assert len(CASES) > 150


def _words(case):
    """Return the profile, the assignments and whether user defaults count."""
    config, assignments, verbosity = "buildout.cfg", [], 0
    words = iter(case["argv"])
    for word in words:
        if not word.startswith("-"):
            assignments.append(parse_assignment(word))
        elif word == "-c":
            config = next(words)
        else:
            verbosity += 10 * (word.count("v") - word.count("q"))
    if verbosity:
        assignments.append(parse_assignment(f"verbosity={verbosity}"))
    return config, assignments


def _prepare(folder, case, place):
    """Copy the case's input, with its paths and addresses filled in."""
    shutil.copytree(folder / "input", place)
    for path in place.rglob("*"):
        if path.is_file():
            data = path.read_bytes().replace(b"${CASE}", str(place).encode()).replace(b"${URL}", URL.encode())
            path.write_bytes(data)

    def read(url, settings):
        if settings.get("offline") == "true":
            raise ProfileError(f"Couldn't download {url}", reason="offline")
        path = place / case["serve"] / url[len(URL) + 1 :]
        if not path.is_file():
            raise ProfileError(f"{url}: HTTP Error 404", reason="missing-file")
        return path.read_bytes()

    return read


def _user_defaults(case, place):
    home = case.get("env", {}).get("BUILDOUT_HOME", "").replace("${CASE}", str(place))
    return Path(home) / "default.cfg" if home else place / "home" / ".buildout" / "default.cfg"


def _fill(value, place):
    if isinstance(value, str):
        value = value.replace("${CASE}", str(place)).replace("${URL}", URL).replace("${PYTHON}", EXECUTABLE)
        return value.replace("/eggs/v5", "/eggs")
    if isinstance(value, dict):
        return {key: _fill(item, place) for key, item in value.items()}
    return value


def _look_up(resolver, name, stored):
    try:
        options = resolver.section(name)
    except ProfileError as error:
        return {"!error": error.reason}
    return {key: options.stored(key) if stored else _typed(options[key]) for key in options}


def _typed(text):
    """Return what a recipe gets, as the cases have it (SLP-3)."""
    try:
        value = loads(text)
    except ValueError:
        return "!error"
    return value if isinstance(value, str) else {"!py": repr(value)}


def _actual(folder, case, place, expected):
    """Return parts and sections as cbuild has them."""
    read = _prepare(folder, case, place)
    case = {**case, "argv": [_fill(word, place) for word in case["argv"]]}
    config, assignments = _words(case)
    file = config if "://" in config else str(place / config)
    for index, item in enumerate(assignments):
        if item.option == "extends":
            assignments[index] = parse_assignment(f"extends={place / item.value}")
    profile = load(file, assignments, user_defaults=_user_defaults(case, place), read=read)
    recipes = Recipes()
    resolver = recipes.resolver = Resolver(profile, with_directory(str(profile.directory)), recipes)
    parts = list(resolver.initialise())
    initialised = case.get("dump") == "initialized"
    names = list(expected["sections"]) if initialised else resolver.names()
    # zc.buildout never undoes `$${` (SUB-4); what it gives is what cbuild stores.
    stored = case["source"] == "zc6"
    return parts, {name: _look_up(resolver, name, stored) for name in names}


def _comparable(sections, expected, case):
    """Leave out what every engine puts in by itself."""
    sections = {name: dict(options) for name, options in sections.items()}
    buildout = sections.get("buildout", {})
    own = set(expected["sections"].get("buildout", {}))
    for key in list(buildout):
        if key in LEFT_OUT - (own if case["source"] == "zc6" else set()) or key not in own:
            del buildout[key]
    for options in sections.values():
        # zc.buildout's own layout of eggs, which cbuild has no use for.
        if options.get("eggs-directory-version") == "v5":
            del options["eggs-directory-version"]
    versions = sections.get("versions", {})
    for key in VERSION_PINS:
        versions.pop(key, None)
    if not versions:
        sections.pop("versions", None)
    return sections


def _expected(folder, place, engine=None):
    expected = json.loads((folder / "expected.json").read_text())
    if engine is not None:
        expected = expected["variants"][engine]
    expected = _fill(expected, place)
    for options in expected.get("sections", {}).values():
        for key, value in options.items():
            if isinstance(value, dict) and "!error" in value:
                options[key] = "!error"
    return expected


REASONS = {
    "ParsingError": {"parse-error"},
    "MissingSectionHeaderError": {"no-section-header"},
    "MissingSection": {"missing-section"},
    "MissingOption": {"missing-option"},
    "FileNotFoundError": {"missing-file"},
    "NameError": {"bad-condition"},
    "UndefinedEnvironmentName": {"bad-condition"},
    "IndexError": {"bad-condition", "bad-option-name"},
    "TypeError": {"bad-assignment", "recipe"},
    "KeyError": {"section-exists", "missing-section", "missing-option"},
    "InterpolationMissingOptionError": {"missing-option"},
    "ValueError": {"circular-reference", "cycle", "recipe"},
    "UserError": {
        "cycle",
        "circular-reference",
        "circular-macro",
        "bad-reference",
        "bad-boolean",
        "bad-log-level",
        "offline",
        "missing-file",
        "missing-section",
        "recipe",
    },
}


@pytest.mark.parametrize(("folder", "case"), CASES)
def test_case(folder, case, tmp_path):
    place = tmp_path / "case"
    expected = _expected(folder, place)
    difference = DIFFERENCES.get(case["id"])
    if difference is None:
        _compare(folder, case, place, expected)
        return
    with pytest.raises((AssertionError, CbuildError, pytest.fail.Exception)):
        _compare(folder, case, tmp_path / "other", _expected(folder, tmp_path / "other"))
    if case["id"] in WITH_DIALECT:
        seed = _expected(folder, tmp_path / "seed")
        if seed["ok"]:
            seed["sections"]["buildout"]["dialect"] = "seed"
        _compare(folder, {**case, "argv": [*case["argv"], "dialect=seed"]}, tmp_path / "seed", seed)
    if difference.like is not None:
        _compare(folder, {**case, "source": "zc6"}, place, _expected(folder, place, difference.like))


def _compare(folder, case, place, expected):
    if not expected["ok"]:
        with pytest.raises(CbuildError) as caught:
            _actual(folder, case, place, {"sections": {}})
        assert caught.value.reason in REASONS[expected["error"]["class"]]
        return
    parts, sections = _actual(folder, case, place, expected)
    assert parts == expected["parts"]
    actual = _comparable(sections, expected, case)
    wanted = _comparable(expected["sections"], expected, case)
    for name, options in wanted.items():
        if options.get("!error") or (options != actual[name] and "!error" in options.values()):
            assert "!error" in actual.pop(name), name
        else:
            assert actual.pop(name) == options, name
    assert actual == {}
