import pytest

from cbuild.errors import ProfileError, UsageError
from cbuild.profile import Assignment, load, parse_assignment

DIAMOND = {
    "top": "[buildout]\nextends = left.cfg right.cfg\n",
    "left": "[buildout]\nextends = base.cfg\n[s]\na = left\nc += left\n",
    "right": "[buildout]\nextends = base.cfg\n",
    "base": "[s]\na = base\nb = base\nc += base\n",
}


def test_the_last_mention_wins_and_increments_repeat(write):
    # zc.buildout's list is base left base right top.
    assert load(write(**DIAMOND)).sections["s"] == {"a": "base", "b": "base", "c": "base\nleft\nbase"}


def test_each_file_once_if_asked_for(write):
    root = write(**DIAMOND)
    once = load(root, [parse_assignment("extends-once=true")])
    assert once.sections["s"] == {"a": "left", "b": "base", "c": "base\nleft"}


def test_increments_of_a_new_and_of_a_known_section(read):
    above = "[buildout]\nextends = b.cfg\n[s]\na += 1\nb -= 1\n[t]\na += 1\nb -= 1\nc = 1\nc += 2\n"
    profile = read(above, b="[s]\nx = 1\n")
    assert profile.sections["s"] == {"x": "1", "a": "\n1", "b": ""}
    assert profile.sections["t"] == {"a": "1", "b": "", "c": "1\n2"}


def test_additions_before_removals(read):
    profile = read("[buildout]\nextends = b.cfg\n[s]\na -= 1\n  4\na += 3\n  4\n", b="[s]\na = 1\n  2\n")
    assert profile.sections["s"] == {"a": "2\n3"}


def test_increments_wait_for_a_macro_parent(read):
    profile = read("[m]\na = 0\n[s]\n<= m\na += 1\n")
    assert profile.sections["s"] == {"<": "m", "a +": "1"}


def test_a_doubling_profile_is_no_work_and_with_increments_refused(write):
    files = {f"e{n}": f"[buildout]\nextends = e{n + 1}.cfg e{n + 1}.cfg\n[s]\na = {n}\n" for n in range(64)}
    assert load(write(**files, e64="")).sections["s"] == {"a": "0"}
    with pytest.raises(ProfileError) as caught:
        load(write(**files, e64="[s]\nb += 1\n"))
    assert (caught.value.reason, caught.value.option) == ("value-too-large", "b")
    once = load(write(**files, e64="[s]\nb += 1\n"), [parse_assignment("extends-once=true")])
    assert once.sections["s"]["b"] == "1"


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("a:b=c", Assignment("a", "b", "=", "c")),
        ("b=c=d", Assignment("buildout", "b", "=", "c=d")),
        ("a : b += c ", Assignment("a", "b", "+=", "c")),
        ("a:b-=", Assignment("a", "b", "-=", "")),
        ("s:<=m", Assignment("s", "<", "=", "m")),
    ],
)
def test_assignments_are_parsed(word, expected):
    assert parse_assignment(word) == expected


@pytest.mark.parametrize("word", ["a:b:c=1", "a", "=1", ":a=1", "a:=1"])
def test_bad_assignments(word):
    with pytest.raises(UsageError) as caught:
        parse_assignment(word)
    assert caught.value.reason == "bad-assignment"


def test_assignments_win_in_their_order(read):
    profile = read("[s]\na = 1\n  2\n", "s:a+=3", "s:a-=1", "s:b=2", "s:b=1", "t:c+=4", "buildout:allow-hosts+=h")
    assert profile.sections["s"] == {"a": "2\n3", "b": "1"}
    assert profile.sections["t"] == {"c": "4"}
    assert profile.sections["buildout"] == {"allow-hosts": "h"}


def test_increments_on_the_command_line_build_on_defaults(read):
    assert read("[buildout]\nparts =\n", "allow-hosts+=h").sections["buildout"]["allow-hosts"] == "*\nh"
