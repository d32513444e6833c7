"""The measurements of a store as flat rows: figures, tables, claims, exports are made of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .store import Store
from .tasks import METRICS, OPTIONAL_METRICS

#: 90th percentile over fastest run, above which times are those of a machine busy with other work.
SPREAD_LIMIT = 1.5


@dataclass(frozen=True)
class Row:
    """One metric of one task.

    Attributes
    ----------
    study : str
    key : str
        Of the task.
    current : bool
        Whether the study, as it was last asked for, has this task.
    kind : str
        ``file``, ``accuracy``, ``memory``, ``speed``.
    model, recipe, recipe_text, device : str
        Labels, the recipe's canonical text, and the devices asked for ('' for ``file``).
    threads, seed : int
        Threads are 0 where the metric does not depend on them.
    metric, unit : str
    status : str
        ``done``, ``failed`` or ``missing`` (not tried yet).
    reason : str
        Of a failure.
    value : float or None
        None unless done. The median of times and memory, percent of accuracy.
    sample_count : int
    min, p50, p90, p99, max : float or None
        Over the samples; percentiles by nearest rank.
    finished_at : str
        UTC, ISO 8601.
    isa : str
        Instruction set that ran; '' where nothing was executed.
    details, environment : dict
        What ran, and where.
    samples : ndarray
        Raw, in the order of measuring.
    """

    study: str
    key: str
    current: bool
    kind: str
    model: str
    recipe: str
    recipe_text: str
    device: str
    threads: int
    seed: int
    metric: str
    unit: str
    status: str
    reason: str
    value: float | None
    sample_count: int
    min: float | None
    p50: float | None
    p90: float | None
    p99: float | None
    max: float | None
    finished_at: str
    isa: str
    details: Mapping[str, object] = field(repr=False)
    environment: Mapping[str, str] = field(repr=False)
    samples: NDArray[np.generic] = field(repr=False, compare=False)

    @property
    def is_spread(self) -> bool:
        """Whether its samples spread so far that other work of the machine may be in them."""
        return self.min is not None and self.p90 is not None and self.p90 > SPREAD_LIMIT * self.min


class Rows(tuple[Row, ...]):
    """Rows in the order of the grid, with the few questions that figures ask."""

    def where(self, **wanted: object) -> Rows:
        """Keep the rows whose columns have these values.

        Examples
        --------
        ``rows.where(metric="top1", device="cpu")``
        """
        return Rows(
            row for row in self if all(getattr(row, name) == wanted[name] for name in wanted)
        )

    def distinct(self, column: str) -> list[Any]:
        """Values of a column, each once, in the order of their first row."""
        return list(dict.fromkeys(getattr(row, column) for row in self))

    def values(self) -> NDArray[np.float64]:
        """Values of the rows that are done; [n], n may be 0."""
        return np.array([row.value for row in self if row.value is not None], np.float64)

    def __repr__(self) -> str:
        return f"<Rows: {len(self)} of {', '.join(self.distinct('metric')) or 'nothing'}>"

    def _repr_html_(self) -> str:
        from mcomp.display import html_table

        names = ("model", "recipe", "device", "threads", "metric", "unit", "value", "status")
        return html_table(
            f"{len(self)} rows", names, [[getattr(row, name) for name in names] for row in self]
        )


#: Columns of a row that a flat table has; `details`, `environment` and `samples` are beside them.
FLAT_COLUMNS = tuple(
    entry.name for entry in fields(Row) if entry.name not in ("details", "environment", "samples")
)

_TASKS = """
    SELECT task.*, run.status, run.reason, run.finished_at, run.details, environment.text AS place
    FROM task LEFT JOIN run USING (key) LEFT JOIN environment ON environment.id = run.environment
    ORDER BY task.position IS NULL, task.position, task.rowid
"""


def read_rows(store: str | Path, *, every: bool = False, samples: bool = True) -> Rows:
    """Read the measurements of a store.

    Parameters
    ----------
    store : str or Path
    every : bool
        Also what an earlier form of the study asked for.
    samples : bool
        Read the raw samples too; else each row has an empty array.

    Returns
    -------
    Rows
        One for every task and metric; those not measured have status ``missing`` or ``failed`` and
        no value. A metric that a machine has no source for, like energy, has no row.

    Raises
    ------
    mcomp.IoError, mcomp.Corrupt, mcomp.VersionError
        The store cannot be read.
    """
    with Store(store) as opened:
        return Rows(_read(opened, every, samples))


def _read(store: Store, every: bool, samples: bool) -> Iterable[Row]:
    name = "".join(row["name"] for row in store.query("SELECT name FROM study"))
    metrics: dict[str, dict[str, Any]] = {}
    for found in store.query("SELECT * FROM metric"):
        metrics.setdefault(found["key"], {})[found["name"]] = found
    for task in store.query(_TASKS):
        if task["position"] is None and not every:
            continue
        raw = store.samples(task["key"]) if samples else {}
        yield from _rows_of_task(name, task, metrics.get(task["key"], {}), raw)


def _rows_of_task(
    study: str, task: Any, metrics: Mapping[str, Any], raw: Mapping[str, Any]
) -> Iterator[Row]:
    status = task["status"] or "missing"
    details = json.loads(task["details"] or "{}")
    for metric, unit in METRICS[task["kind"]].items():
        found = metrics.get(metric)
        if found is None and metric in OPTIONAL_METRICS:
            continue
        yield Row(
            study=study,
            key=task["key"],
            current=task["position"] is not None,
            kind=task["kind"],
            model=task["model"],
            recipe=task["recipe"],
            recipe_text=task["recipe_text"],
            device=task["device"],
            threads=task["threads"],
            seed=task["seed"],
            metric=metric,
            unit=unit,
            status="missing" if status == "done" and found is None else status,
            reason=task["reason"] or "",
            value=found["value"] if found else None,
            sample_count=found["sample_count"] if found else 0,
            min=found["min"] if found else None,
            p50=found["p50"] if found else None,
            p90=found["p90"] if found else None,
            p99=found["p99"] if found else None,
            max=found["max"] if found else None,
            finished_at=task["finished_at"] or "",
            isa=str(details.get("isa", "")),
            details=details,
            environment=json.loads(task["place"] or "{}"),
            samples=np.concatenate(raw[metric]) if found and metric in raw else np.empty(0),
        )
