import pytest

from cbuild.recipe.api import BadValue, Options, UserError
from cbuild.recipe.static import StaticBuildout
from cbuild.recipe.typed import dumps, loads


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "!py!None"),
        (True, "!py!True"),
        (3, "!py!3"),
        (-1.5e300, "!py!-1.5e+300"),
        (1 - 2j, "!py!(1-2j)"),
        ("a;$b", r"!py!'a\x3b\x24b'"),
        (b"\0$", r"!py!b'\x00\x24'"),
        (["x", {"y": ()}, (1,)], "!py!['x', {'y': ()}, (1,)]"),
        ({"a": [1, 2], "b": None}, "!py!{'a': [1, 2], 'b': None}"),
        (set(), "!py!set()"),
        ({"b", "a"}, "!py!{'a', 'b'}"),
        (frozenset({2, 1}), "!py!frozenset({1, 2})"),
        (frozenset(), "!py!frozenset()"),
    ],
)
def test_round_trip(value, text):
    assert dumps(value) == text
    again = loads(text)
    assert again == value
    assert type(again) is type(value)


@pytest.mark.parametrize("value", [object(), float("inf"), float("nan"), [len], type("L", (list,), {})()])
def test_what_has_no_literal(value):
    with pytest.raises(TypeError):
        dumps(value)


def test_what_contains_itself():
    value = []
    value.append(value)
    with pytest.raises(TypeError):
        dumps(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("text", "text"),
        ("x !py!3", "x !py!3"),
        ("!py!'slapos-monitor'[7:]", "monitor"),
        ("!py!'abc'[-1]", "c"),
        ("!py!{'a': [1, 2]}['a'][::-1]", [2, 1]),
        ("!py!1 + 2 * 3 - 4 // 3 % 2", 6),
        ("!py! -2", -2),
        ("!py!not 1", False),
        ("!py!set([1])", {1}),
        ("!py!'a' + 'b'", "ab"),
        ("!py![1] + [2]", [1, 2]),
    ],
)
def test_expressions(text, value):
    assert loads(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "!py!__import__('os')",
        "!py!len('x')",
        "!py!len",
        "!py!",
        "!py!1 +",
        "!py!'a' * 9",
        "!py!'%999999s' % 1",
        "!py!9 ** 9",
        "!py!().__class__",
        "!py![x for x in (1,)]",
        "!py!lambda: 1",
        "!py!f'{1}'",
        "!py!{**{}}",
        "!py!1 / 0",
        "!py!'a'[9]",
        "!py!{[]}",
        "!py!1 + 'a'",
        "!py!'a' + 1",
        "!py!set(1, 2)",
        "!py!set(*[1])",
        "!py!(yield)",
        "!py!\0",
        "!py!" + "(" * 5000,
        "!py!" + "-" * 50000 + "1",
        "!py!" + "[" * 250 + "]" * 250,
        "!py!1" + " " * (1 << 20) + "+ 1",
        "!py!" + "*".join(["9" * 4000] * 9),
        "!py!9" + "9" * 5000,
    ],
)
def test_what_is_no_literal(text):
    with pytest.raises(ValueError) as caught:
        loads(text)
    assert len(str(caught.value)) < 400


def test_recipes_read_and_set_values():
    data = {"n": "!py![1, {'k': None}]", "bad": "!py!len(1)", "s": "text", "f": "!py!True", "g": "!py!3"}
    options = Options(None, "a", data)
    assert options["n"] == [1, {"k": None}]
    assert options.get("n")[0] == 1
    assert options["s"] == "text"
    assert options.flag("f") is True
    assert "bad" in options
    assert "none" not in options
    with pytest.raises(UserError):
        options.flag("g")
    with pytest.raises(BadValue, match=r"\[a\] bad: .*name 'len' is not defined"):
        _ = options["bad"]
    options["new"] = {"b": (1,)}
    assert data["new"] == "!py!{'b': (1,)}"
    assert options["new"] == {"b": (1,)}
    assert options.copy()["n"] == options.text("n") == "!py![1, {'k': None}]"
    with pytest.raises(TypeError):
        options["bad"] = object()


def test_the_builder_sees_the_same():
    buildout = StaticBuildout({"a": {"n": "!py!3"}, "b": {}}, {})
    assert buildout["a"]["n"] == 3
    assert buildout.substitute("<${a:n}>", "b") == "<!py!3>"
