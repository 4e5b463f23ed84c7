"""For all tests: hypothesis without deadlines, since machines that run tests are busy."""

from hypothesis import settings

settings.register_profile("cbuild", deadline=None)
settings.load_profile("cbuild")
