"""The `cbuild` command: finds the subcommand, maps errors to exit codes; nothing else is imported until needed."""

from __future__ import annotations

import json
import sys
import traceback
from importlib import import_module

import click
import typer
from typer.core import TyperGroup

from cbuild import __version__
from cbuild.errors import CbuildError

COMMANDS = {
    "software": "Build a profile's image: every part in a builder container, a layer each.",
    "instance": "Make, change or remove an instance: partitions of a software.",
    "status": "What runs now, measured.",
    "annotate": "Every section and option, and where each value comes from.",
    "query": "Print one value.",
    "why": "What changed in a part's key since it was built.",
    "logs": "The log of a part's build, or of a partition.",
    "shell": "A shell in a partition.",
    "base": "Base images: build, show, lock.",
}

INTERRUPTED = 130
BUG = 70


class LazyGroup(TyperGroup):
    """Imports a command's module when the command is wanted."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the help."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command, None if there is none of this name."""
        if cmd_name not in COMMANDS:
            return None
        if ctx.resilient_parsing or "--help" in sys.argv[1:2]:
            return click.Command(cmd_name, short_help=COMMANDS[cmd_name], help=COMMANDS[cmd_name])
        app = typer.Typer(add_completion=False)
        settings = {"ignore_unknown_options": False, "help_option_names": ["-h", "--help"]}
        function = import_module(f"cbuild.cli.{cmd_name}").command
        app.command(cmd_name, help=function.__doc__, context_settings=settings)(function)
        return typer.main.get_command(app)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; the process ends with the contract's exit code."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """Run the command line and return the exit code (CLI.md)."""
    group = LazyGroup(name="cbuild", help="Buildout profiles into layered images, images into partitions.")
    group.params.append(
        click.Option(["--version"], is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Print it.")
    )
    try:
        result = group.main(arguments, prog_name="cbuild", standalone_mode=False)
    except click.exceptions.Abort:
        return _interrupted()
    except KeyboardInterrupt:
        return _interrupted()
    except click.UsageError as error:
        return _usage(error, arguments)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except CbuildError as error:
        show(error, as_json="--json" in arguments)
        return error.exit_code
    except BrokenPipeError:
        return 0
    except Exception as error:  # noqa: BLE001 - the last resort: say how to report it
        return _bug(error, arguments)
    return result if isinstance(result, int) else 0


def show(error: CbuildError, *, as_json: bool) -> None:
    """Print an error: as the contract's document on stdout, or for a person on stderr."""
    if as_json:
        print(json.dumps({"error": error.as_dict()}, ensure_ascii=False))  # noqa: T201 - the command line prints
        return
    place = ":".join(str(part) for part in (error.file, error.line, error.column) if part is not None)
    spot = f"[{error.section}]" + (f" {error.option}" if error.option else "") if error.section else ""
    lines = [f"Error: {error.brief}"]
    lines += [f"  at {place}  {spot}".rstrip()] if place else [f"  in {spot}"] if spot else []
    lines += [f"  from {link}" for link in error.chain]
    lines += [f"  {line}" for line in error.details.splitlines()]
    lines += [f"  -> {error.resolution}"] if error.resolution else []
    print("\n".join(lines), file=sys.stderr)  # noqa: T201 - the command line prints


def _version(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's callback
    del parameter
    if value and not ctx.resilient_parsing:
        click.echo(f"cbuild {__version__}")
        ctx.exit()


def _usage(error: click.UsageError, arguments: list[str]) -> int:
    if "--json" in arguments:
        document = {"reason": "usage", "brief": error.format_message(), "details": "", "resolution": "cbuild --help"}
        click.echo(json.dumps({"error": document | dict.fromkeys(("file", "line", "section", "option"))}))
    else:
        error.show()
    return 2


def _interrupted() -> int:
    click.echo("Interrupted: what was built is kept.", err=True)
    return INTERRUPTED


def _bug(error: Exception, arguments: list[str]) -> int:
    traceback.print_exception(error, file=sys.stderr)
    click.echo(
        f"This is a bug in cbuild {__version__}. Please report it with the lines above, the profile, and the command: "
        f"cbuild {' '.join(arguments)}",
        err=True,
    )
    if "--json" in arguments:
        click.echo(json.dumps({"error": {"reason": "internal", "brief": f"{type(error).__name__}: {error}"}}))
    return BUG
