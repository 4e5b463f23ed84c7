"""Cases where cbuild does something else than the reference, each with the reason (docs/profile.md has the table).

`like` names the engine whose answer, of those that the case has, cbuild gives instead; None where it is cbuild's own.
"""

from typing import NamedTuple

ZC6 = "zc.buildout 6.0.1"
INTERPOLATION = "%(name)s is expanded in marked files only: in real profiles it is the recipe's"
MODERN = "the manual's oldest syntax would change what newer profiles mean"
LAZY = "a value that can't be had is an error only if something needs it"


class Difference(NamedTuple):
    reason: str
    like: str | None = ZC6


DIFFERENCES = {
    "079-inc-manyspaces-new-section": Difference("blanks before += are not part of the name", None),
    "107-ext-extended-by": Difference("extended-by works, as in the manual", None),
    "134-lay-cl-same-option": Difference("the later of two assignments wins, not the greater", None),
    "324-seed-percent-escape": Difference(INTERPOLATION),
    "326-seed-interpolation-missing": Difference(INTERPOLATION),
    "327-seed-interpolation-environment": Difference(INTERPOLATION),
    "330-seed-case-folding": Difference(MODERN),
    "331-seed-case-folding-reference": Difference(MODERN),
    "332-seed-colon-separator": Difference(MODERN),
    "333-seed-inline-comment": Difference(MODERN),
    "338-seed-continuation": Difference(MODERN),
    "339-seed-plus-equals": Difference(MODERN),
    "340-seed-macro": Difference(MODERN),
    "341-seed-self-reference": Difference(MODERN),
    "342-seed-reference-characters": Difference(MODERN),
    "343-seed-reference-escape": Difference("$${ becomes ${ in what recipes get, as in SlapOS's fork", None),
    "344-seed-reference-missing-section": Difference(LAZY),
    "345-seed-reference-missing-option": Difference(LAZY),
    "346-seed-reference-circular": Difference(LAZY),
    "347-seed-reference-eager": Difference(LAZY),
    "355-seed-extends-interpolated": Difference(INTERPOLATION),
    "358-seed-interpolation-not-across-files": Difference(INTERPOLATION),
    "362-seed-command-line-no-section": Difference("an assignment without a section is [buildout]'s"),
}

WITH_DIALECT = {
    "324-seed-percent-escape",
    "326-seed-interpolation-missing",
    "327-seed-interpolation-environment",
    "330-seed-case-folding",
    "332-seed-colon-separator",
    "333-seed-inline-comment",
    "338-seed-continuation",
    "339-seed-plus-equals",
    "355-seed-extends-interpolated",
    "358-seed-interpolation-not-across-files",
}
"""Those that cbuild answers as the reference does when it is told: `dialect = seed`."""
