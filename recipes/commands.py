"""The command lines of a compiled part: options joined and %-formatted with the part's options (SLAPOS.md 1.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cbuild.recipe.api import Options, UserError

COMMANDS = ("configure-command", "make-targets", "pre-configure", "pre-build", "pre-install", "post-install")
"""Options whose text is commands, or may be (component/golang's make-targets)."""

_LINKING = re.compile(r"\bcp\s(?:[^\n;&|]|\\\n)*(?<=\s)-(?:[a-zA-Z]*l|-link\b)")


@dataclass(frozen=True)
class Commands:
    """What `sh` gets, formatted: configure, build, install. An empty one does nothing."""

    configure: str
    make: str
    install: str

    @classmethod
    def of(cls, options: Options) -> Commands:
        """Return the commands of a part's options; UserError for an option that can't be formatted."""
        prefix = f'"{formatted(options, "prefix")}"'
        custom = formatted(options, "configure-command")
        arguments = _joined(options, "configure-options")
        make, make_options = formatted(options, "make-binary", "make"), _joined(options, "make-options")
        targets = _joined(options, "make-targets", "install")
        if not custom:
            custom = "./configure" if "--prefix" in arguments else f"./configure --prefix={prefix}"
        elif make == "make" and targets == "install":
            # Nobody else tells a Makefile without configure.
            targets += f" prefix={prefix}"
        return cls(_words(custom, arguments), _words(make, make_options), _words(make, make_options, targets))


def installs_only(options: Options) -> bool:
    """Tell whether nothing but ``install…`` is a target of the second make; options and variables are none."""
    words = _joined(options, "make-targets", "install").split()
    return all(word.startswith(("install", "-")) or "=" in word for word in words)


def links(options: Options) -> bool:
    """Tell whether a command installs hard links to what was compiled, as ``cp -alf`` makes them."""
    return any(_LINKING.search(options.get(option, "")) for option in COMMANDS)


def formatted(options: Options, option: str, default: str = "") -> str:
    """Return an option's text with ``%(name)s`` replaced by other options; its lines stay lines."""
    return _format(options, option, options.get(option, default).strip())


def _joined(options: Options, option: str, default: str = "") -> str:
    return _format(options, option, " ".join(options.get(option, default).split()))


def _format(options: Options, option: str, text: str) -> str:
    try:
        return text % _Values(options)
    except KeyError as error:
        problem = f"there is no option {error} for %({error.args[0]})s"
    except (TypeError, ValueError) as error:
        problem = f"{error}; a percent sign is written %%"
    raise UserError(f"[{options.name}] {option} can't be formatted: {problem}.")


def _words(*words: str) -> str:
    # A backslash whose next line turned out empty takes the space behind it, as with the original: SlapOS's macro for
    # Perl packages ends so, and without a space configure would be given the backslash.
    return " ".join(words if any(word.endswith("\\") for word in words) else filter(None, words))


class _Values(Mapping[str, str]):
    """A part's options for the % operator, which would take a bare ``%s`` for all of them at once."""

    def __init__(self, options: Options) -> None:
        self._options = options

    def __getitem__(self, key: str) -> str:
        try:
            return self._options[key]
        except KeyError:
            raise KeyError(key) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._options)

    def __len__(self) -> int:
        return len(self._options)

    def __str__(self) -> str:
        raise ValueError("a conversion names no option")

    __repr__ = __str__
