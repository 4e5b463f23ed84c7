"""What a recipe in a builder needs and was not given: its run ends, the host finds it, and it is run again."""

from __future__ import annotations

from typing import cast


class Needs(BaseException):
    """Ends a recipe's run. A BaseException: a recipe's ``except Exception`` must not take it for its own failure.

    what: ``{"section": NAME}``, ``{"option": NAME}`` (of [buildout]), ``{"names": True}`` (of all sections),
    ``{"source": URL, "md5": HEX or None}``, ``{"parse": TEXT}`` (sections to add),
    ``{"distributions": REQUIREMENTS}`` (of Python), or ``{"recipe":
    REQUIREMENTS}``: distributions that the recipe itself is imported from.
    """

    def __init__(self, **what: object) -> None:
        super().__init__(what)
        self.what = what

    def __str__(self) -> str:
        """Return it for people."""
        match self.what:
            case {"section": name}:
                return f"the section [{name}]"
            case {"option": name}:
                return f"the option {name} of [buildout]"
            case {"source": url}:
                return f"the source {url}"
            case {"distributions": requirements} | {"recipe": requirements}:
                return f"the distributions {', '.join(cast('list[str]', requirements))}"
            case {"parse": _}:
                return "sections that it adds to the profile"
        return "the names of all sections"
