"""One table of a whole study, as text, Markdown or HTML."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from mcomp._arguments import file_path
from mcomp.display import Cell, format_cell, html_table, text_table

from .overview import Status, status
from .rows import Rows, read_rows
from .writing import write_whole

_HEADERS = [
    "network",
    "recipe",
    "seed",
    "device",
    "threads",
    "file KiB",
    "ratio",
    "top-1 %",
    "top-5 %",
    "median ms",
    "p90 ms",
    "load ms",
    "peak KiB",
    "J/run",
    "remark",
]
_OPTIONAL = ("seed", "J/run", "remark")  # left out where no line has anything to say


@dataclass(frozen=True)
class Report:
    """The study's table.

    Attributes
    ----------
    status : Status
    headers : list of str
    lines : list of list
        One for each network, recipe, seed, device and number of threads. None: not measured.
    """

    status: Status
    headers: list[str] = field(repr=False)
    lines: list[list[Cell]] = field(repr=False)

    def _title(self) -> str:
        told = self.status
        text = f"{told.name}: {told.done} of {told.total} tasks done, {told.failed} failed"
        return "; ".join([text, *(f"measured on {machine}" for machine in told.machines)])

    def __str__(self) -> str:
        return f"{self._title()}\n\n{text_table(self.headers, self.lines)}"

    def markdown(self) -> str:
        """Write the table as Markdown."""
        lines = [self.headers, ["---"] * len(self.headers)]
        lines += [[format_cell(cell) for cell in line] for line in self.lines]
        table = "\n".join("| " + " | ".join(map(_escaped, line)) + " |" for line in lines)
        return f"# {self.status.name}\n\n{self.status.description}\n\n{table}\n\n{self._title()}\n"

    def html(self) -> str:
        """Write the table as an HTML page."""
        table = html_table(self._title(), self.headers, self.lines)
        return f'<!DOCTYPE html>\n<html lang="en"><meta charset="utf-8">\n{table}\n</html>\n'

    def _repr_html_(self) -> str:
        return html_table(self._title(), self.headers, self.lines)

    def write(self, path: str | Path) -> Path:
        """Write the table: HTML where the name ends in ``.html``, Markdown for ``.md``, else text.

        Raises
        ------
        mcomp.IoError
            The file cannot be written.
        """
        path = file_path("path", path)
        writers = {".html": self.html, ".md": self.markdown}
        text = writers.get(path.suffix, lambda: f"{self}\n")()
        write_whole(path, text.encode("utf-8"))
        return path


def report(store: str | Path) -> Report:
    """Make the table of a study from its store.

    Raises
    ------
    mcomp.IoError, mcomp.Corrupt, mcomp.VersionError
        The store cannot be read.
    """
    rows = read_rows(store, samples=False)
    executed = [row for row in rows if row.kind in ("memory", "speed")]
    lines = [
        _line(rows.where(model=model, recipe=recipe, seed=seed), device, threads)
        for model, recipe, seed, device, threads in dict.fromkeys(
            (row.model, row.recipe, row.seed, row.device, row.threads) for row in executed
        )
    ]
    kept = [
        index
        for index, header in enumerate(_HEADERS)
        if header not in _OPTIONAL or any(line[index] for line in lines)
    ]
    return Report(
        status=status(store),
        headers=[_HEADERS[index] for index in kept],
        lines=[[line[index] for index in kept] for line in lines],
    )


def _line(variant: Rows, device: str, threads: int) -> list[Cell]:
    here = Rows(
        row for row in variant if row.device in ("", device) and row.threads in (0, threads)
    )
    metrics = {row.metric: row for row in here}

    def cell(metric: str, divisor: float = 1.0, statistic: str = "value") -> float | None:
        row = metrics.get(metric)
        value = None if row is None else getattr(row, statistic)
        return None if value is None else value / divisor

    return [
        here[0].model,
        here[0].recipe,
        here[0].seed,
        device,
        threads,
        cell("file_nbytes", 1024),
        cell("ratio"),
        cell("top1"),
        cell("top5"),
        cell("latency_ns", 1e6),
        cell("latency_ns", 1e6, "p90"),
        cell("load_ns", 1e6),
        cell("peak_memory_nbytes", 1024),
        cell("joules_per_run"),
        "; ".join([*dict.fromkeys(row.reason for row in here if row.reason), *_spread(here)]),
    ]


def _spread(rows: Rows) -> list[str]:
    """Warn of times that spread, with the load of the machine where it was recorded."""
    found = []
    for row in rows.where(metric="latency_ns"):
        if row.is_spread and row.p90 and row.min:
            load = row.environment.get("load_average")
            told = f", load average {load}" if load else ""
            found.append(
                f"p90 is {row.p90 / row.min:.1f} times the fastest run{told}: busy machine?"
            )
    return found


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
