import pytest

from cbuild.errors import ProfileError
from cbuild.profile.syntax import Increment, decode, parse, print_sections, split_header


def sections(text):
    return parse(text, "f.cfg").sections


def test_flow_values_are_stripped_line_by_line():
    assert sections("[s]\na = 1\n   2\n\n\t3 \nb=x\n") == {"s": {"a": "1\n2\n3", "b": "x"}}


def test_block_values_keep_their_relative_indentation():
    assert sections("[s]\na =\n\n    one\n      two\n\n    three\n\n") == {"s": {"a": "one\n  two\n\nthree"}}


def test_tabs_and_spaces_are_never_equated():
    assert sections("[s]\na =\n\tone\n  two\n") == {"s": {"a": "\tone\n  two"}}


def test_comments_end_nothing():
    assert sections("# c\n[s] ; d\na = 1\n# x\n  2 # data\n") == {"s": {"a": "1\n2 # data"}}


def test_line_ends_don_t_matter():
    assert sections("[s]\r\na = 1\r\n  2\rb = 3") == {"s": {"a": "1\n2", "b": "3"}}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("[s]", ("s", "")),
        ("[ s.x/y ]  # c ]", ("s.x/y", "")),
        ("[s: [1][0] ] ; ]", ("s", " [1][0] ")),
        ("[s:]", ("s", "")),
        ("[a b]", None),
        ("[s] x", None),
        ("[s", None),
        ("[s: '#']", None),
        ("[]", None),
    ],
)
def test_headers(line, expected):
    assert split_header(line) == expected


def test_increments_are_set_apart():
    parsed = parse("[s]\na += 1\na+=2\na -= 3\nb += 1\nb = 2\n", "f.cfg")
    assert parsed.sections == {"s": {"b": "2"}}
    assert parsed.increments == {"s": {"a": Increment("1\n2", "3")}}


def test_part_dependencies_are_an_option():
    assert sections("[s]\n=> a\n   b\n") == {"s": {"<part-dependencies>": "a\nb"}}


def test_positions_are_kept():
    parsed = parse("\n[s]\n\na = 1\n  2\nb += 3\n", "f.cfg")
    assert parsed.headers == {"s": 2}
    assert parsed.lines == {"s": {"a": 4, "b +": 6}}


def test_every_bad_line_is_named():
    with pytest.raises(ProfileError) as caught:
        parse("[s]\na b = 1\nc = 2\n= 3\nd: 4\n", "f.cfg")
    assert caught.value.reason == "parse-error"
    assert caught.value.line == 2
    assert caught.value.details.splitlines() == ["a b = 1", "^"]
    assert [error.line for error in caught.value.others] == [4, 5]
    assert "no name: value" in caught.value.others[1].resolution


@pytest.mark.parametrize(
    ("text", "reason", "line"),
    [
        ("a = 1\n", "no-section-header", 1),
        (" [s]\n", "no-section-header", 1),
        ("[s]\n  x\n", "parse-error", 2),
        ("[s]\nc++ = 1\n", "bad-option-name", 2),
        ("[s]\n[t: nosuchname]\na = 1\n", "bad-condition", 2),
        ("[s: ]\na = 1\n", "bad-condition", 1),
    ],
)
def test_bad_files(text, reason, line):
    with pytest.raises(ProfileError) as caught:
        parse(text, "f.cfg")
    assert (caught.value.reason, caught.value.line, caught.value.file) == (reason, line, "f.cfg")
    assert caught.value.resolution


def test_a_false_section_first_is_no_error():
    assert sections("[s: False]\na = 1\n  2\n[t]\nb = 3\n") == {"t": {"b": "3"}}


def test_only_utf8_is_text():
    with pytest.raises(ProfileError) as caught:
        decode(b"[s]\na = \xff\n", "f.cfg")
    assert (caught.value.reason, caught.value.line) == ("not-text", 2)
    with pytest.raises(ProfileError, match="byte order mark"):
        decode(b"\xef\xbb\xbf[s]\n", "f.cfg")


def test_what_is_printed_reads_back():
    values = {"s": {"a": "1", "b": "", "c": "x\ny", "d": "x\n  y\n\nz", "e": "[t]\n#"}, "empty": {}}
    assert sections(print_sections(values)) == values


def test_every_mistake_of_a_file_is_told():
    with pytest.raises(ProfileError) as caught:
        parse("[a:nope]\nx = 1\n[b]\ny\nc++ = 1\n  2\n[c:1 +]\n", "f")
    every = [caught.value, *caught.value.others]
    assert [(error.reason, error.line) for error in every] == [
        ("bad-condition", 1),
        ("parse-error", 4),
        ("bad-option-name", 5),
        ("bad-condition", 7),
    ]


def test_a_file_of_mistakes_is_cut_short():
    with pytest.raises(ProfileError) as caught:
        parse("[a]\n" + "x\n" * 1000, "f")
    assert len(caught.value.others) == 19
    assert caught.value.others[-1].details.endswith("and 980 more mistakes in this file")


def test_a_file_has_so_many_lines_at_most():
    with pytest.raises(ProfileError) as caught:
        parse("[s]\na =\n" + "\n" * 1_000_001, "f")
    assert caught.value.reason == "value-too-large"
