"""What could take for ever, or all memory, is done or refused at once."""

import time
from contextlib import suppress

import pytest

from cbuild.errors import ProfileError
from cbuild.profile import Resolver, annotate, load, survey, with_directory

SECONDS = 20
"""Of CPU; each takes at most two on a machine that does nothing else, and up to four beside other work."""

TEN_MB = 10_000_000


def stacked(count, lines):
    return "[s0]\nx = 0\n" + "".join(
        f"[s{number}]\n<= s{number - 1}\n{lines.format(number)}\n" for number in range(1, count)
    )


CASES = {
    "a stack of options": stacked(10_000, "y{} = 1"),
    "a stack of references": stacked(10_000, "y = ${{:x}}"),
    "a stack of increments": stacked(10_000, "x += {}"),
    "a stack of increments and removals": stacked(10_000, "x += {0}\nx -= {0}"),
    "a stack that doubles": "[s0]\nx = 0\n"
    + "".join(f"[s{n}]\n<= s{n - 1}\n  s{n - 1}\nx += 1\n" for n in range(1, 3000)),
    "a bomb of references": "[s]\nx0 = a\n" + "".join(f"x{n} = {f'${{:x{n - 1}}}' * 10}\n" for n in range(1, 30)),
    "a long chain of references": "[s]\nx0 = a\n" + "".join(f"x{n} = ${{:x{n - 1}}}\n" for n in range(1, 30_000)),
    "parts that refer to the next": "".join(f"[s{n}]\nrecipe = x\ny = ${{s{n + 1}:y}}\n" for n in range(10_000)),
    "parts in a circle": "".join(f"[s{n}]\nrecipe = x\ny = ${{s{(n + 1) % 10_000}:y}}\n" for n in range(10_000)),
    "parts that wait for the next": "".join(f"[s{n}]\nrecipe = x\n=> s{n + 1}\n" for n in range(10_000)),
    "nothing but mistakes": "".join(f"[s{n}]\nrecipe = x\ny = ${{t{n}:y}}\n" for n in range(10_000)),
    "a long line": f"[s]\nx = {'a' * TEN_MB}\n",
    "a line of references": "[s]\ny = 1\nx = " + "${:y}" * (TEN_MB // 5),
    "a line of openings": "[s]\nx = " + "${" * (TEN_MB // 2),
    "a line of dollars": "[s]\nx = " + "$" * TEN_MB,
    "a long header": "[" + "a" * TEN_MB,
    "a long condition": f"[a:{'(' * TEN_MB}]",
    "a long name": f"[s]\n{'a' * TEN_MB} = 1\n",
    "blanks": "[s]\nx =\n" + " " * TEN_MB,
    "newlines": "[s]\nx =\n" + "\n" * TEN_MB,
    "mentions": "[buildout]\noptional-extends = " + "no.cfg " * 30_000,
}


@pytest.mark.parametrize("name", CASES)
def test_an_end_in_time(name, write):
    path = write(a=CASES[name])
    start = time.process_time()
    with suppress(ProfileError):
        profile = load(path)
        annotate(profile)
        survey(profile, with_directory(), profile.sections)
    assert time.process_time() - start < SECONDS


def test_a_stack_of_options_is_refused(write):
    resolver = Resolver(load(write(a=stacked(1000, "y{} = 1"))), with_directory())
    with pytest.raises(ProfileError) as caught:
        resolver.section("s999")
    assert caught.value.reason == "value-too-large"
    assert len(resolver.section("s400")) == 401


def test_files_that_each_add_to_an_option_of_their_own(write):
    files = {f"f{n}": f"[buildout]\nextends = f{n + 1}.cfg\n[s]\nx{n} += {n}\n" for n in range(3000)}
    path = write(**files, f3000="[s]\nx0 = 0\n")
    start = time.process_time()
    assert load(path).sections["s"]["x0"] == "0\n0"
    assert time.process_time() - start < SECONDS


def test_files_that_double(write):
    files = {f"f{n}": f"[buildout]\nextends = f{n + 1}.cfg f{n + 1}.cfg\n[s]\nx += {n}\n" for n in range(100)}
    with pytest.raises(ProfileError) as caught:
        load(write(**files, f100="[s]\nx = 0\ny += 1\n"))
    assert caught.value.reason == "value-too-large"


def test_a_hundred_thousand_nested_extends():
    start = time.process_time()
    with pytest.raises(ProfileError) as caught:
        load("http://h/0", read=lambda url, _: f"[buildout]\nextends = {int(url.rpartition('/')[2]) + 1}\n".encode())
    assert caught.value.reason == "too-deep"
    assert time.process_time() - start < SECONDS


def test_the_oldest_syntax(write):
    start = time.process_time()
    for text in (" 1\n" * 900_000, "x " * 2_000_000, "x =" + " ;" * 2_000_000, "[" * 5_000_000):
        with suppress(ProfileError):
            load(write(a=f"[buildout]\ndialect = seed\nx =\n{text}"))
    assert time.process_time() - start < 2 * SECONDS
