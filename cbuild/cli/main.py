"""The `cbuild` command: finds the subcommand, maps errors to exit codes; nothing else is imported until needed."""

from __future__ import annotations

import errno
import functools
import gc
import json
import re
import signal
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import typer

from cbuild import __version__
from cbuild.errors import CbuildError, HostError, UsageError, near

COMMANDS = {
    "software": "Build a profile's image: every part in a builder container, a layer each.",
    "instance": "Make, change or remove an instance: partitions of a software.",
    "status": "What runs now, measured.",
    "annotate": "Every section and option, and where each value comes from.",
    "query": "Print one value.",
    "why": "What changed in a part's key since it was built.",
    "logs": "The log of a part's build, or of a partition.",
    "shell": "A shell in a partition, or in the builder of a part that failed.",
    "verify": "Install parts again in a different builder, and compare.",
    "graph": "The parts and what they refer to, as a picture or as data.",
    "gc": "Remove from the store what nobody needs.",
    "base": "Base images: build, show, lock.",
}

INTERRUPTED = 130
COLLECT = (100_000, 10, 10)
"""When Python looks for garbage: a profile is a million small objects that stay, and looking through them again and
again takes as long as reading them (ERP5: a tenth; 100 000 parts: half)."""
# The quotation mark ends a string of JSON.
_USER = re.compile(r"""((?:https?|ftp)://)([^/?#\s"']*)@""")

HOST_ERRORS = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.EMFILE,
    errno.EIO,
    errno.ENOTDIR,
}
"""What is the machine's state and no bug of cbuild's."""


class Interrupted(Exception):  # noqa: N818 - what happened is no error
    """Ctrl-C, under a name that typer has no plans for: it would say nothing, or something else in each version."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; the process ends with the contract's exit code."""
    # Whoever sends TERM (a supervisor, a CI that cancels) wants what Ctrl-C does: no container left, what is done kept.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    gc.set_threshold(*COLLECT)
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """Run the command line and return the exit code (CLI.md)."""
    try:
        result = _dispatch(arguments)
    except (KeyboardInterrupt, Interrupted, typer.Abort):
        print("Interrupted: what was built is kept.", file=sys.stderr)  # noqa: T201 - the command line prints
        return INTERRUPTED
    except CbuildError as error:
        show(error, as_json="--json" in arguments)
        return error.exit_code
    except BrokenPipeError:
        return 0
    except OSError as error:
        return _host(error, arguments) if error.errno in HOST_ERRORS else _bug(error, arguments)
    except Exception as error:  # noqa: BLE001 - the last resort: say how to report it
        return _usage(error, arguments) if hasattr(error, "format_message") else _bug(error, arguments)
    return result if isinstance(result, int) else 0


def _dispatch(arguments: list[str]) -> object:
    """Run the command that the first argument names; only its module is imported."""
    name = arguments[0] if arguments else "--help"
    if name == "--version":
        print(f"cbuild {__version__}")  # noqa: T201 - the command line prints
        return 0
    if name in COMMANDS:
        return _app({name: COMMANDS[name]})(arguments[1:], prog_name=f"cbuild {name}", standalone_mode=False)
    if name.startswith("-"):
        return _app(COMMANDS)(arguments or ["--help"], prog_name="cbuild", standalone_mode=False)
    raise UsageError(
        f"cbuild has no command {name!r}.",
        reason="unknown-command",
        details=near(name, COMMANDS),
        resolution="cbuild --help lists the commands.",
    )


def _app(commands: dict[str, str]) -> Any:  # noqa: ANN401 - calling it returns what the command returns
    """Return a typer application of these commands; a single one takes its options without its name."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None, help="Profiles to images, images to partitions.")
    for name, text in commands.items():
        function = import_module(f"cbuild.cli.{name}").command
        app.command(name, help=text, context_settings={"help_option_names": ["-h", "--help"]})(_interruptible(function))
    return app


def _interruptible(function: Callable[..., object]) -> Callable[..., object]:
    @functools.wraps(function)
    def told(*arguments: Any, **options: Any) -> object:  # noqa: ANN401 - passed on
        try:
            return function(*arguments, **options)
        except KeyboardInterrupt:
            raise Interrupted from None

    return told


def show(error: CbuildError, *, as_json: bool) -> None:
    """Print an error and what else is wrong: as the contract's document on stdout, or for a person on stderr."""
    if as_json:
        every = [item.as_dict() for item in (error, *error.others)]
        print(_masked(json.dumps({"error": every[0], "errors": every}, ensure_ascii=False)))  # noqa: T201 - the command line prints
        return
    lines = [_masked(line) for item in (error, *error.others) for line in _lines(item)]
    print("\n".join(lines), file=sys.stderr)  # noqa: T201 - the command line prints


def _masked(text: str) -> str:
    """Return a text without the passwords in its URLs, as long as before: a caret may point into it."""
    return _USER.sub(lambda match: f"{match[1]}{'*' * len(match[2])}@", text)


def _lines(error: CbuildError) -> list[str]:
    place = ":".join(str(part) for part in (error.file, error.line, error.column) if part is not None)
    spot = f"[{error.section}]" + (f" {error.option}" if error.option else "") if error.section else ""
    lines = [f"Error: {error.brief}"]
    lines += [f"  at {place}  {spot}".rstrip()] if place else [f"  in {spot}"] if spot else []
    lines += [f"  from {link}" for link in _led_there(error)]
    lines += [f"  {line}" for line in error.details.splitlines()]
    lines += [f"  -> {error.resolution}"] if error.resolution else []
    here = _here()
    return [line.replace(f"{here}/", "") for line in lines] if here else lines


def _here() -> str:
    try:
        return str(Path.cwd()).rstrip("/")  # of the root directory nothing is left: every path is in it
    except OSError:  # somebody removed it
        return ""


def _led_there(error: CbuildError) -> tuple[str, ...]:
    """Return the chain without its end where that is the place of the error itself."""
    own = (error.file, f"{error.section}:{error.option}")
    return error.chain[:-1] if error.chain and error.chain[-1] in own else error.chain


def _usage(error: Any, arguments: list[str]) -> int:  # noqa: ANN401 - typer's usage errors have no public class
    show(UsageError(error.format_message(), resolution=_how(arguments)), as_json="--json" in arguments)
    return UsageError.exit_code


def _how(arguments: list[str]) -> str:
    """Return what to write instead; buildout's options stand before its commands, cbuild's behind."""
    if not arguments[0].startswith("-"):
        return f"cbuild {arguments[0]} --help"
    import shlex  # noqa: PLC0415 - for this alone

    command = next((word for word in arguments if word in COMMANDS), "software")
    behind = [*arguments]
    if command in behind:
        behind.remove(command)
    return f"Options stand behind the command: cbuild {command} {shlex.join(behind)}"


def _host(error: OSError, arguments: list[str]) -> int:
    refused = HostError(
        f"{error.strerror}: {error.filename}" if error.filename else f"{error.strerror}.",
        resolution="Mend it and run again: what was built is kept.",
    )
    show(refused, as_json="--json" in arguments)
    return refused.exit_code


def _bug(error: Exception, arguments: list[str]) -> int:
    traceback.print_exception(error, file=sys.stderr)
    bug = CbuildError(
        f"This is a bug in cbuild {__version__}: {type(error).__name__}: {error}",
        details=f"The command was: cbuild {' '.join(arguments)}",
        resolution="Please report it with the traceback and the profile.",
    )
    show(bug, as_json="--json" in arguments)
    return bug.exit_code
