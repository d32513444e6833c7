"""What a name of an ONNX graph stands for while the graph is being read."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .tensors import Array, TensorSource

#: Extents; None is the batch.
Shape = tuple[int | None, ...]


@dataclass(slots=True)
class Constant:
    """A tensor that is known: of the file, or computed while reading.

    Attributes
    ----------
    name : str
        What it is called in the network, if it gets there.
    source : TensorSource or ndarray
        Read when it is needed and not kept, or the elements.
    value : int or None
        Its number in the graph builder, once something in the network reads it.
    """

    name: str
    source: TensorSource | Array
    value: int | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The extents."""
        return self.source.shape

    def read(self) -> Array:
        """Get the elements."""
        return self.source if isinstance(self.source, np.ndarray) else self.source.read()


@dataclass(frozen=True, slots=True)
class Value:
    """A value of the network under construction.

    Attributes
    ----------
    value : int
        Its number in the graph builder.
    shape : Shape
        As the graph builder has it.
    view : Shape or None
        A shape with the same elements in the same order that ONNX gives it and the network has
        no operator for; it can only be flattened, or be given its old shape again.
    """

    value: int
    shape: Shape
    view: Shape | None = None

    @property
    def seen_shape(self) -> Shape:
        """The shape that ONNX sees."""
        return self.shape if self.view is None else self.view

    @property
    def image_count(self) -> int:
        """Elements of one image."""
        return math.prod(extent for extent in self.shape if extent is not None)

    @property
    def is_activation(self) -> bool:
        """False for a weight that a node of the network dequantises."""
        return bool(self.shape) and self.shape[0] is None


@dataclass(frozen=True, slots=True)
class ShapeVector:
    """A one-dimensional int64 tensor computed from shapes; None is the batch."""

    extents: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Extent:
    """One element of a :class:`ShapeVector`, a scalar."""

    extent: int | None


Operand = Constant | Value | ShapeVector | Extent
