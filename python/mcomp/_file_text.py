"""How names and reasons of a file are shown in one line of bounded length."""

from __future__ import annotations

_NAME_LIMIT = 80
_REASON_LIMIT = 400


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
