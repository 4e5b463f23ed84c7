from cbuild.profile import survey, with_directory


def told(read, text, *names):
    reached, errors = survey(read(text), with_directory(), names)
    return reached, [(error.reason, error.section, error.option) for error in errors]


def test_all_that_is_needed_is_looked_at(read):
    text = """
[buildout]
parts = a
[a]
recipe = x
p = ${b:q}
q = ${no:q}
r = ${c:none}
=> d
[b]
q = ${b:r}
r = ${b:q}
[c]
x = ${e:y}
[d]
recipe = y
x = ${f
y = ${f}
z = ${a:made-by-the-recipe}
[e]
<= none
[f]
x = ${no:q}
"""
    reached, errors = told(read, text, "a", "nothing")
    assert reached == ["a", "d", "b", "c", "e"]
    assert errors == [
        ("circular-reference", "b", "q"),
        ("missing-section", "a", "q"),
        ("missing-option", "a", "r"),
        ("bad-reference", "d", "y"),
        ("missing-section", "e", "<"),
    ]


def test_an_end(read):
    text = "[a]\n" + "".join(f"x{number} = ${{no:x}}\n" for number in range(1000))
    assert len(told(read, text, "a")[1]) == 20


def test_a_circle_is_one_mistake_wherever_it_is_entered(read):
    _, errors = told(read, "[p]\nx = ${c:a}\n[q]\nx = ${c:b}\n[c]\na = ${:b}\nb = ${:a}\n", "q", "p")
    assert set(errors) == {("circular-reference", "c", "a")}
