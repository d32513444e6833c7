"""Tables as CSV that other programs read back as they are, and that a spreadsheet does not run."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence

# What a spreadsheet takes for the beginning of a formula; with the apostrophe itself, so that
# whoever takes one leading apostrophe away always has the text as it was.
_DEFUSED = tuple("=+-@\t\r\n'")
_NUMBERS = re.compile(r"-?[0-9.]+(e[+-]?[0-9]+)?( -?[0-9.]+(e[+-]?[0-9]+)?)*", re.ASCII)


class _Lines(list[str]):
    """What a csv.writer writes, a line each; the writer hands whole lines over."""

    def write(self, line: str) -> None:
        self.append(line.removesuffix("\r\n"))


def csv_text(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, line_end: str = "\n"
) -> str:
    """Write a table as CSV.

    A text that begins with ``=``, ``+``, ``-``, ``@``, a tabulator, a line break or an apostrophe
    gets an apostrophe in front, unless it is of nothing but numbers; cells with separators, quotes
    or either character of a line break are quoted. None is an empty cell.

    Examples
    --------
    >>> print(csv_text(["node", "macs"], [["=1+1", -5], ["a,b", None]]), end="")
    node,macs
    '=1+1,-5
    "a,b",
    """
    lines = _Lines()
    # With this ending, whatever the table's own, the writer quotes cells that have a bare CR.
    writer = csv.writer(lines, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_defused(cell) for cell in row] for row in rows)
    return "".join(line + line_end for line in lines)


def _defused(cell: object) -> object:
    if isinstance(cell, str) and cell.startswith(_DEFUSED) and not _NUMBERS.fullmatch(cell):
        return "'" + cell
    return cell
