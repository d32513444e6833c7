"""The rows of a store as CSV or Parquet, samples included."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path

import mcomp
from mcomp._arguments import file_path
from mcomp._csv_text import csv_text
from mcomp._extras import require

from .rows import FLAT_COLUMNS, Row, Rows, read_rows
from .writing import write_whole


@dataclass(frozen=True)
class Export:
    """What was written: the file and its number of rows."""

    path: Path
    rows: int


def export(store: str | Path, path: str | Path) -> Export:
    """Write every row of a store, those of earlier forms of the study included.

    The columns are those of :class:`mcomp.study.Row`. In CSV, `details` and `environment` are
    JSON, `samples` are numbers with spaces between, and a cell without value is empty; a text that
    a spreadsheet would run as a formula has an apostrophe in front (see
    :meth:`mcomp.LayerTable.to_csv`). In Parquet, `samples` are lists of double.

    Parameters
    ----------
    store : str or Path
    path : str or Path
        Ends in ``.csv`` or ``.parquet``; the latter needs pyarrow.

    Raises
    ------
    mcomp.InvalidArgument
        Another ending.
    mcomp.Unsupported
        pyarrow is not installed.
    mcomp.IoError
        The file cannot be written.
    """
    path = file_path("path", path)
    if path.suffix not in (".csv", ".parquet"):
        raise mcomp.InvalidArgument(f"{path}: must end in .csv or .parquet")
    rows = read_rows(store, every=True)
    write_whole(path, _csv(rows) if path.suffix == ".csv" else _parquet(rows))
    return Export(path, len(rows))


def _flat(row: Row) -> dict[str, object]:
    return {
        **{name: getattr(row, name) for name in FLAT_COLUMNS},
        "details": json.dumps(dict(row.details), sort_keys=True),
        "environment": json.dumps(dict(row.environment), sort_keys=True),
    }


def _csv(rows: Rows) -> bytes:
    cells = [[*_flat(row).values(), " ".join(map(repr, row.samples.tolist()))] for row in rows]
    columns = [*FLAT_COLUMNS, "details", "environment", "samples"]
    return csv_text(columns, cells, line_end="\r\n").encode("utf-8")


def _parquet(rows: Rows) -> bytes:
    arrow = require("pyarrow", "pyarrow", "parquet", "export to Parquet")
    parquet = require("pyarrow.parquet", "pyarrow", "parquet", "export to Parquet")
    table = arrow.Table.from_pylist(
        [{**_flat(row), "samples": row.samples.astype(float).tolist()} for row in rows],
        schema=_schema(arrow),
    )
    buffer = io.BytesIO()
    parquet.write_table(table, buffer)
    return buffer.getvalue()


def _schema(arrow: object) -> object:
    """Column types; a column whose every cell is empty has no type of its own."""
    types = {"current": "bool_", "threads": "int64", "seed": "int64", "sample_count": "int64"}
    types |= dict.fromkeys(("value", "min", "p50", "p90", "p99", "max"), "float64")
    make = vars(arrow)
    names = [*FLAT_COLUMNS, "details", "environment"]
    columns = [(name, make[types.get(name, "string")]()) for name in names]
    return make["schema"]([*columns, ("samples", make["list_"](make["float64"]()))])
