"""Coverage-guided fuzzing of profiles: parser, merge, resolver, annotate. Nothing but ProfileErrors may come out.

    python -m pip install atheris
    python tests/fuzz/fuzz_profile.py WORK [libFuzzer options, such as -max_total_time=3600 -jobs=1]

WORK keeps the corpus from run to run; its first content is made here (SEEDS). An input that crashes, takes longer than
LIMIT seconds or more than 2 GB is written to the current directory; `python tests/fuzz/fuzz_profile.py --replay FILE …`
runs it again, without atheris. Several files of a profile stand in one input, separated by SEPARATOR.

CI runs the seeds and two seconds of plain random changes only (test_fuzz_smoke.py).
"""

from __future__ import annotations

import random
import sys
import time
from contextlib import nullcontext, suppress
from pathlib import Path

try:
    import atheris
except ImportError:  # the smoke run and --replay need none of it
    atheris = None

with atheris.instrument_imports(include=["cbuild"]) if atheris else nullcontext():
    from cbuild.errors import ProfileError
    from cbuild.profile import Resolver, annotate, load, survey, with_directory
    from cbuild.profile.syntax import parse, print_sections
    from cbuild.recipe.typed import dumps, loads

SEPARATOR = b"\n%%%\n"
HOST = "http://fuzz.test/"
LIMIT = 10
"""Seconds that libFuzzer gives one input; instrumented code is several times slower than the plain one."""

TEXTS = """
[buildout]
parts = a b
[a]
recipe = x
v = 1
  2
[b]
<= a
recipe = y
v += ${:_buildout_section_name_}
====
[buildout]
extends = 1.cfg 2.cfg
parts =
  a
[a]
recipe = x
o += 1
o -= 2
%%%
[a]
o =
   2
    3

  4
%%%
[buildout]
extends = 1.cfg
[a]
o += ${b:c}
[b]
c = $${a:o} $$${b:d}
d = ${:_profile_base_location_}/x
====
[buildout]
extended-by = 1.cfg
parts = p
[p]
recipe = r
x = %(y)s %% %(z)s
y = 1
%%%
[DEFAULT]
z = 3
[q]
====
[buildout]
parts = p
[p:python_version >= "3.9"]
recipe = r
[p:not (bits32 or python2)]
=> q r
[q: [x for x in (1, 2) if x > 1][0] == 2]
a = b
[r:re.match('a*', sys.platform) and platform.machine()[:3]]
====
[buildout]
parts = p
versions = v
offline = false
log-level = 10
eggs-directory = ~/x
[v]
a = ${p:location}
[p]
recipe = r
<part-dependencies> = q
[q]
a = ${r:a}
[r]
a = ${q:a}
====
[buildout]
optional-extends = none.cfg
extends-once = true
interpolate = true
extends = ../1.cfg ./2.cfg
%%%
[a]
<=
  b
  c
[b]
x = 1
[c]
x -= 1
%%%
[a]
x += 2
; comment
# comment
rem x
====
[buildout]
dialect: seed
parts: a
rem nothing
[a b]
X y: 1 ; 2
 3
z = %(x y)s
====
[a]
b = !py!{'x': [1, 2.5, None, True, b'y', (3,), {4}]}
c = !py!'${:_buildout_section_name_}'[8:]
d = x${:b}
[buildout]
parts = a
"""
SEEDS = (
    *(f"{text}\n".encode() for text in TEXTS.strip("\n").split("\n====\n")),
    b"[a ]\n[ b]\n[c:]\n[d: ]\n[e] ; x\n[f:x\\x23y]\no=p=q\nr-=s\nt+ = u\nv w = x\n",
    b"[buildout]\r\nparts = \xc3\xa9\r\n[\xc3\xa9]\r\na\t=\tb\x0c\r\n\tc\x0b\r\n",
)
WORDS = (
    b"${", b"}", b"$${", b"$$", b"[", b"]", b":", b"=", b"+=", b"-=", b"<= ", b"=> ", b"\n", b"\n ", b"%(", b")s",
    b"%", b"#", b";", b"[buildout]\n", b"extends = 1.cfg 2.cfg\n", b"[DEFAULT]\n", b"extended-by = 1.cfg\n",
    SEPARATOR, b"recipe = x\n", b"${:a}", b"${buildout:directory}", b"${:_profile_base_location_}", b"!py!",
    b"<part-dependencies>", b"${:_buildout_section_name_}", b"extends-once = true\n", b"interpolate = true\n",
    b"parts = a b\n", b"not ", b"sys.",
)  # fmt: skip


