"""A bar on the terminal's stderr; elsewhere nothing, or a line now and then."""

from __future__ import annotations

import contextlib
import sys
import time
from types import TracebackType
from typing import Self, TextIO

from ..display import printable
from .output import say

BAR_WIDTH = 24
STAGE_WIDTH = 28
REDRAW_SECONDS = 0.1
LINE_PERCENT = 10


class ProgressBar:
    """Shows how far a long call is, with elapsed and remaining time.

    Call it with (stage, done, total), as the library does. Use it in a ``with`` block: the bar is
    wiped at its end.

    Parameters
    ----------
    stream : TextIO, optional
        Where to draw; stderr. Nothing is drawn where it is no terminal.
    lines : bool
        Where it is no terminal, say every tenth of the way in a line on stderr: for calls of
        minutes and more, which would look hung.
    """

    def __init__(self, stream: TextIO | None = None, *, lines: bool = False) -> None:
        self._lines = lines
        self._next_line = 0
        self._stream = stream or sys.stderr
        self._on = self._stream is not None and self._stream.isatty()
        self._start = time.monotonic()
        self._drawn = -REDRAW_SECONDS
        self._width = 0

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Draw, unless it was drawn a moment ago; or say a line, where it is time for one."""
        now = time.monotonic() - self._start
        if self._lines and not self._on:
            self._say_line(stage, done, total, now)
        if not self._on or now - self._drawn < REDRAW_SECONDS:
            return
        self._drawn = now
        self._draw(bar_text(stage, done, total, now))

    def _say_line(self, stage: str, done: int, total: int, now: float) -> None:
        percent = 100 * done // total if total > 0 else 0
        if percent >= self._next_line:
            self._next_line = LINE_PERCENT * (percent // LINE_PERCENT + 1)
            say(f"{percent:2d} %, {clock(now)} elapsed: {stage}")

    def _draw(self, text: str) -> None:
        padding = " " * max(0, self._width - len(text))
        self._width = len(text)
        self._write(f"\r{text}{padding}")

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError):  # the terminal is gone: the work is not
            self._stream.write(text)
            self._stream.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        reason: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._width:
            self._draw("")
            self._write("\r")


def bar_text(stage: str, done: int, total: int, elapsed: float) -> str:
    """One line: stage, bar, percent, elapsed and remaining time.

    Parameters
    ----------
    stage : str
    done, total : int
        0 <= done <= total.
    elapsed : float
        Seconds.
    """
    fraction = done / total if total > 0 else 0.0
    filled = round(fraction * BAR_WIDTH)
    bar = "#" * filled + "." * (BAR_WIDTH - filled)
    left = clock(elapsed * (1 - fraction) / fraction) if fraction > 0 else "?"
    name = printable(stage)[:STAGE_WIDTH].ljust(STAGE_WIDTH)
    return f"{name} [{bar}] {100 * fraction:3.0f} %  {clock(elapsed)} elapsed, {left} left"


def clock(seconds: float) -> str:
    """Seconds as m:ss or h:mm:ss."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"
