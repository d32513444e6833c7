"""How names and reasons of a file are shown in one line of bounded length."""

from __future__ import annotations

from collections.abc import Sequence

_NAME_LIMIT = 80
_REASON_LIMIT = 400
_LIST_LIMIT = 8


def shown(name: str | bytes) -> str:
    """Put a name from a file in quotes: control characters escaped, cut to 80 characters."""
    text = name.decode("utf-8", "backslashreplace") if isinstance(name, bytes) else name
    if not text.isprintable():
        text = text.encode("unicode_escape").decode("ascii")
    return f"'{cut(text, _NAME_LIMIT)}'"


def cut(text: str, limit: int = _REASON_LIMIT) -> str:
    """Keep the beginning of a text, with an ellipsis where something was left out."""
    return text if len(text) <= limit else text[: limit - 3] + "..."


def one_line(error: BaseException) -> str:
    """Make another package's error one line of bounded length."""
    text = " ".join(str(error).split())
    if not text.isprintable():
        text = text.encode("unicode_escape").decode("ascii")
    return cut(text) or type(error).__name__


def listed(items: Sequence[str]) -> str:
    """Join items with commas: the first eight, then how many more there are."""
    more = len(items) - _LIST_LIMIT
    text = ", ".join(items[:_LIST_LIMIT])
    return f"{text} and {more} more" if more > 0 else text


def shape_text(shape: Sequence[int | str | None]) -> str:
    """Write a shape in brackets, N for the batch: at most the first eight extents."""
    extents = ["N" if extent is None else str(extent) for extent in shape[:_LIST_LIMIT]]
    return "[" + ", ".join([*extents, *["..."] * (len(shape) > _LIST_LIMIT)]) + "]"
