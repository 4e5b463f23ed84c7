import pytest

from cbuild.errors import UsageError
from cbuild.instance import parameters


def test_key_value():
    assert parameters.from_arguments(["a=1", "b=x=y", "c=", " d =e"]) == {"a": "1", "b": "x=y", "c": "", "d": "e"}


@pytest.mark.parametrize("argument", ["a", "=1", "", " =x"])
def test_anything_else_is_refused(argument):
    with pytest.raises(UsageError) as error:
        parameters.from_arguments([argument])
    assert error.value.reason == "bad-parameter"
    assert repr(argument) in error.value.brief
    assert error.value.exit_code == 2


def test_a_key_given_twice_is_refused():
    with pytest.raises(UsageError) as error:
        parameters.from_arguments(["a=1", "a=2"])
    assert error.value.reason == "bad-parameter"


@pytest.mark.parametrize(
    ("name", "text"),
    [("p.json", '{"a": [1, {"b": null}]}'), ("p.yaml", "a: [1, {b: null}]\n"), ("p.yml", '{"a": [1, {"b": null}]}')],
)
def test_files(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert parameters.from_file(tmp_path / name) == {"a": [1, {"b": None}]}


@pytest.mark.parametrize("text", ["[1]", "a: [", "", "1: x", "\x00"])
def test_files_without_an_object_are_refused(tmp_path, text):
    (tmp_path / "p.yaml").write_text(text)
    with pytest.raises(UsageError) as error:
        parameters.from_file(tmp_path / "p.yaml")
    assert error.value.reason == "bad-parameter"


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(UsageError):
        parameters.from_file(tmp_path / "none.json")


def test_arguments_change_single_parameters_a_file_all():
    before = {"a": "1", "b": "2"}
    assert parameters.combined(before, None, {"a": "3"}) == {"a": "3", "b": "2"}
    assert parameters.combined(before, {"c": 4}, {"a": "3"}) == {"c": 4, "a": "3"}
