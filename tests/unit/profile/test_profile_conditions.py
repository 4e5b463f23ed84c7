from dataclasses import replace

import pytest

from cbuild.profile.conditions import holds
from cbuild.profile.expression import ExpressionError
from cbuild.profile.facts import BUILDER_FACTS as FACTS


@pytest.mark.parametrize(
    "text",
    [
        "",
        "linux and posix and bits64 and little_endian and not windows",
        "python3 and python311 and cpython and not python2 and not pypy",
        "sys.version_info < (3,12)",
        "sys.version_info.major == 3",
        "platform.machine() == 'x86_64'",
        "'x86' in platform.machine() or 1/0",
        "[int(q) for q in platform.release().split('.')[:2]] > [4,14]",
        "int(platform.freedesktop_os_release()['VERSION_ID']) == 12",
        "not os.path.isdir('/usr/lib/arm-linux-gnueabihf') or open('/proc/device-tree/model').read()",
        "getattr(sys, '_multiarch', None) == 'x86_64-linux-gnu'",
        "re.match('a+', 'aab')",
        "any(x == 2 for x in (1, 2))",
        r"'\x23' in 'a\x23b' and '\x3b'",
        "True, False",
        "2 if linux else 0",
        "python_version >= '3.9' and python_version < '3.20'",
        "sys_platform == 'linux' or extra == 'x'",
        "-1 + 2 * 3 // 1 == 5 and {'a': 1}['a'] == 1 and 1 in {1} and ~0 == -1",
    ],
)
def test_true(text):
    assert holds(text, FACTS)


@pytest.mark.parametrize("text", ["python2", "False, True", "platform_system == 'Windows'", "bits32", "[]", "''"])
def test_false(text):
    assert not holds(text, FACTS)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (" ", "blank"),
        ("nosuchname", "not defined"),
        ("(", "not a Python expression"),
        ("().__class__", "not allowed"),
        ("os.system('x')", "has no system"),
        ("open('/etc/passwd')", "not defined"),
        ("__import__('os')", "not defined"),
        ("(lambda: 1)()", "not allowed"),
        ("9**9**9", "not allowed"),
        ("'a' * 10**9", "not allowed|only numbers"),
        ("'%099999d' % 1", "not allowed"),
        ("re.match('(a+)+b', 'a')", "too complex"),
        ("re.match('a*a*a*a*b', 'a')", "too complex"),
        ("'a' == 'b'", "two literals"),
        ("1 / 0", "ZeroDivisionError"),
        ("[1][2]", "IndexError"),
        ("1], [2", "not one Python expression"),
        ("int('x')", "ValueError"),
        ("-" * 1900 + "1", "too deeply nested|too many"),
        ("[" * 1000, "not a Python expression|nested"),
        ("1" + " " * 5000, "longer"),
        ("'a'" + ".replace('a', 'aaaaaaaaaa')" * 20, "too large"),
    ],
)
def test_refused(text, problem):
    with pytest.raises(ExpressionError, match=problem):
        holds(text, FACTS)


def test_facts_decide_and_not_the_host():
    arm = replace(FACTS, machine="aarch64", python=(2, 7, 18), bits=32)
    assert holds("platform.machine() == 'aarch64' and python27 and bits32 and python2", arm)
    assert holds("platform_machine == 'aarch64' and python_version < '3'", arm)


@pytest.mark.parametrize("text", ['python_version >= "\0"', f'{"(" * 100_000}python_version >= "3"'])
def test_what_packaging_itself_fails_at(text):
    with pytest.raises(ExpressionError):
        holds(text, FACTS)
