"""What is said when something doesn't resolve: the option, the place, how it came to be asked for, what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbuild.errors import ProfileError
from cbuild.profile.problems import did_you_mean, shorten

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from cbuild.profile.locate import Locator

Label = tuple[str, str]

MAX_COMPARED = 20_000
"""Names, in all: comparing one takes 4 µs. A profile full of errors gets guesses for some of them."""


class Blame:
    """Makes errors.

    sections: all that there are. trail: the options that are being put together now, outermost first. asking: the
    sections whose constructors run, outermost first. recipes_run: or nothing is known of what they set.
    """

    def __init__(
        self,
        locator: Locator,
        sections: Mapping[str, Mapping[str, str]],
        trail: list[Label],
        asking: list[str],
        *,
        recipes_run: bool,
    ) -> None:
        self._locator = locator
        self._sections = sections
        self._trail = trail
        self._asking = asking
        self._recipes_run = recipes_run
        self._compared = 0

    def at_trail(self, error: ProfileError, text: str = "") -> ProfileError:
        """Put into error the option that is being put together, and how it came to be asked for; text is at fault."""
        if self._trail:
            error.section, error.option = self._trail[-1]
        error.chain = shorten(f"{section}:{option}" for section, option in self._trail)
        return self._locator.place(error, text)

    def missing_section(self, name: str, option: str = "") -> ProfileError:
        """Return the error for a section that isn't there; option: the one of [buildout] that names it."""
        error = ProfileError(
            f"There is no section [{name[:200]}].",
            reason="missing-section",
            section=name,
            resolution=self._guess(name, self._sections) or "Extend the profile that has it, or take the name out.",
        )
        if option:
            error.section, error.option = "buildout", option
            return self._locator.place(error, name)
        if self._trail:
            return self.at_trail(error, f"${{{name}:")
        if self._asking:
            error.section, error.option = self._asking[-1], "recipe"
        elif name in self._sections["buildout"].get("parts", "").split():
            error.section, error.option = "buildout", "parts"
        return self._locator.place(error, name)

    def missing_option(self, section: str, option: str, names: Collection[str], reference: str = "") -> ProfileError:
        """Return the error for an option that isn't there.

        names: of the options that are. reference: what stands between ``${`` and ``}``.
        """
        error = ProfileError(
            f"There is no option {option[:200]!r} in [{section}].",
            reason="missing-option",
            section=section,
            option=option,
            resolution=self._guess(option, names) or self._remedy(section, option, names),
        )
        return self.at_trail(error, f"${{{reference}}}") if reference else self._locator.place(error)

    def _remedy(self, section: str, option: str, names: Collection[str]) -> str:
        """Return what to do about an option that isn't there; in a part the recipe may be who sets it."""
        if "recipe" in names and option != "recipe":
            if not self._recipes_run:
                return f"No file has it. The recipe of [{section}] may set it, which only a build shows."
            return f"Neither a file nor the recipe of [{section}] sets it: correct the name, or add `{option} = ...`."
        return f"Add `{option} = ...` to [{section}]."

    def _guess(self, name: str, names: Collection[str]) -> str:
        """Return a near-miss."""
        if self._compared > MAX_COMPARED:
            return ""
        self._compared += len(names)
        return did_you_mean(name, names)

    def circular(self, labels: list[Label]) -> ProfileError:
        """Return the error for values that refer to one another; the last of labels is there before, too."""
        loop = labels[labels.index(labels[-1]) : -1]
        # Whoever comes upon a circle first, it begins at the same option: it is one mistake.
        first = loop.index(min(loop))
        loop = [*loop[first:], *loop[:first]]
        (section, option), (_, following) = loop[0], [*loop, loop[0]][1]
        error = ProfileError(
            f"The value of [{section}] {option} refers to itself.",
            reason="circular-reference",
            section=section,
            option=option,
            chain=shorten(f"{name}:{item}" for name, item in self._trail),
            details=" -> ".join(shorten(f"${{{name}:{item}}}" for name, item in [*loop, loop[0]])),
            resolution="Break the circle: one of these values must not refer to the next.",
        )
        return self._locator.place(error, f":{following}}}")

    def too_large(self) -> ProfileError:
        """Return the error for a value that grows without end."""
        return self.at_trail(
            ProfileError(
                "A value grows beyond what can be meant.",
                reason="value-too-large",
                resolution="References that are repeated at every level double the value each time.",
            )
        )
