"""What is shown of the log of a part that failed."""

from __future__ import annotations

import pytest

from cbuild.build.excerpt import BEFORE, TAIL, advice, excerpt, tail

COMPILING = [f"[ {number}%] Building CXX object {number}.o" for number in range(100)]


def test_the_end_of_a_log():
    assert tail("") == excerpt("") == ""
    assert excerpt("one\ntwo\n") == "one\ntwo"
    assert excerpt("\n".join(COMPILING)).splitlines() == COMPILING[-TAIL:]


@pytest.mark.parametrize(
    "line", ["make: *** [Makefile:9: all] Error 2", "/usr/bin/gmake[12]: *** [x] Killed", "FAILED: src/x.o"]
)
def test_the_other_jobs_of_make_write_on_after_a_failure(line):
    log = [*COMPILING, "x.c:1: error: no", "", line, *COMPILING, "make: *** [Makefile:1: all] Error 2"]
    shown = excerpt("\n".join(log)).splitlines()
    assert shown[BEFORE - 1 : BEFORE + 2] == ["x.c:1: error: no", line, "… 76 lines …"]
    assert shown[:BEFORE] == [*COMPILING[1 - BEFORE :], "x.c:1: error: no"]
    assert shown[BEFORE + 2 :] == log[-TAIL:]


def test_no_line_is_shown_twice():
    log = [*COMPILING, "make: *** [x] Error 1", *COMPILING[:TAIL]]
    assert excerpt("\n".join(log)).splitlines() == log[-TAIL - 1 - BEFORE :]
    assert excerpt("\n".join(log[:-1])).splitlines() == log[-TAIL - 1 : -1]


@pytest.mark.parametrize("line", ["make: *** [x] Error 1 (ignored)", "make: [x] Error 1 (ignored)", "echo make: *** x"])
def test_what_is_no_failure(line):
    log = [line, *COMPILING]
    assert excerpt("\n".join(log)).splitlines() == log[-TAIL:]


@pytest.mark.parametrize(
    "line",
    [
        "curl: (6) Could not resolve host: example.org",
        "fatal: unable to access 'https://example.org/': Could not resolve host: example.org",
        "wget: unable to resolve host address 'example.org'",
        'status_string: "Could not resolve hostname"',
        "socket.gaierror: [Errno -3] Temporary failure in name resolution",
    ],
)
def test_a_download_by_the_build_itself(line):
    found = advice(f"begin\n{line}\nend\n")
    assert found.endswith("which cbuild fetches before. ")
    assert "end" not in found
    assert found.split('"')[1] in line


def test_no_advice_without_a_network():
    assert advice("checking whether the host can be resolved... no\n") == ""
