"""The report: what became of each tensor, byte by byte."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, overload

from ._arrays import py_shape
from ._errors import check
from ._handles import new_info, py_text
from ._native import lib
from .display import Cell, format_nbytes, format_shape, html_table, text_table

if TYPE_CHECKING:
    from ._native import CData


@dataclass(frozen=True)
class TensorReport:
    """What became of one constant.

    Attributes
    ----------
    name : str
    shape : tuple of int
        Extents, output channels first where it is a weight.
    encoding : str
        Numeric, occupancy and storage: ``float32/dense/raw``, ``codebook5/sparse/huffman-gaps8``.
    values : int
        Elements.
    nonzero : int
        Elements that decode to something other than 0.
    stored_nbytes : int
        Bytes of all parts.
    entropy_bound_nbytes : int
        Order-0 entropy of the symbols, zeros coded one by one, in bytes, plus codebook, scales and
        zero points; raw bytes for floats. No code of single symbols takes less; codes of the gaps
        between non-zeros, and N:M, can.
    sqnr_db : float
        ``10 log10(signal / error)`` against the source; infinity: unchanged.
    """

    name: str
    shape: tuple[int, ...]
    encoding: str
    values: int
    nonzero: int
    stored_nbytes: int
    entropy_bound_nbytes: int
    sqnr_db: float


class Report(Sequence[TensorReport]):
    """One entry for each constant, in the network's order.

    Every byte of every tensor is in it: the entries' ``stored_nbytes`` sum to that of the network.
    ``entropy_bound_nbytes`` is a yardstick, not a limit (see :class:`TensorReport`).
    """

    def __init__(self, entries: Sequence[TensorReport]) -> None:
        self._entries = tuple(entries)

    @overload
    def __getitem__(self, index: int) -> TensorReport: ...

    @overload
    def __getitem__(self, index: slice) -> Report: ...

    def __getitem__(self, index: int | slice) -> TensorReport | Report:
        if isinstance(index, slice):
            return Report(self._entries[index])
        return self._entries[index]

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def stored_nbytes(self) -> int:
        """Sum over all tensors."""
        return sum(entry.stored_nbytes for entry in self)

    def to_dicts(self) -> list[dict[str, Any]]:
        """Give plain dictionaries, shapes as lists."""
        return [{**asdict(entry), "shape": list(entry.shape)} for entry in self]

    def _table(self) -> tuple[list[str], list[list[Cell]]]:
        return report_table(self.to_dicts())

    def _caption(self) -> str:
        return f"{len(self)} tensors, {format_nbytes(self.stored_nbytes)}"

    def __repr__(self) -> str:
        return f"<mcomp.Report: {self._caption()}>"

    def __str__(self) -> str:
        return f"{self._caption()}\n{text_table(*self._table())}"

    def _repr_html_(self) -> str:
        return html_table(self._caption(), *self._table())


def report_table(entries: Iterable[Mapping[str, Any]]) -> tuple[list[str], list[list[Cell]]]:
    """Make headers and rows of what :meth:`Report.to_dicts` gives."""
    headers = [field.name for field in fields(TensorReport)]
    return headers, [
        [
            format_shape(entry["shape"])
            if name == "shape"
            else _sqnr_text(entry[name])
            if name == "sqnr_db"
            else entry[name]
            for name in headers
        ]
        for entry in entries
    ]


def _sqnr_text(decibels: float) -> str:
    """Write a signal-to-error ratio; as wide as the word for an infinite one."""
    return "unchanged" if math.isinf(decibels) and decibels > 0 else f"{decibels:9.4g}"


def read_report(graph: CData) -> Report:
    """Read the report of a verified graph."""
    info = new_info("mcomp_tensor_report")
    found: list[TensorReport] = []
    while check(lib.mcomp_graph_get_report(graph, len(found), info)) == lib.MCOMP_OK:
        found.append(
            TensorReport(
                name=py_text(info.name),
                shape=py_shape(info),
                encoding=py_text(info.encoding),
                values=int(info.values),
                nonzero=int(info.nonzero),
                stored_nbytes=int(info.stored_nbytes),
                entropy_bound_nbytes=int(info.entropy_bound_nbytes),
                sqnr_db=float(info.sqnr_db),
            )
        )
    return Report(found)
