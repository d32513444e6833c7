"""Tables as text and as HTML, for reprs in a terminal and in a notebook."""

from __future__ import annotations

import html
from collections.abc import Sequence

Cell = str | int | float | None

MAX_ROWS = 400


def printable(text: str) -> str:
    r"""Escape what a name may bring and a terminal or browser would obey.

    That is control characters, line breaks, marks of the direction of writing and spaces other
    than the common one, each as in a Python string.

    Examples
    --------
    >>> printable("a\x1bb")
    'a\\x1bb'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def format_cell(value: Cell) -> str:
    """Write one value: integers with thousands marks, reals with four digits, None as ``-``.

    Texts are made :func:`printable`.
    """
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4g}"
    return printable(value)


def format_nbytes(nbytes: float) -> str:
    """Write a number of bytes in B, KiB, MiB or GiB.

    Examples
    --------
    >>> format_nbytes(1536)
    '1.5 KiB'
    """
    if nbytes < 1024:
        return f"{nbytes:.0f} B"
    value = float(nbytes)
    for unit in ("KiB", "MiB"):
        value /= 1024
        if value < 1024:
            return f"{value:.1f} {unit}"
    return f"{value / 1024:.1f} GiB"


def format_ns(nanoseconds: float) -> str:
    """Write a time in ns, us, ms or s.

    Examples
    --------
    >>> format_ns(1_234_000)
    '1.23 ms'
    """
    for limit, divisor, unit in ((1e3, 1.0, "ns"), (1e6, 1e3, "us"), (1e9, 1e6, "ms")):
        if nanoseconds < limit:
            return f"{nanoseconds / divisor:.3g} {unit}"
    return f"{nanoseconds / 1e9:.3g} s"


def format_shape(shape: Sequence[int | None]) -> str:
    """Write a shape, the batch axis as N.

    Examples
    --------
    >>> format_shape((None, 3, 224, 224))
    'N x 3 x 224 x 224'
    """
    return " x ".join("N" if extent is None else str(extent) for extent in shape)


def _is_number(value: Cell) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def text_table(headers: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """Write an aligned table; columns of numbers stand to the right.

    Examples
    --------
    >>> print(text_table(["layer", "bytes"], [["conv1", 2000], ["fc", 12]]))
    layer  bytes
    conv1  2,000
    fc        12
    """
    cells = [
        list(map(printable, headers)),
        *([format_cell(value) for value in row] for row in rows),
    ]
    widths = [max(len(row[column]) for row in cells) for column in range(len(headers))]
    right = [
        any(_is_number(row[column]) for row in rows)
        and all(_is_number(row[column]) or row[column] is None for row in rows)
        for column in range(len(headers))
    ]
    lines = []
    for row in cells:
        parts = [
            text.rjust(width) if to_right else text.ljust(width)
            for text, width, to_right in zip(row, widths, right, strict=True)
        ]
        lines.append("  ".join(parts).rstrip())
    return "\n".join(lines)


def html_table(caption: str, headers: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """Write an HTML table, every text escaped; rows past the first 400 are only counted."""
    head = "".join(f"<th>{html.escape(printable(header))}</th>" for header in headers)
    body = []
    for row in rows[:MAX_ROWS]:
        cells = "".join(
            f'<td style="text-align:{"right" if _is_number(value) else "left"}">'
            f"{html.escape(format_cell(value))}</td>"
            for value in row
        )
        body.append(f"<tr>{cells}</tr>")
    if len(rows) > MAX_ROWS:
        more = f"{len(rows) - MAX_ROWS:,} more rows"
        body.append(f'<tr><td colspan="{len(headers)}">{more}</td></tr>')
    return (
        f"<table><caption>{html.escape(printable(caption))}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"
    )
