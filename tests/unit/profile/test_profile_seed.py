import pytest

from cbuild.errors import ProfileError


def test_unmarked_files_are_left_alone(read):
    assert read("[s]\na = %(x)s 100%\n").sections["s"] == {"a": "%(x)s 100%"}


def test_a_default_section_marks_a_file(read):
    profile = read("[s]\nx = %(a)s%% %(B)s\n[DEFAULT]\na = %(b)s\nb = 1\n")
    assert profile.sections == {"s": {"x": "1% 1", "a": "1", "b": "1"}}


def test_marks_are_per_file(read):
    profile = read("[buildout]\nextends = b.cfg\n[s]\na = %(x)s\n", b="[DEFAULT]\nx = 1\n[t]\nb = %(x)s\n")
    assert profile.sections == {"buildout": {}, "s": {"a": "%(x)s"}, "t": {"b": "1", "x": "1"}}


def test_interpolate_marks_a_file(read):
    assert read("[buildout]\ninterpolate = true\na = 1\nb = %(a)s\n").sections["buildout"]["b"] == "1"


def test_extended_by_overrides(read):
    profile = read("[buildout]\nextended-by = e.cfg\n[s]\na = top\nb = top\n", e="[s]\na = e\n")
    assert profile.sections["s"] == {"a": "e", "b": "top"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a = %(nosuch)s", "missing-option"),
        ("a = 100%", "bad-interpolation"),
        ("a = %(b)s\nb = %(a)s", "circular-reference"),
    ],
)
def test_bad_interpolation(read, text, reason):
    with pytest.raises(ProfileError) as caught:
        read(f"[DEFAULT]\n[s]\n{text}\n")
    assert (caught.value.reason, caught.value.line, caught.value.section) == (reason, 3, "s")
