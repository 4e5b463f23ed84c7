import pytest

from cbuild.errors import ProfileError
from cbuild.instance import render

VARIABLES = {"parameters": {"title": "x", "evil": "${buildout:directory}\n[evil]\nrecipe = y"}, "ipv6": "fd00::2"}


def test_without_markers_nothing_changes():
    text = "[a]\nb = ${c:d} { { % }\n"
    assert render.rendered(text, VARIABLES, "instance.cfg") == text


def test_values_are_printed():
    text = "[a]\nurl = http://[{{ ipv6 }}]/{{ parameters.title }}/{{ parameters.get('no', 'z') }}\n"
    assert render.rendered(text, VARIABLES, "instance.cfg") == "[a]\nurl = http://[fd00::2]/x/z\n"


def test_a_parameter_stays_a_value():
    text = render.rendered("a = {{ parameters.evil }}\n", VARIABLES, "instance.cfg")
    assert text == "a = $${buildout:directory}\n\t[evil]\n\trecipe = y\n"


def test_what_the_template_writes_stays_profile_text():
    text = "{% set part = 'p' %}a = {{ '${' ~ part ~ ':location}' }}\nparts ={{ '\\n  '.join(['', 'a', 'b']) }}\n"
    assert render.rendered(text, VARIABLES, "i.cfg") == "a = ${p:location}\nparts =\n  a\n  b\n"


def test_a_list_of_parameters_can_be_looped_over_and_dumped():
    text = "{% for one in parameters['list'] %}{{ one }};{% endfor %}{{ dumps(parameters) }}"
    assert render.rendered(text, {"parameters": {"list": ["a", 1]}}, "i.cfg") == 'a;1;{"list": ["a", 1]}'


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("[a]\nb = {{ parameters.nothing }}\n", 2, "nothing"),
        ("[a]\n\nb = {% if %}\n", 3, "template"),
        ("[a]\nb = {{ 1 // 0 }}\n", 2, "ZeroDivisionError"),
    ],
)
def test_errors_name_file_and_line(text, line, word):
    with pytest.raises(ProfileError) as error:
        render.rendered(text, VARIABLES, "/opt/cbuild/instance.cfg")
    assert (error.value.file, error.value.line, error.value.reason) == ("/opt/cbuild/instance.cfg", line, "template")
    assert word in error.value.brief
