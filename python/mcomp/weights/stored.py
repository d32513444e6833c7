"""Tensors of a file by name, not read before they are wanted."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from .._arrays import AnyArray, FloatArray
from .._errors import Corrupt, InvalidArgument
from .._file_text import cut, shown

_MAX_RANK = 6


@dataclass(frozen=True)
class Stored:
    """A tensor in a file.

    Attributes
    ----------
    shape : tuple of int
    dtype : str
        As the file calls it.
    read : callable
        Gives the numbers; floats of any width become float32.
    """

    shape: tuple[int, ...]
    dtype: str
    read: Callable[[], AnyArray]


@dataclass(frozen=True)
class StoredFile:
    """What a file of weights holds.

    Attributes
    ----------
    path : str
    tensors : mapping of str to Stored
        In the file's order.
    windows : mapping
        By name of a weight, what its Conv says of stride, groups and dilation; {} where a file
        has weights only.
    epsilons : mapping
        By name of a variance, what its BatchNormalization adds to it; {} likewise.
    scalings : mapping
        By name of a variance, {"factor": name, "offset": name} of what a Mul and an Add behind its
        BatchNormalization hold, as Caffe's Scale layers become; {} likewise.
    metadata : mapping or None
        Texts by key; None where none are read from such a file.
    """

    path: str
    tensors: Mapping[str, Stored]
    windows: Mapping[str, tuple[list[int], int, list[int]]]
    epsilons: Mapping[str, float]
    scalings: Mapping[str, Mapping[str, str]]
    metadata: Mapping[str, str] | None


def check_shape(what: str, shape: object) -> tuple[int, ...]:
    """Take a shape from a file.

    Raises
    ------
    Corrupt
        No list of at most six extents of 0 or more, or more elements than can be addressed.
    """
    if not isinstance(shape, list | tuple) or len(shape) > _MAX_RANK:
        raise Corrupt(f"{what}: the shape is no list of at most {_MAX_RANK} extents")
    for extent in shape:
        if not isinstance(extent, int) or isinstance(extent, bool) or extent < 0:
            raise Corrupt(f"{what}: extent {shown(repr(extent))} is no whole number of 0 or more")
    if math.prod(shape) > 2**40:
        raise Corrupt(f"{what}: shape {cut(str(list(shape)))} has too many elements")
    return tuple(shape)


def read_floats(what: str, stored: Stored) -> FloatArray:
    """Read a tensor as finite float32.

    Raises
    ------
    InvalidArgument
        Other numbers than floats, or a NaN or infinity among them.
    """
    array = stored.read()
    if array.dtype.kind != "f":
        raise InvalidArgument(f"{what}: {stored.dtype} is not a type of float")
    floats: FloatArray = np.ascontiguousarray(array, np.float32)
    if not np.isfinite(floats).all():
        raise InvalidArgument(f"{what}: holds NaN or infinity, or does not fit float32")
    return floats
