"""What a store must hold to be believed: checked whole when it is opened.

A store that something damaged is refused with the name of the row, before anything is read from it
or written to it.
"""

from __future__ import annotations

import functools
import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import mcomp

from .schema import TABLES
from .tasks import METRICS

#: Columns that hold one of a few words.
_WORDS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("task", "kind"): tuple(METRICS),
    ("run", "status"): ("done", "failed"),
    ("sample", "dtype"): ("<i8", "<f8", "|u1"),
}

#: Columns that hold a JSON object, and whether its values are all texts.
_OBJECTS: Mapping[tuple[str, str], bool] = {
    ("task", "parameters"): False,
    ("run", "details"): False,
    ("environment", "text"): True,
}

_TYPES = {"TEXT": bytes, "INTEGER": int, "REAL": float, "BLOB": bytes}


@dataclass(frozen=True)
class _Column:
    name: str
    type: str
    required: bool
    in_key: bool

    @property
    def selected(self) -> str:
        """What is read to check it: of raw samples only how many bytes there are."""
        if self.type == "BLOB":
            return f"iif(typeof({self.name}) = 'blob', length({self.name}), -1)"
        return self.name


_COLUMNS = """
    SELECT m.name, c.name, c.type, c."notnull" OR c.pk > 0, c.pk > 0
    FROM sqlite_master AS m, pragma_table_info(m.name) AS c
    WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY m.name, c.cid
"""


def check_tables(connection: sqlite3.Connection, path: Path) -> None:
    """Check that all tables are there, with the columns that they were made with.

    Raises
    ------
    mcomp.Corrupt
        Names the table.
    """
    found = _columns(connection)
    for table, columns in _expected().items():
        if table not in found:
            raise mcomp.Corrupt(f"{path}: is no whole store: there is no table {table}")
        if found[table] != columns:
            names = ", ".join(column.name for column in columns)
            raise mcomp.Corrupt(f"{path}: table {table} has other columns than {names}")


def check_content(connection: sqlite3.Connection, path: Path) -> None:
    """Check every row: types, texts, JSON, what refers to what; then SQLite's own structures.

    Raises
    ------
    mcomp.Corrupt
        Names the row.
    """
    text_factory = connection.text_factory
    connection.text_factory = bytes  # so that a text which is none can be told with its row
    try:
        for table, columns in _expected().items():
            selected = ", ".join(column.selected for column in columns)
            for values in connection.execute(f"SELECT {selected} FROM {table}"):
                _check_row(path, table, columns, values)
    finally:
        connection.text_factory = text_factory
    for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        raise mcomp.Corrupt(f"{path}: table {table}, row {row}: what it names in {parent} is gone")
    verdict = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if verdict != "ok":
        reason = verdict.splitlines()[-1]  # the first line may be a heading
        raise mcomp.Corrupt(f"{path}: is no intact SQLite file: {reason}")


def _check_row(
    path: Path, table: str, columns: tuple[_Column, ...], values: tuple[object, ...]
) -> None:
    texts: dict[str, str] = {}
    for column, value in zip(columns, values, strict=True):
        try:
            if column.type == "BLOB":
                _check_samples(value, texts["dtype"])
            elif value is None and not column.required:
                continue
            elif type(value) is not _TYPES[column.type]:
                raise ValueError(f"is no {column.type}")
            elif isinstance(value, bytes):
                texts[column.name] = value.decode("utf-8")
                _check_text(table, column.name, texts[column.name])
        except ValueError as reason:
            key = ", ".join(
                f"{entry.name} {_shown(given)}"
                for entry, given in zip(columns, values, strict=True)
                if entry.in_key
            )
            raise mcomp.Corrupt(
                f"{path}: table {table}, row with {key}: {column.name} {reason}"
            ) from None


def _check_text(table: str, column: str, text: str) -> None:
    words = _WORDS.get((table, column))
    if words and text not in words:
        raise ValueError(f"{text[:40]!r} is none of {', '.join(words)}")
    if (table, column) in _OBJECTS:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise ValueError(f"{text[:40]!r} is no JSON object")
        if _OBJECTS[table, column] and not all(isinstance(item, str) for item in value.values()):
            raise ValueError(f"{text[:40]!r} is no JSON object of texts")


def _check_samples(nbytes: object, dtype: str) -> None:
    size = np.dtype(dtype).itemsize
    if not isinstance(nbytes, int) or nbytes <= 0 or nbytes % size:
        raise ValueError(f"has {nbytes} bytes, which are no samples of {size} bytes")


def _shown(value: object) -> str:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)


def _columns(connection: sqlite3.Connection) -> dict[str, tuple[_Column, ...]]:
    found: dict[str, tuple[_Column, ...]] = {}
    for table, name, kind, required, in_key in connection.execute(_COLUMNS):
        column = _Column(name, kind, bool(required), bool(in_key))
        found[table] = (*found.get(table, ()), column)
    return found


@functools.cache
def _expected() -> dict[str, tuple[_Column, ...]]:
    """Columns of the tables as this library makes them."""
    connection = sqlite3.connect(":memory:")
    try:
        for statement in TABLES:
            connection.execute(statement)
        return _columns(connection)
    finally:
        connection.close()
