"""What a network consists of: values, nodes and constants."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ._arrays import (
    DTYPE_NAMES,
    AnyArray,
    encoding_text,
    py_shape,
    retained,
    tensor_info,
    tensor_part,
    tensor_symbols,
    tensor_values,
)
from ._errors import NotFound, check
from ._handles import new_info, py_text
from ._native import ffi, lib
from .display import printable

if TYPE_CHECKING:
    from ._native import CData

Attribute = int | float | str | list[int] | list[float]

# Items of a list that a node's repr shows.
_SHOWN_ITEMS = 4


@dataclass(frozen=True)
class ValueInfo:
    """A value of a network.

    Attributes
    ----------
    name : str
    shape : tuple
        Extents, None for the batch.
    dtype : str
        ``float32``; ``uint8`` or ``int8`` for a quantised activation.
    scale : float
        Quantised activation: ``real = scale * (q - zero_point)``; else 0.
    zero_point : int
    constant : bool
        Whether :attr:`mcomp.Model.constants` has it.
    producer : int or None
        Index of the node that makes it; None for inputs and constants.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str
    scale: float
    zero_point: int
    constant: bool
    producer: int | None


@dataclass(frozen=True)
class NodeInfo:
    """A node of a network.

    Attributes
    ----------
    name, op : str
    inputs : tuple of str or None
        Names of values, None where an optional one is left out.
    output : str
    shape : tuple
        Of the output, None for the batch.
    macs : int
        Multiply-accumulates for one image.
    attributes : dict
        By name: an integer, a real, text, or a list where there are several.
    """

    name: str
    op: str
    inputs: tuple[str | None, ...]
    output: str
    shape: tuple[int | None, ...]
    macs: int
    attributes: dict[str, Attribute]

    @property
    def fused(self) -> tuple[str, ...]:
        """What simplifying fused into it: of ``residual``, ``Relu`` and ``Clip``, in that order."""
        found = []
        if self.op == "Conv" and len(self.inputs) > 3 and self.inputs[3] is not None:
            found.append("residual")
        if "activation_low" in self.attributes or "activation_high" in self.attributes:
            low = self.attributes.get("activation_low", -math.inf)
            high = self.attributes.get("activation_high", math.inf)
            found.append("Relu" if (low, high) == (0, math.inf) else "Clip")
        return tuple(found)

    def __repr__(self) -> str:
        attributes = ", ".join(f"{key!r}: {_cut(item)}" for key, item in self.attributes.items())
        return (
            f"NodeInfo(name={self.name!r}, op={self.op!r}, inputs={self.inputs!r}, "
            f"output={self.output!r}, shape={self.shape!r}, macs={self.macs!r}, "
            f"attributes={{{attributes}}})"
        )


def _cut(value: Attribute) -> str:
    """Write an attribute; of a long list its beginning and its length."""
    if not isinstance(value, list) or len(value) <= 2 * _SHOWN_ITEMS:
        return repr(value)
    return f"[{', '.join(map(repr, value[:_SHOWN_ITEMS]))}, ... {len(value):,} in all]"


class Constant:
    """A constant of a network: a tensor in its encoding.

    Attributes
    ----------
    name : str
    shape : tuple of int
    dtype : str
        ``float32`` for every encoded tensor, whatever its numbers are stored as.
    encoding : str
        Such as ``codebook5/sparse/huffman-gaps5``; ``int32`` for a plain integer tensor.
    stored_nbytes : int
        Bytes of all stored parts.
    handle
        The library's tensor, for :meth:`mcomp.GraphBuilder.add_tensor`.
    """

    def __init__(self, name: str, handle: CData) -> None:
        info = tensor_info(handle)
        self.name = name
        self.handle = handle
        self.shape: tuple[int, ...] = py_shape(info)
        self.dtype: str = DTYPE_NAMES[info.dtype]
        self.encoded = bool(info.encoded)
        self.encoding: str = encoding_text(handle)
        self.stored_nbytes = int(info.stored_nbytes)

    def values(self) -> AnyArray:
        """Give the values as float32, or the integers of a plain integer tensor.

        Plain float32 and integer tensors are seen in place, without a copy; every result is
        read-only.
        """
        return tensor_values(self.handle)

    def symbols(self) -> NDArray[np.uint8] | None:
        """Give the symbols, 0 to 2**bits - 1; None where the encoding has none."""
        return tensor_symbols(self.handle)

    @property
    def scales(self) -> AnyArray | None:
        """Scales of a uniform tensor, float32; None for others."""
        return tensor_part(self.handle, "scales")

    @property
    def zero_points(self) -> AnyArray | None:
        """Zero points as symbols, uint8; None where they are implied."""
        return tensor_part(self.handle, "zero_points")

    @property
    def codebook(self) -> AnyArray | None:
        """Codebook of a codebook tensor, float32; None for others."""
        return tensor_part(self.handle, "codebook")

    def __repr__(self) -> str:
        return (
            f"<mcomp.Constant {self.name!r} {self.shape} {self.encoding}, "
            f"{self.stored_nbytes:,} bytes>"
        )