def one_input(data: bytes) -> None:
    """Do to a profile what a run would; anything but a ProfileError that says what and why is a bug."""
    files = data.split(SEPARATOR)

    def read(url: str, settings: dict[str, str]) -> bytes:
        assert isinstance(settings, dict)
        name = url.rpartition("/")[2].partition(".")[0]
        number = int(name) if name.isdecimal() and len(name) < 4 else len(files)
        if number < len(files):
            return files[number]
        raise ProfileError(f"There is no {url}.", reason="missing-file")

    try:
        _resolve(load(f"{HOST}a/0.cfg", read=read))
    except ProfileError as error:
        _sane(error)
    with suppress(ProfileError):
        _round_trip(files[0])


def _resolve(profile: object) -> None:
    annotation = annotate(profile)
    annotation.as_dict()
    resolver = Resolver(profile, with_directory(), lambda name, options: options.update(location=f"/x/{name}"))
    try:
        resolver.initialise()
    except ProfileError as error:
        _sane(error)
    for name in profile.sections:
        try:
            found = dict(resolver.section(name))
        except ProfileError as error:
            _sane(error)
        else:
            for text in found.values():
                with suppress(ValueError):
                    dumps(loads(text))
    for error in survey(profile, with_directory(), profile.sections)[1]:
        _sane(error)


def _sane(error: ProfileError) -> None:
    document = error.as_dict()
    assert error.reason, document
    assert error.brief, document
    assert len(error.brief) < 6000, document
    for other in error.others:
        _sane(other)


def _round_trip(data: bytes) -> None:
    parsed = parse(data.decode("utf-8", "replace"), "x")
    if parsed.sections and not parsed.increments:
        text = print_sections(parsed.sections)
        again = parse(text, "y").sections
        assert print_sections(again) == text


def mutate(data: bytes, chance: random.Random) -> bytes:
    """Return data with a few random changes; for the smoke run, where nothing guides them."""
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(data) + 1)
        end = min(len(data), at + chance.randint(1, 40))
        match chance.randrange(4):
            case 0:
                data = data[:at] + chance.choice(WORDS) + data[at:]
            case 1:
                data = data[:at] + data[end:]
            case 2:
                data = data[:end] + data[at:end] * chance.randint(1, 4) + data[end:]
            case _:
                other = chance.choice(SEEDS)
                start = chance.randrange(len(other) + 1)
                data = data[:at] + other[start : start + chance.randint(1, 200)] + data[end:]
    return data


def smoke(seconds: float, seed: int = 0) -> int:
    """Run the seeds and random changes of them for so many seconds; return the number of inputs."""
    for data in SEEDS:
        one_input(data)
    chance = random.Random(seed)
    end = time.monotonic() + seconds
    count = len(SEEDS)
    while time.monotonic() < end:
        one_input(mutate(chance.choice(SEEDS), chance))
        count += 1
    return count


def main() -> None:
    """Fuzz, or replay inputs."""
    if sys.argv[1:2] == ["--replay"]:
        for name in sys.argv[2:]:
            start = time.monotonic()
            one_input(Path(name).read_bytes())
            print(f"{name}: {time.monotonic() - start:.2f} s")  # noqa: T201 - a script that prints
        return
    if atheris is None or len(sys.argv) < 2:
        sys.exit(__doc__)
    work = Path(sys.argv[1])
    work.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(SEEDS):
        (work / f"seed{number}").write_bytes(data)
    words = work.parent / f"{work.name}.dict"
    escaped = ("".join(f"\\x{byte:02x}" for byte in word) for word in WORDS)
    words.write_text("".join(f'"{word}"\n' for word in escaped), encoding="ascii")
    options = [f"-dict={words}", f"-timeout={LIMIT}", "-rss_limit_mb=2048", "-max_len=4096", "-len_control=0"]
    atheris.Setup([sys.argv[0], *options, *sys.argv[1:]], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
