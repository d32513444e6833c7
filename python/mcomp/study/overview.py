"""How far a study is."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from mcomp.display import html_table, text_table

from .rows import Rows, read_rows
from .store import Store


@dataclass(frozen=True)
class Status:
    """How far a study is.

    Attributes
    ----------
    store : Path
    name, description : str
    path : Path
        Of study.toml when it was last run.
    total, done, failed, missing : int
        Tasks of the grid; the last three sum to the first.
    earlier : int
        Tasks that are stored but that the grid no longer has.
    machines : tuple of str
        Processors that measured, each with the instruction set used.
    by_kind : dict
        Kind to (done, failed, missing).
    failures : tuple of str
        ``task: reason``, one line each.
    """

    store: Path
    name: str
    description: str
    path: Path
    total: int
    done: int
    failed: int
    missing: int
    earlier: int
    machines: tuple[str, ...]
    by_kind: dict[str, tuple[int, int, int]] = field(repr=False)
    failures: tuple[str, ...] = field(repr=False)

    def _table(self) -> tuple[list[str], list[list[str | int]]]:
        return ["kind", "done", "failed", "missing"], [
            [kind, *counts] for kind, counts in self.by_kind.items()
        ]

    def __str__(self) -> str:
        head = f"{self.name}: {self.done} of {self.total} tasks done, {self.failed} failed"
        machines = [f"measured on {machine}" for machine in self.machines]
        return "\n".join([head, text_table(*self._table()), *machines, *self.failures])

    def _repr_html_(self) -> str:
        return html_table(f"{self.name}: {self.description}", *self._table())


def status(store: str | Path) -> Status:
    """Tell how far a study is.

    Raises
    ------
    mcomp.IoError, mcomp.Corrupt, mcomp.VersionError
        The store cannot be read.
    """
    with Store(store) as opened:
        study = opened.query("SELECT name, description, path FROM study")
        earlier = opened.query("SELECT count(*) AS n FROM task WHERE position IS NULL")[0]["n"]
        path = opened.path
    rows = read_rows(store, samples=False)
    statuses = {row.key: row.status for row in rows}
    counted = list(statuses.values())
    return Status(
        store=path,
        name=study[0]["name"] if study else "",
        description=study[0]["description"] if study else "",
        path=Path(study[0]["path"] if study else ""),
        total=len(counted),
        done=counted.count("done"),
        failed=counted.count("failed"),
        missing=counted.count("missing"),
        earlier=int(earlier),
        machines=_machines(rows),
        by_kind={kind: _counts(rows.where(kind=kind)) for kind in rows.distinct("kind")},
        failures=tuple(
            dict.fromkeys(f"{describe(row)}: {row.reason}" for row in rows if row.reason)
        ),
    )


def describe(row: object) -> str:
    """Name the task of a row in one line."""
    names = ("kind", "model", "recipe", "device", "threads", "seed")
    values = {name: getattr(row, name) for name in names}
    words = [values["kind"], values["model"], values["recipe"]]
    words += [f"on {values['device']}"] if values["device"] else []
    words += [f"{values['threads']} threads"] if values["threads"] else []
    words += [f"seed {values['seed']}"] if values["seed"] else []
    return " ".join(words)


def _counts(rows: Rows) -> tuple[int, int, int]:
    counted = list({row.key: row.status for row in rows}.values())
    return counted.count("done"), counted.count("failed"), counted.count("missing")


def _machines(rows: Rows) -> tuple[str, ...]:
    found = {
        f"{row.environment.get('cpu', 'an unknown processor')}, {row.isa}": None
        for row in rows
        if row.isa
    }
    return tuple(found)