class Constants(Mapping[str, Constant]):
    """Constants of a network by name, in the network's order."""

    def __init__(self, entries: dict[str, Constant]) -> None:
        self._entries = entries

    def __getitem__(self, name: str) -> Constant:
        try:
            return self._entries[name]
        except KeyError:
            raise _NoConstant(f"no constant {name!r} in the network") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"<mcomp.Constants: {', '.join(map(printable, self._entries))}>"


class _NoConstant(NotFound, KeyError):
    """NotFound that a mapping's ``get`` and ``in`` understand."""

    def __str__(self) -> str:
        return str(self.args[0])


def symbolic_shape(info: CData) -> tuple[int | None, ...]:
    """Read a shape; the batch is None."""
    return tuple(None if extent == lib.MCOMP_BATCH else extent for extent in py_shape(info))


def read_values(graph: CData) -> tuple[ValueInfo, ...]:
    """Read all values of a graph, in their order."""
    summary = new_info("mcomp_graph_info")
    check(lib.mcomp_graph_get_info(graph, summary))
    info = new_info("mcomp_value_info")
    found = []
    for value in range(summary.value_count):
        check(lib.mcomp_graph_get_value(graph, value, info))
        found.append(
            ValueInfo(
                name=py_text(info.name),
                shape=symbolic_shape(info),
                dtype=DTYPE_NAMES[info.dtype],
                scale=float(info.scale),
                zero_point=int(info.zero_point),
                constant=bool(info.constant),
                producer=None if info.producer < 0 else int(info.producer),
            )
        )
    return tuple(found)


def read_nodes(graph: CData, values: tuple[ValueInfo, ...]) -> tuple[NodeInfo, ...]:
    """Read all nodes of a graph, in an order in which they can run."""
    info = new_info("mcomp_node_info")
    found: list[NodeInfo] = []
    while check(lib.mcomp_graph_get_node(graph, len(found), info)) == lib.MCOMP_OK:
        inputs = [info.inputs[index] for index in range(info.input_count)]
        output = values[info.outputs[0]]
        found.append(
            NodeInfo(
                name=py_text(info.name),
                op=py_text(info.op),
                inputs=tuple(None if value < 0 else values[value].name for value in inputs),
                output=output.name,
                shape=output.shape,
                macs=int(info.macs),
                attributes=_read_attributes(graph, len(found), int(info.attribute_count)),
            )
        )
    return tuple(found)


def _read_attributes(graph: CData, node: int, count: int) -> dict[str, Attribute]:
    attribute = ffi.new("mcomp_attribute *")
    found: dict[str, Attribute] = {}
    for index in range(count):
        check(lib.mcomp_graph_get_attribute(graph, node, index, attribute))
        name = py_text(attribute.name)
        if attribute.type == lib.MCOMP_ATTRIBUTE_TEXT:
            found[name] = py_text(attribute.text)
            continue
        integers = attribute.type == lib.MCOMP_ATTRIBUTE_INTEGERS
        data = attribute.integers if integers else attribute.floats
        items = [data[item] for item in range(attribute.count)]
        found[name] = items[0] if len(items) == 1 else items
    return found


def read_constants(graph: CData, values: tuple[ValueInfo, ...]) -> Constants:
    """Hold all constants of a graph."""
    return Constants(
        {
            value.name: Constant(value.name, retained(lib.mcomp_graph_get_constant(graph, number)))
            for number, value in enumerate(values)
            if value.constant
        }
    )
