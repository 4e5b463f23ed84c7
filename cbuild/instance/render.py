"""The instance profile as a template: jinja2 over ``instance.cfg``, inside the one-shot container.

Standard library only at import: jinja2 comes with the builder's image, and a profile without markers needs none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from cbuild.errors import ProfileError

_MARKERS = ("{{", "{%", "{#")


class Text(str):
    """A parameter's text: printed as it is into an option, it can't become a reference, a section or an option."""

    __slots__ = ()


def rendered(text: str, variables: Mapping[str, object], file: str) -> str:
    """Return the profile's text with jinja2 evaluated; unchanged if it has no jinja2 markers.

    An undefined variable is an error. ProfileError (template) names file and line.
    """
    if not any(marker in text for marker in _MARKERS):
        return text
    # Only here: most of what imports this module never renders.
    import jinja2  # noqa: PLC0415

    environment = jinja2.Environment(  # noqa: S701 - the result is a profile, not HTML
        undefined=jinja2.StrictUndefined, keep_trailing_newline=True, finalize=_printed, extensions=["jinja2.ext.do"]
    )
    environment.globals.update(dumps=json.dumps)
    try:
        return environment.from_string(text).render(marked(dict(variables)))
    except jinja2.TemplateSyntaxError as error:
        raise ProfileError(
            f"{file} is no jinja2 template: {error.message}", reason="template", file=file, line=error.lineno
        ) from error
    except jinja2.UndefinedError as error:
        raise ProfileError(
            f"{file} uses what is not defined: {error.message}",
            reason="template",
            file=file,
            line=_line(error),
            resolution="Give the parameter with --param, or a default in the profile: {{ parameters.get('x', 'y') }}.",
        ) from error
    except Exception as error:
        raise ProfileError(
            f"{file} failed while it was rendered: {type(error).__name__}: {error}",
            reason="template",
            file=file,
            line=_line(error),
        ) from error


def marked(value: object) -> object:
    """Return value with every string in it as Text."""
    match value:
        case str():
            return Text(value)
        case Mapping():
            return {key: marked(item) for key, item in value.items()}
        case list() | tuple():
            return [marked(item) for item in value]
        case _:
            return value


def _printed(value: object) -> object:
    # What a template has computed (str) is profile text on purpose; what a parameter holds (Text) is a value.
    if isinstance(value, Text):
        return escaped(value)
    return value


def escaped(value: str) -> str:
    """Return a value as it must stand in an option, so that it reads back as the same value."""
    return value.replace("${", "$${").replace("\n", "\n\t")


def _line(error: Exception) -> int | None:
    # jinja2 rewrites the traceback so that the template's frames carry the template's lines.
    line = None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
