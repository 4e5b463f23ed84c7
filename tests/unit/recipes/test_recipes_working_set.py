"""Which of the installed eggs a working set has."""

import pytest

from recipes.working_set import working_set


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ("spam", "spam-10.0+patched.aa-py3.11-x.egg"),
        ("spam<10", "spam-9.0.egg"),
        ("Spam ==8", "spam-8.egg"),
        ("spam; sys_platform == 'nowhere'", None),
    ],
)
def test_the_newest_that_fits_and_the_first_directory_that_has_one(tmp_path, spec, found):
    names = ("spam-9.0.egg", "spam-10.0-py3.11-x.egg", "spam-10.0+patched.aa-py3.11-x.egg")
    for place in (*(f"a/{name}" for name in names), "b/spam-8.egg", "b/spam-11.egg"):
        (tmp_path / place).mkdir(parents=True)
    eggs = list(working_set([spec], [str(tmp_path / "a"), str(tmp_path / "b")]))
    assert [egg.location.rpartition("/")[2] for egg in eggs] == ([found] if found else [])
