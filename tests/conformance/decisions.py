"""Cases of kind `cli` in which cbuild decides otherwise than the reference, each with the reason.

docs/layers.md says what "update" and "uninstall" mean when parts are layers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Decision:
    """What is different, by step.

    events: as `action part`. exits: the code. states: the steps whose state file isn't compared.
    """

    reason: str = ""
    events: Mapping[int, list[str]] = field(default_factory=dict)
    exits: Mapping[int, int] = field(default_factory=dict)
    states: frozenset[int] = frozenset()


def _words(text: str) -> list[str]:
    return text.split(", ")


ON = "a part that fails stops those that refer to it and no others"
NEEDED = "a part can't be installed without those that it refers to"
CLOSURE = "what a part refers to or has read is in its key, as in SlapOS's fork"
ORDER = "parts are recorded in the order of the run, as zc.buildout does"
AGAIN = "a layer is what its key says: nothing is installed again to get the same"

DIFFERENCES = {
    "261-ins-missing-file": Decision("nothing can be taken out of a layer", {1: _words("updating a, updating b")}),
    "267-ins-fail-first-run": Decision(
        ON,
        {
            0: _words("installing a, installing b, installing c"),
            1: _words("updating a, installing b, updating c"),
        },
        states=frozenset({0}),
    ),
    "268-ins-fail-reinstall": Decision(
        ON,
        {1: _words("uninstalling b, uninstalling a, installing a, installing b, updating c")},
        states=frozenset({1}),
    ),
    "269-ins-fail-update": Decision(
        "update() isn't called",
        {1: _words("updating a, updating b, updating c"), 2: _words("updating a, updating b, updating c")},
        exits={1: 0},
        states=frozenset({1}),
    ),
    "270-ins-fail-internal": Decision(
        ON, {0: _words("installing a, installing b, installing c")}, states=frozenset({0})
    ),
    "273-ins-install-args": Decision(
        NEEDED,
        {
            1: _words("uninstalling d3, uninstalling d2, installing d3, installing d2, installing d4"),
            2: _words("uninstalling d1, uninstalling debug, installing debug, updating d2, updating d3, updating d4"),
        },
        states=frozenset({1}),
    ),
    "275-ins-install-args-dependency": Decision(
        NEEDED,
        {0: _words("installing b, installing a"), 1: _words("updating b, updating a")},
        states=frozenset({0}),
    ),
    "282-ins-dependency-not-stored": Decision(
        CLOSURE, {1: _words("uninstalling a, uninstalling b, installing b, installing a")}
    ),
    "290-ins-implicit-part-removed": Decision(CLOSURE, {1: _words("uninstalling a, uninstalling b, installing a")}),
    "292-ins-develop-source-change": Decision(
        "the code of what is in `develop` is in the key of every part with a recipe from there",
        {2: _words("uninstalling b, uninstalling a, installing a, installing b")},
    ),
    "378-slp-signature-dependencies": Decision(
        "what a part doesn't use of another section is no reason, and a layer that came out the same isn't either",
        {
            1: _words("updating b, updating a"),
            2: _words("uninstalling b, installing b, updating a"),
            3: _words("uninstalling b, installing b, updating a"),
        },
    ),
    "409-ver-offline": Decision(
        "what cbuild.lock names and the store has needs no connection", {2: _words("updating foo")}, exits={2: 0}
    ),
    "382-slp-state-file": Decision(ORDER, states=frozenset({1, 2})),
    "387-seed-cli-option-changed": Decision(AGAIN, {1: _words("uninstalling a, installing a, updating b, updating c")}),
    "393-seed-cli-missing-file": Decision(AGAIN, {1: _words("updating a")}),
    "389-seed-cli-doc-install": Decision(
        AGAIN,
        {
            2: [
                *_words("uninstalling d2, uninstalling d1, uninstalling debug"),
                *_words("installing debug, installing d2, updating d3, updating d4"),
            ]
        },
        states=frozenset({1}),
    ),
    "394-seed-cli-references-before-constructors": Decision(
        NEEDED, {0: _words("installing data_dir, installing debug")}, states=frozenset({0})
    ),
}
