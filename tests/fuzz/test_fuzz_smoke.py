"""A few seconds of what fuzz_profile.py does for hours: the seeds, and random changes of them."""

import fuzz_profile


def test_nothing_but_profile_errors():
    assert fuzz_profile.smoke(2) > 100
