"""The key: the digest of everything that can change a part's layer, kept as a readable document."""

from __future__ import annotations

from collections.abc import Mapping

from cbuild.canonical import canonical_json, sha256_bytes
from cbuild.layer.tar import FORMAT as LAYER_FORMAT
from cbuild.plan.part import Part

FORMAT = 1
"""Version of the document's shape."""

SANDBOX = 3
"""Version of what the builder gives a recipe (user, paths, environment); raise it when that changes."""

CPU_BASELINE = "x86-64-v2"

Document = dict[str, object]


def document(part: Part, builder: str, sources: Mapping[str, str], layers: Mapping[str, str]) -> Document:
    """Return the key document of part.

    builder: digest of the builder. sources: URL as the options have it to ``sha256:…``. layers: the parts that it
    requires, to their diff_ids.
    """
    return {
        **question(part, builder, sources),
        "cpu": CPU_BASELINE,
        "format": FORMAT,
        "layer-format": LAYER_FORMAT,
        "requires": {name: layers[name] for name in part.requires},
    }


def question(part: Part, builder: str, sources: Mapping[str, str]) -> Document:
    """Return what a constructor that runs in a builder is asked: its answer is kept under the digest of this."""
    use = part.recipe
    recipe = {"module": use.module, "attribute": use.attribute, "spec": use.spec, "from": list(use.requirements)}
    asked: Document = {"absent": sorted(part.absent)} if part.absent else {}
    if part.names is not None:
        asked["names"] = list(part.names)
    if part.parsed:
        asked["parsed"] = list(part.parsed)
    if part.distributions:
        asked["distributions"] = {name: [one.egg for one in found] for name, found in part.distributions.items()}
    return asked | {
        "builder": builder,
        "code": part.recipe.code,
        "options": dict(part.given),
        "part": part.name,
        "recipe": {key: value for key, value in recipe.items() if value},
        "sandbox": SANDBOX,
        "sources": dict(sources),
        "visible": {section: dict(options) for section, options in part.visible.items()},
    }


def key_of(document: Document) -> str:
    """Return the key, ``sha256:…``, of a document."""
    return sha256_bytes(canonical_json(document))
