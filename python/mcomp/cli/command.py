"""What a command is."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Values = dict[str, Any]
"""A command's answer: what ``--json`` prints, besides the version."""


@dataclass(frozen=True)
class Command:
    """One command of the program.

    Attributes
    ----------
    name, summary : str
        As in the list of commands.
    description : str
        What ``-h`` says above the options.
    example : str
        A line for a shell that works as it stands; ``-h`` ends with it.
    configure : callable
        Adds the arguments to a parser.
    run : callable
        Serves the request; raises an :class:`mcomp.MCompError` where it cannot.
    show : callable
        Makes readable text of the answer.
    """

    name: str
    summary: str
    description: str
    example: str
    configure: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], Values]
    show: Callable[[Values], str]
