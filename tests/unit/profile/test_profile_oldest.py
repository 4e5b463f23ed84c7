import pytest

from cbuild.errors import ProfileError
from cbuild.profile import load, parse_assignment
from cbuild.profile.oldest import asks_for_seed, parse_seed

OLD = """# comment
[buildout]
dialect: seed
Parts: a b ; not this
rem neither this
Remark = 1
[a b] behind
X y: http://h:80/;p ; note
  more

; in between
  # data
empty = ""
semi = ;x ;y
c += 1
none:
  first
"""


def test_the_oldest_syntax():
    parsed = parse_seed(OLD, "f")
    assert parsed.sections == {
        "buildout": {"dialect": "seed", "parts": "a b", "remark": "1"},
        "a b": {
            "x y": "http://h:80/;p\nmore\n# data",
            "empty": "",
            "semi": ";x ;y",
            "c +": "1",
            "none": "\nfirst",
        },
    }
    assert parsed.lines["a b"] == {"x y": 8, "empty": 13, "semi": 14, "c +": 15, "none": 16}
    assert parsed.headers == {"buildout": 2, "a b": 7}
    assert not parsed.increments


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        (OLD, True),
        ("[buildout]\ndialect = seed\n", True),
        ("[buildout]\ndialect = zc\n", False),
        ("[a]\ndialect = seed\n", False),
        ("[buildout]\na = dialect\n", False),
        ("", False),
    ],
)
def test_who_asks_for_it(text, asks):
    assert asks_for_seed(text) is asks


def test_file_by_file(write):
    old = "[buildout]\ndialect = seed\n[s]\nA: 1\nb = %(a)s:2\n"
    profile = load(write(a="[buildout]\nextends = old.cfg\n[s]\nC = %(a)s ; x\n", old=old))
    assert profile.sections["s"] == {"a": "1", "b": "1:2", "C": "%(a)s ; x"}


def test_for_all_files(write):
    path = write(a="[buildout]\nextends: b.cfg\n[s]\nA: 1 ; x\n", b="[s]\nB: %(c)s\nc = 2\n")
    profile = load(path, [parse_assignment("dialect=seed")])
    assert profile.sections["s"] == {"a": "1", "b": "2", "c": "2"}


def test_errors():
    with pytest.raises(ProfileError) as caught:
        parse_seed("[a]\nx\n[b]\ny\n= z\n", "f")
    assert caught.value.reason == "parse-error"
    assert [caught.value.line, *(error.line for error in caught.value.others)] == [2, 4, 5]
    with pytest.raises(ProfileError) as caught:
        parse_seed("x = 1\n", "f")
    assert caught.value.reason == "no-section-header"
