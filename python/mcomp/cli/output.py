"""What is printed: JSON and text on stdout, single lines on stderr."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import math
import os
import sys
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from .._errors import IoError
from ..display import Cell, format_cell, printable


class ReaderLeft(Exception):
    """Nobody reads stdout any more: there is nothing left to do."""


def tolerate_any_text() -> None:
    """Let names that the terminal's encoding lacks be printed escaped, not fail."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def occupy_closed_streams() -> None:
    """Let no file that is opened later become stdin, stdout or stderr of this process."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free


def say(message: str) -> None:
    """Print one line on stderr, whatever the message holds."""
    if sys.stderr is None:  # closed before the program began: print() would take stdout instead
        return
    line = printable(" ".join(message.splitlines()))
    with contextlib.suppress(OSError, ValueError):  # stderr is closed: nobody to tell
        print(f"mcomp: {line}", file=sys.stderr, flush=True)


def note(message: str) -> None:
    """Tell on stderr what was taken for granted."""
    say(f"note: {message}")


def print_json(values: Mapping[str, Any]) -> None:
    """Print one JSON object; NaN and infinities become null. Raises as :func:`print_text`."""
    _print(json.dumps(plain(values), allow_nan=False))


def print_text(text: str) -> None:
    """Print on stdout, and have it written.

    Raises
    ------
    ReaderLeft
        The pipe's other end is closed.
    IoError
        It cannot be written.
    """
    _print("\n".join(printable(line) for line in text.split("\n")))


def _print(text: str) -> None:
    if sys.stdout is None:  # closed before the program began
        raise IoError(f"standard output: {os.strerror(errno.EBADF)}")
    try:
        print(text, flush=True)
    except BrokenPipeError:
        _discard()
        raise ReaderLeft from None
    except OSError as reason:
        _discard()
        raise IoError(f"standard output: {reason.strerror}") from reason


def _discard() -> None:
    """Point stdout to nowhere, so that the interpreter's last flush cannot fail again."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def plain(value: Any) -> Any:
    """Make JSON's own types of numpy's and of sequences; what is not finite becomes None."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str | int | bool | None):
        return value
    return [plain(item) for item in value]


def facts(pairs: Iterable[tuple[str, Cell]]) -> str:
    """Align names and values, one a line."""
    rows = [(name, format_cell(value)) for name, value in pairs]
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name.ljust(width)}  {value}" for name, value in rows)
