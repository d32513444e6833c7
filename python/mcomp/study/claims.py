"""Claims against measurements: reproduced, not reproduced, or not tried."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import mcomp
from mcomp._arguments import file_path
from mcomp.display import html_table, text_table

from .rows import Rows, read_rows
from .store import Store

REPRODUCED = "reproduced"
NOT_REPRODUCED = "not reproduced"
NOT_TRIED = "not tried"

_COLUMNS = (
    "claim", "metric", "model", "recipe", "device", "threads", "against", "relation", "expected",
    "tolerance", "source",
)  # fmt: skip
#: Of the table of claims, in a terminal too.
COLUMNS = ("claim", "relation", "expected", "tolerance", "measured", "unit", "verdict")

_RELATIONS = ("=", ">=", "<=")


@dataclass(frozen=True)
class Claim:
    """A claim and what was measured.

    Attributes
    ----------
    claim : str
        In words.
    expected : float
    relation : str
        ``=``, ``>=`` or ``<=``: how the measured figure should stand to the expected one.
    tolerance : float
        How far it may miss, in the metric's unit.
    measured : float or None
        Median over seeds; None where nothing was measured.
    unit : str
        ``x`` of a ratio, ``points`` of a difference of percentages.
    verdict : str
        ``reproduced``, ``not reproduced`` or ``not tried``.
    source : str
        Who claims it, and where.
    because : str
        One line with the numbers.
    """

    claim: str
    expected: float
    relation: str
    tolerance: float
    measured: float | None
    unit: str
    verdict: str
    source: str
    because: str


@dataclass(frozen=True)
class Check:
    """All claims of a study."""

    claims: tuple[Claim, ...]

    def count(self, verdict: str) -> int:
        """Count the claims with a verdict."""
        return sum(claim.verdict == verdict for claim in self.claims)

    def _table(self) -> tuple[list[str], list[list[str | int | float | None]]]:
        return [*COLUMNS, "source"], [
            [
                claim.claim,
                claim.relation,
                claim.expected,
                claim.tolerance,
                claim.measured,
                claim.unit,
                claim.verdict,
                claim.source,
            ]
            for claim in self.claims
        ]

    def _counts(self) -> str:
        kinds = (REPRODUCED, NOT_REPRODUCED, NOT_TRIED)
        return ", ".join(f"{self.count(kind)} {kind}" for kind in kinds)

    def __str__(self) -> str:
        return f"{text_table(*self._table())}\n{self._counts()}"

    def __repr__(self) -> str:
        return f"<Check: {self._counts()}>"

    def _repr_html_(self) -> str:
        return html_table(self._counts(), *self._table())


def check(store: str | Path, expected: str | Path | None = None) -> Check:
    """Compare claims with what a study measured.

    Parameters
    ----------
    store : str or Path
    expected : str or Path, optional
        A CSV file with the columns ``claim, metric, model, recipe, device, threads, against,
        relation, expected, tolerance, source``. Where ``against`` names another recipe, the claim
        is about the difference to it. Empty cells select nothing. None: ``expected.csv`` beside
        the study.toml that the store was made from.

    Raises
    ------
    mcomp.NotFound
        There is no such file.
    mcomp.Corrupt
        A column is missing, or a cell cannot be understood; names file and line.
    """
    with Store(store) as opened:
        folder = Path("".join(row["path"] for row in opened.query("SELECT path FROM study"))).parent
    path = folder / "expected.csv" if expected is None else file_path("expected", expected)
    rows = read_rows(store, samples=False)
    return Check(tuple(_judge(entry, rows, where) for where, entry in _read(path)))


def _read(path: Path) -> list[tuple[str, dict[str, str]]]:
    """Each line with its place."""
    if not path.is_file():
        raise mcomp.NotFound(f"{path}: no such file of claims")
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            reader = csv.DictReader(stream, strict=True)
            missing = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise mcomp.Corrupt(f"{path}: no column {', '.join(missing)}")
            return [
                (f"{path} line {reader.line_num}", {name: entry[name] or "" for name in _COLUMNS})
                for entry in reader
            ]
    except (csv.Error, UnicodeDecodeError) as error:
        raise mcomp.Corrupt(f"{path}: no table of comma-separated values: {error}") from None
    except OSError as error:
        if isinstance(error, mcomp.IoError):
            raise
        raise mcomp.IoError(f"{path}: {error.strerror}") from None


def _judge(entry: Mapping[str, str], rows: Rows, where: str) -> Claim:
    expected = _number(entry, "expected", where)
    tolerance = _number(entry, "tolerance", where) if entry["tolerance"] else 0.0
    relation = entry["relation"] or "="
    if relation not in _RELATIONS:
        raise mcomp.Corrupt(f"{where}: relation '{relation}' is none of {' '.join(_RELATIONS)}")
    wanted: dict[str, object] = {
        name: entry[name] for name in ("metric", "model", "device") if entry[name]
    }
    if entry["threads"]:
        wanted["threads"] = int(_number(entry, "threads", where))
    found = rows.where(**wanted)
    measured, because = _measured(found, entry["recipe"], entry["against"])
    unit = _unit_of(entry, "".join(found.distinct("unit")[:1]))
    if measured is None:
        verdict = NOT_TRIED
    elif _holds(measured, relation, expected, tolerance):
        verdict = REPRODUCED
    else:
        verdict = NOT_REPRODUCED
    if measured is not None:
        because += f"; expected {relation} {expected:g} within {tolerance:g} {unit}"
    return Claim(
        claim=entry["claim"],
        expected=expected,
        relation=relation,
        tolerance=tolerance,
        measured=measured,
        unit=unit,
        verdict=verdict,
        source=entry["source"],
        because=because,
    )


def _unit_of(entry: Mapping[str, str], unit: str) -> str:
    """Name the unit of a claim's figures for readers."""
    if unit == "percent" and entry["against"]:
        return "points"
    return "x" if entry["metric"] == "ratio" else unit


def _measured(rows: Rows, recipe: str, against: str) -> tuple[float | None, str]:
    """Median over what is left of the rows, or its difference to another recipe's; and why."""
    figures = []
    for label in (recipe, against) if against else (recipe,):
        chosen = rows.where(recipe=label)
        values = chosen.values()
        if not len(values):
            reasons = "; ".join(reason for reason in chosen.distinct("reason") if reason)
            return None, f"recipe '{label}': {reasons or 'nothing was measured'}"
        ordered = sorted(values.tolist())
        figures.append(ordered[(len(ordered) - 1) // 2])
    if against:
        difference = figures[0] - figures[1]
        return difference, f"{recipe} {figures[0]:g} - {against} {figures[1]:g} = {difference:g}"
    return figures[0], f"measured {figures[0]:g}"


def _holds(measured: float, relation: str, expected: float, tolerance: float) -> bool:
    if relation == ">=":
        return measured >= expected - tolerance
    if relation == "<=":
        return measured <= expected + tolerance
    return abs(measured - expected) <= tolerance


def _number(entry: Mapping[str, str], column: str, where: str) -> float:
    try:
        value = float(entry[column])
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise mcomp.Corrupt(f"{where}: {column} '{entry[column]}' is no number")
    return value
