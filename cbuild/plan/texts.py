"""Files that a recipe renders: where in one a reference is that can't be replaced."""

from __future__ import annotations

import re
from collections.abc import Callable

from cbuild.errors import ProfileError
from cbuild.profile import MAX_REPORTED, excerpt

_TOKEN = re.compile(r"\$\$|\$\{[^}]*\}")


def blamed(text: str, name: str, part: str, substitute: Callable[[str], object]) -> list[ProfileError]:
    """Return the error of each reference in text that substitute raises ProfileError for, MAX_REPORTED at most.

    name: of the file, for people. part: who renders it. What is wrong with an option that the file refers to keeps its
    place in the profile, and the file is the first in its chain.
    """
    errors: dict[str, ProfileError] = {}
    for found in _TOKEN.finditer(text):
        reference = found[0]
        if reference == "$$" or reference in errors or len(errors) >= MAX_REPORTED:
            continue
        try:
            substitute(reference)
        except ProfileError as error:
            line = text.count("\n", 0, found.start()) + 1
            column = found.start() - text.rfind("\n", 0, found.start())
            if error.chain:
                # The resolver gives the same error to all that need what is wrong: the first place is enough.
                if not any(error is known for known in errors.values()):
                    error.chain = (f"{name}:{line}:{column}", *error.chain)
                errors[reference] = error
                continue
            details = excerpt(text.splitlines()[line - 1], column)
            errors[reference] = ProfileError(
                error.brief, reason=error.reason, resolution=error.resolution, details=details,
                file=name, line=line, column=column, section=part,
            )  # fmt: skip
    return list(errors.values())
