"""A network layer by layer: shapes, parameters, arithmetic and the bytes that it moves."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

from ._csv_text import csv_text
from .display import Cell, format_shape, html_table, text_table

if TYPE_CHECKING:
    from .model import Model

_COLUMNS = (
    "node",
    "op",
    "fused",
    "output",
    "parameters",
    "macs",
    "encoding",
    "weights_nbytes",
    "moved_nbytes",
    "macs_per_byte",
)


@dataclass(frozen=True)
class LayerInfo:
    """What one node is and costs, for one image.

    Attributes
    ----------
    name, op : str
    shape : tuple
        Of the output, None for the batch.
    parameters : int
        Elements of its weights and biases, and of BatchNorm's scale and shift; of a constant that
        several nodes read, at the first of them. One behind a DequantizeLinear counts at the node
        that computes with it. Over an unsimplified network they sum to
        :attr:`mcomp.Model.parameters`. That stays the source's count when a network is simplified,
        while these are of the constants that are left: a folded BatchNorm's scales and shifts are
        gone, and a Conv that had no bias has one.
    macs : int
        Multiply-accumulates of Conv, Gemm and MatMul.
    encoding : str
        Of its first constant, "" where it has none.
    weights_nbytes : int
        Of its constants as they are stored.
    activations_nbytes : int
        Of its activations read and the output written, in their own types.
    fused : tuple of str
        What is fused into it (see :attr:`mcomp.NodeInfo.fused`).
    """

    name: str
    op: str
    shape: tuple[int | None, ...]
    parameters: int
    macs: int
    encoding: str
    weights_nbytes: int
    activations_nbytes: int
    fused: tuple[str, ...] = ()

    @property
    def moved_nbytes(self) -> int:
        """Least traffic: every constant and activation read once, the output written once."""
        return self.weights_nbytes + self.activations_nbytes

    @property
    def macs_per_byte(self) -> float:
        """Arithmetic intensity: multiply-accumulates a byte of :attr:`moved_nbytes`."""
        return self.macs / self.moved_nbytes if self.moved_nbytes else 0.0


class LayerTable(Sequence[LayerInfo]):
    """The layers of a network in an order in which they can run.

    Examples
    --------
    >>> import mcomp
    >>> table = mcomp.models.create("lenet5").layers()
    >>> table[0].name, table[0].macs
    ('conv1', 288000)
    """

    def __init__(self, title: str, layers: Sequence[LayerInfo]) -> None:
        self._title = title
        self._layers = tuple(layers)

    @overload
    def __getitem__(self, index: int) -> LayerInfo: ...
    @overload
    def __getitem__(self, index: slice) -> LayerTable: ...
    def __getitem__(self, index: int | slice) -> LayerInfo | LayerTable:
        if isinstance(index, slice):
            return LayerTable(self._title, self._layers[index])
        return self._layers[index]

    def __len__(self) -> int:
        return len(self._layers)

    def __iter__(self) -> Iterator[LayerInfo]:
        return iter(self._layers)

    def to_dicts(self) -> list[dict[str, object]]:
        """List the layers as dictionaries that JSON can hold."""
        return [
            {
                "name": layer.name,
                "op": layer.op,
                "fused": list(layer.fused),
                "shape": list(layer.shape),
                "parameters": layer.parameters,
                "macs": layer.macs,
                "encoding": layer.encoding,
                "weights_nbytes": layer.weights_nbytes,
                "activations_nbytes": layer.activations_nbytes,
                "moved_nbytes": layer.moved_nbytes,
                "macs_per_byte": layer.macs_per_byte,
            }
            for layer in self
        ]

    def to_csv(self) -> str:
        """Write the table as CSV text, one layer a line; shapes as ``N x 64 x 56 x 56``.

        Spreadsheets run a cell that looks like a formula. A name that begins with ``=``, ``+``,
        ``-``, ``@``, a tabulator or a line break therefore has an apostrophe in front, as has one
        that begins with an apostrophe.
        """
        return csv_text(_COLUMNS, self._rows())

    def _rows(self) -> list[list[Cell]]:
        return [
            [
                layer.name,
                layer.op,
                ", ".join(layer.fused),
                format_shape(layer.shape),
                layer.parameters,
                layer.macs,
                layer.encoding,
                layer.weights_nbytes,
                layer.moved_nbytes,
                layer.macs_per_byte,
            ]
            for layer in self
        ]

    def __str__(self) -> str:
        return text_table(_COLUMNS, self._rows())

    def __repr__(self) -> str:
        return f"<mcomp.LayerTable {self._title}, {len(self)} layers>"

    def _repr_html_(self) -> str:
        return html_table(self._title, _COLUMNS, self._rows())


def read_layer_table(model: Model, title: str) -> LayerTable:
    """Make the table of a network (see :meth:`mcomp.Model.layers`)."""
    constants = model.constants
    nbytes = {
        value.name: math.prod(extent or 1 for extent in value.shape)
        * (4 if value.dtype == "float32" else 1)
        for value in model.values
        if not value.constant
    }
    parameters = _count_parameters(model)
    layers = []
    for node in model.nodes:
        held = [constants[name] for name in node.inputs if name is not None and name in constants]
        read = {name for name in node.inputs if name in nbytes}
        layers.append(
            LayerInfo(
                name=node.name,
                op=node.op,
                shape=node.shape,
                parameters=parameters[node.output],
                macs=node.macs,
                encoding=held[0].encoding if held else "",
                weights_nbytes=sum(item.stored_nbytes for item in held),
                activations_nbytes=nbytes[node.output] + sum(nbytes[str(name)] for name in read),
                fused=node.fused,
            )
        )
    return LayerTable(title, layers)


def _count_parameters(model: Model) -> dict[str, int]:
    """Count each node's parameters, by its output, as :attr:`mcomp.Model.parameters` counts."""
    values = {value.name: value for value in model.values}
    # What a value is made of in the end: a weight behind a DequantizeLinear is its constant.
    root = {name: name for name in values}
    counted: set[str] = set()
    found = {}
    for node in model.nodes:
        shape = values[str(node.inputs[1])].shape if len(node.inputs) > 1 else ()
        holds = node.op in ("Conv", "Gemm", "BatchNormalization") or (
            node.op == "MatMul" and len(shape) == 2 and shape[0] is not None
        )
        held = {root[name] for name in node.inputs[1:3] if name is not None} if holds else set()
        held = {name for name in held - counted if values[name].constant}
        counted |= held
        found[node.output] = sum(
            math.prod(extent or 1 for extent in values[name].shape) for name in held
        )
        if node.inputs[0] is not None:
            root[node.output] = root[node.inputs[0]]
    return found
