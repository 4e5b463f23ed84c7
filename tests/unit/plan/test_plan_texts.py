"""What is wrong in a file that a recipe renders is said with its line there."""

from __future__ import annotations

import pytest

from cbuild.errors import ProfileError
from cbuild.plan.texts import blamed
from cbuild.profile import Resolver, load, with_directory

PROFILE = "[a]\nx = 1\nlocation = 2\n[bad]\ny = ${a:nope}\n[p]\nrecipe = r\n"


@pytest.fixture
def found(tmp_path):
    (tmp_path / "p.cfg").write_text(PROFILE)
    resolver = Resolver(load(tmp_path / "p.cfg"), with_directory(), lambda _name, _options: None)

    def found(text):
        return blamed(text, "t.in", "p", lambda text: resolver.substitute(text, "p"))

    return found


def test_places(found):
    errors = found("a ${a:x}\n  ${b:c} ${x} ${:recip}\n$${b:d} $$${a:y}\n")
    assert [(error.reason, error.file, error.line, error.column) for error in errors] == [
        ("missing-section", "t.in", 2, 3),
        ("bad-reference", "t.in", 2, 10),
        ("missing-option", "t.in", 2, 15),
        ("missing-option", "t.in", 3, 11),
    ]
    assert errors[0].details == "  ${b:c} ${x} ${:recip}\n  ^"
    assert errors[2].resolution == "Did you mean 'recipe'?"


def test_an_option_of_the_profile_keeps_its_place(found, tmp_path):
    (error, same) = found("${a:x}\n ${bad:y} ${bad:z}\n")
    assert error is same
    assert (error.file, error.line, error.option) == (str(tmp_path / "p.cfg"), 5, "y")
    assert error.chain == ("t.in:2:2", "bad:y")


def test_nothing_is_wrong(found):
    assert found("${a:x} ${buildout:directory} $${nope:x} ${ $") == []


def test_a_file_full_of_mistakes(found):
    errors = found("".join(f"${{x{number}:y}}\n" for number in range(1000)))
    assert len(errors) < 200
    assert all(isinstance(error, ProfileError) for error in errors)
