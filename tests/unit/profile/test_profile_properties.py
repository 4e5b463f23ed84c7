"""Properties that hold for every profile."""

import string

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cbuild.errors import CbuildError
from cbuild.profile import Resolver, annotate, load, with_directory
from cbuild.profile.syntax import parse, print_sections

SETTINGS = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

letters = st.text(string.ascii_letters + string.digits + "._-", min_size=1, max_size=6)
names = letters.map(lambda name: f"n{name}".rstrip("-"))
words = st.text(string.ascii_letters + "[]=#;%@/.", min_size=1, max_size=8)
lines = st.lists(words, min_size=1, max_size=3).map(" ".join)


@st.composite
def values(draw):
    """A value that parsing can give: in flow, or a block with relative indentation."""
    shape = draw(st.sampled_from(["empty", "flow", "block"]))
    if shape == "empty":
        return ""
    if shape == "flow":
        return "\n".join(draw(st.lists(lines, min_size=1, max_size=3)))
    first, *more = draw(st.lists(lines, min_size=1, max_size=4))
    return "\n".join([first, *(draw(st.sampled_from(["", "  ", "    "])) + line for line in more)])


profiles = st.dictionaries(names, st.dictionaries(names, values(), max_size=4), max_size=5)


@SETTINGS
@given(profiles)
@example({"s": {"a": "x\n\n  y"}})
def test_print_and_parse_round_trip(sections):
    assert parse(print_sections(sections), "f.cfg").sections == sections


@SETTINGS
@given(profiles, st.randoms())
def test_the_order_of_sections_does_not_matter(tmp_path, sections, random):
    shuffled = list(sections)
    random.shuffle(shuffled)
    found = []
    for order in (list(sections), shuffled):
        path = tmp_path / "buildout.cfg"
        path.write_text(print_sections({name: sections[name] for name in order}))
        found.append(annotate(load(path)))
    assert found[0].sections == found[1].sections
    assert found[0].unresolved == found[1].unresolved


@st.composite
def linked(draw):
    """Sections whose values refer to earlier sections and are escaped here and there."""
    sections = {}
    for name in draw(st.lists(names, unique=True, max_size=6)):
        options = {}
        for option in draw(st.lists(names, unique=True, max_size=3)):
            value = draw(lines)
            if sections and draw(st.booleans()):
                other = draw(st.sampled_from(sorted(sections)))
                if sections[other]:
                    value += f" ${{{other}:{draw(st.sampled_from(sorted(sections[other])))}}}"
            if draw(st.booleans()):
                value += " $${x:y}"
            options[option] = value
        sections[name] = options
    return sections


@SETTINGS
@given(linked())
def test_a_resolved_profile_resolves_to_itself(tmp_path, sections):
    path = tmp_path / "buildout.cfg"
    path.write_text(print_sections(sections))
    once = annotate(load(path))
    assert once.unresolved == {}
    path.write_text(print_sections(once.sections))
    assert annotate(load(path)).sections == once.sections


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text("[]ab:=+-<>${}%()# ;\n\t\\'\"19.,*", max_size=80))
@example("[buildout]\nextends = .\n")
@example("[a]\n<= a\n")
@example("[DEFAULT]\na=%(a)s\n")
def test_nothing_but_errors_of_our_own_comes_out(tmp_path, text):
    path = tmp_path / "buildout.cfg"
    path.write_text(text)
    try:
        profile = load(path)
        annotate(profile)
    except CbuildError:
        return
    resolver = Resolver(profile, with_directory())
    for name in profile.sections:
        try:
            dict(resolver.section(name))
        except CbuildError:
            continue


@pytest.mark.parametrize("data", [b"\xff\xfe", b"\0", b"[s]\na = \0\x85\n", b"[buildout]\nextends = a\0b\n"])
def test_bytes_that_are_no_text(tmp_path, data):
    path = tmp_path / "buildout.cfg"
    path.write_bytes(data)
    try:
        annotate(load(path))
    except CbuildError:
        return
