"""What a name of an ONNX graph stands for while the graph is being read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from .tensors import Array

#: Extents; None is the batch.
Shape = tuple[int | None, ...]

#: Batch sizes at which what depends on the batch is computed while reading: what is the same at
#: all three is a number, what is equal to each is the batch. Two are primes above any divisor or
#: rounding that networks have, one is even.
BATCHES = (1009, 2003, 4098)


class Source(Protocol):
    """Where elements come from when they are needed."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The extents."""

    def read(self) -> Array:
        """Get the elements."""


@dataclass(frozen=True, slots=True)
class Computed:
    """Elements that are computed from other constants each time they are needed."""

    shape: tuple[int, ...]
    compute: Callable[[], Array]
    depth: int
    """Steps to elements that are in memory or in the file."""

    def read(self) -> Array:
        """Get the elements."""
        return self.compute()


@dataclass(slots=True)
class Constant:
    """A tensor that is known: of the file, or computed while reading.

    Attributes
    ----------
    name : str
        What it is called in the network, if it gets there.
    source : Source or ndarray
        Read when it is needed and not kept, or the elements.
    value : int or None
        Its number in the graph builder, once something in the network reads it.
    turned_from : Constant or None
        A matrix that this one is the transpose of; products read it instead.
    """

    name: str
    source: Source | Array
    value: int | None = None
    turned_from: Constant | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The extents."""
        return self.source.shape

    @property
    def depth(self) -> int:
        """Steps to elements that are in memory or in the file."""
        return self.source.depth if isinstance(self.source, Computed) else 0

    def read(self) -> Array:
        """Get the elements."""
        return self.source if isinstance(self.source, np.ndarray) else self.source.read()


@dataclass(slots=True)
class Dequantized(Constant):
    """A float32 constant that the file has as integers, scales and zero points.

    As a weight it becomes a node of the network over its integers; to everything else it is a
    constant like others.

    Attributes
    ----------
    integers, scale : Constant
    zero_point : Constant or None
    axis : int
        That of the scales, where there are several.
    weight : int or None
        The number in the graph builder of the node over the integers.
    """

    integers: Constant = field(kw_only=True)
    scale: Constant = field(kw_only=True)
    zero_point: Constant | None = field(kw_only=True)
    axis: int = field(kw_only=True)
    weight: int | None = None

    @property
    def has_one_scale(self) -> bool:
        """Tell whether all elements have one scale."""
        return self.scale.shape in ((), (1,))

    def moved(
        self, names: tuple[str, str], shape: tuple[int, ...], move: Callable[[Array], Array]
    ) -> Dequantized:
        """Move the integers, which must have one scale.

        Parameters
        ----------
        names : tuple of str
            Of the result and of its integers.
        shape : tuple of int
        move : callable
            Gives the elements in another order or shape.
        """
        integers, whole = self.integers, self
        return Dequantized(
            names[0],
            Computed(shape, lambda: move(whole.read()), whole.depth + 1),
            integers=Constant(
                names[1], Computed(shape, lambda: move(integers.read()), integers.depth + 1)
            ),
            scale=self.scale,
            zero_point=self.zero_point,
            axis=0,
        )

    def transposed(self, names: tuple[str, str]) -> Dequantized:
        """Swap the two axes of a matrix."""
        rows, columns = self.shape
        result = self.moved(names, (columns, rows), np.transpose)
        result.axis = 1 - self.axis
        result.turned_from = self
        return result


@dataclass(frozen=True, slots=True)
class Value:
    """An activation of the network under construction.

    Attributes
    ----------
    value : int
        Its number in the graph builder.
    shape : Shape
        The first extent is the batch.
    dtype : str
        ``float32``, or ``uint8`` or ``int8`` of a quantised one.
    """

    value: int
    shape: Shape
    dtype: str = "float32"


@dataclass(frozen=True, slots=True)
class BatchTensor:
    """A small tensor computed from shapes, whose elements depend on the batch size.

    Attributes
    ----------
    arrays : tuple of ndarray
        The elements at each of :data:`BATCHES`.
    """

    arrays: tuple[Array, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """The extents, the same at every batch size."""
        shape: tuple[int, ...] = self.arrays[0].shape
        return shape

    def extents(self) -> list[int | str | None]:
        """Give the elements: numbers, None for the batch, ``"?"`` for other functions of it."""
        found: list[int | str | None] = []
        for elements in zip(*(array.reshape(-1).tolist() for array in self.arrays), strict=True):
            if len(set(elements)) == 1:
                found.append(elements[0])
            else:
                found.append(None if elements == BATCHES else "?")
        return found


Operand = Constant | Value | BatchTensor
