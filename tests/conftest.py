"""For all tests: hypothesis without deadlines, and Ctrl-C as programs expect it."""

import signal

from hypothesis import settings

settings.register_profile("cbuild", deadline=None)
settings.load_profile("cbuild")

# A shell starts what goes to the background with SIGINT ignored, and every process below it would inherit that; a
# handler is not inherited, so the programs that tests start and interrupt begin with the default.
signal.signal(signal.SIGINT, signal.default_int_handler)
