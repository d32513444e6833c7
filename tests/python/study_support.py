"""A small, fast study for the tests of mcomp.study."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

TINY = """\
name = "tiny"
description = "Two recipes on one device, as fast as can be."

[grid]
models = ["lenet5"]
devices = ["cpu"]
threads = [1]

[grid.recipes]
"as it is" = "store.dense"
half = "store.float dtype=float16"

[data]
accuracy = "mnist5k"
limit = 40

[measure]
min_runs = 6
min_seconds = 0.0
rounds = 3
memory_runs = 1
"""

#: file, accuracy, memory, speed for each of the two recipes.
TINY_TASKS = 8


def write_study(folder: Path, text: str = TINY) -> Path:
    """Write a study.toml into a folder."""
    path = folder / "study.toml"
    path.write_text(text, encoding="utf-8")
    return path


def python_process(code: str, *arguments: object) -> subprocess.Popen[str]:
    """Start an interpreter that finds the same packages as this one."""
    folders = [folder for folder in sys.path if folder]
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(folders)},
        stdin=subprocess.PIPE,  # open for as long as the process is wanted
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def table_rows(store: Path, statement: str) -> list[tuple[object, ...]]:
    """Read a store behind the package's back."""
    connection = sqlite3.connect(store)
    try:
        return sorted(connection.execute(statement).fetchall())
    finally:
        connection.close()


def everything_that_counts(store: Path) -> dict[str, list[tuple[object, ...]]]:
    """Read what two runs of one study must agree on: all rows, and all values but times."""
    return {
        "tasks": table_rows(store, "SELECT key, position, kind, recipe, device FROM task"),
        "runs": table_rows(store, "SELECT key, status, reason, attempts FROM run"),
        "metrics": table_rows(store, "SELECT key, name, unit, sample_count FROM metric"),
        "values": table_rows(
            store,
            "SELECT key, name, value FROM metric WHERE name IN "
            "('file_nbytes', 'ratio', 'float_nbytes', 'stored_nbytes', 'top1', 'top5', "
            "'weights_nbytes', 'activations_nbytes')",
        ),
        "samples": table_rows(store, "SELECT key, metric, round, length(data) FROM sample"),
        "integrity": table_rows(store, "PRAGMA integrity_check"),
    }
