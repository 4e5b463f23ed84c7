from cbuild.instance import promises
from cbuild.instance.promises import Promise


def test_output_is_taken_apart():
    output = b"z\x000\x00all well\n\x00a\x001\x00first\nsecond\n\x00quiet\x003\x00\x00"
    assert promises.parse(output) == [
        Promise("a", ok=False, message="first\nsecond"),
        Promise("quiet", ok=False, message="exit code 3"),
        Promise("z", ok=True, message="all well"),
    ]


def test_no_promises_no_output():
    assert promises.parse(b"") == []


def test_one_that_took_too_long_says_so():
    (promise,) = promises.parse(b"slow\x00124\x00partly\x00", timeout=20)
    assert not promise.ok
    assert promise.message == "not done within 20 s\npartly"


def test_output_that_makes_no_sense_is_no_success():
    (promise,) = promises.parse(b"p\x00\x00\x00junk")
    assert not promise.ok
