"""How lists and shapes of a file are shown in one line of bounded length."""

from __future__ import annotations

from collections.abc import Sequence

from .._file_text import cut, one_line, shown

__all__ = ["cut", "listed", "one_line", "shape_text", "shown"]

_LIST_LIMIT = 8


def listed(items: Sequence[str]) -> str:
    """Join items with commas: the first eight, then how many more there are."""
    more = len(items) - _LIST_LIMIT
    text = ", ".join(items[:_LIST_LIMIT])
    return f"{text} and {more} more" if more > 0 else text


def shape_text(shape: Sequence[int | str | None]) -> str:
    """Write a shape in brackets, N for the batch: at most the first eight extents."""
    extents = ["N" if extent is None else str(extent) for extent in shape[:_LIST_LIMIT]]
    return "[" + ", ".join([*extents, *["..."] * (len(shape) > _LIST_LIMIT)]) + "]"
