"""From arguments to an exit code: parsing, errors, Ctrl-C, output."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import Any, NoReturn

from .. import __version__, _start
from .._errors import MCompError
from . import output
from .command import Command
from .commands import COMMANDS

EXIT_DONE = 0
EXIT_ERROR = 1
EXIT_USAGE = 2
DEBUG_VARIABLE = "MCOMP_DEBUG"  # set: an error comes with its traceback


class _Parser(argparse.ArgumentParser):
    """A parser whose help is written, or the reason why it cannot be is told."""

    def _print_message(self, message: str, file: Any = None) -> None:
        if file is sys.stdout:
            output.print_text(message.rstrip("\n"))
        else:
            super()._print_message(message, file)

    def error(self, message: str) -> NoReturn:
        if sys.stderr is None:  # argparse would take stdout instead
            self.exit(EXIT_USAGE)
        super().error(message)


def parser() -> _Parser:
    """Make the parser of the whole program."""
    whole = _Parser(
        prog="mcomp",
        description="Compress trained convolutional networks, run them, measure what that costs.",
        epilog="'mcomp COMMAND -h' explains a command and ends with an example.",
        allow_abbrev=False,
    )
    whole.add_argument("--version", action="version", version=f"mcomp {__version__}")
    commands = whole.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in COMMANDS:
        _add(commands, command)
    return whole


def _add(commands: argparse._SubParsersAction[_Parser], command: Command) -> None:
    one = commands.add_parser(
        command.name,
        help=command.summary,
        description=command.description,
        epilog=f"example:\n  {command.example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    command.configure(one)
    one.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    one.set_defaults(chosen=command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program.

    Parameters
    ----------
    arguments : sequence of str, optional
        The words after the program's name; None: those that it was started with.

    Returns
    -------
    int
        0 done; 1 the request cannot be served, one line on stderr says why; 2 wrong usage;
        130 interrupted.
    """
    try:
        _start.imported()
        if not sys.warnoptions:
            # An error is one line on stderr: nothing else may get in between.
            warnings.simplefilter("ignore")
        output.occupy_closed_streams()
        output.tolerate_any_text()
        try:
            chosen = parser().parse_args(arguments)
        except SystemExit as leaving:  # help, version, or wrong usage
            return leaving.code if isinstance(leaving.code, int) else EXIT_ERROR
        command: Command = chosen.chosen
        values = command.run(chosen)
        if chosen.json:
            output.print_json({"mcomp_version": __version__, **values})
        else:
            output.print_text(command.show(values))
        return EXIT_DONE
    except KeyboardInterrupt:
        return _fail("interrupted", _start.EXIT_INTERRUPTED)
    except output.ReaderLeft:
        return EXIT_DONE
    except MCompError as reason:
        return _fail(str(reason) or type(reason).__name__)
    except MemoryError:
        return _fail("out of memory")
    except OSError as reason:
        name = f"{reason.filename}: " if reason.filename is not None else ""
        return _fail(f"{name}{reason.strerror or reason}")
    except Exception as reason:  # a mistake of the program's own
        return _fail(
            f"internal error, please report it: {type(reason).__name__}: {reason} "
            f"({DEBUG_VARIABLE}=1 shows where)"
        )
    finally:
        _start.finished()


def _fail(message: str, code: int = EXIT_ERROR) -> int:
    """Print the one line of an error."""
    if os.environ.get(DEBUG_VARIABLE) and sys.stderr is not None:
        traceback.print_exc()
    output.say(f"error: {message}")
    return code
