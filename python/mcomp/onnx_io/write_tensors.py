"""Constants of a network as initialisers of an ONNX graph."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import numpy_helper

from ..graph_info import Constant
from . import wire
from .tensors import Array

_DATA_TYPES = {
    "float32": onnx.TensorProto.FLOAT,
    "int32": onnx.TensorProto.INT32,
    "int64": onnx.TensorProto.INT64,
    "uint8": onnx.TensorProto.UINT8,
    "int8": onnx.TensorProto.INT8,
}


@dataclass(frozen=True, slots=True)
class Initializer:
    """An initialiser: small ones are in the proto, of big ones the bytes come when written.

    Attributes
    ----------
    proto : onnx.TensorProto
        Without raw_data where ``data`` is not None.
    nbytes : int
    data : callable or None
        Gives a big tensor's bytes.
    """

    proto: onnx.TensorProto
    nbytes: int
    data: Callable[[], memoryview] | None

    def part(self) -> wire.TensorPart:
        """Give :func:`wire.join` what it wants of a big one."""
        assert self.data is not None
        return wire.TensorPart(self.proto.SerializeToString(), self.nbytes, self.data)


def small_initializer(name: str, array: Array) -> Initializer:
    """Make an initialiser of a few elements."""
    return Initializer(numpy_helper.from_array(np.asarray(array), name), array.nbytes, None)


def initializer(
    name: str, shape: tuple[int, ...], dtype: str, read: Callable[[], Array]
) -> Initializer:
    """Make an initialiser whose elements ``read()`` gives, once, when they are written."""
    nbytes = math.prod(shape) * np.dtype(dtype).itemsize
    if nbytes < wire.PAYLOAD_MIN_NBYTES:
        return small_initializer(name, read())
    proto = onnx.TensorProto(name=name, dims=shape, data_type=_DATA_TYPES[dtype])

    def data() -> memoryview:
        little_endian = np.dtype(dtype).newbyteorder("<")
        array = np.ascontiguousarray(read(), little_endian)
        return array.reshape(-1).view(np.uint8).data

    return Initializer(proto, nbytes, data)


@dataclass(frozen=True, slots=True)
class QuantizedWeight:
    """A uniform constant as ONNX has it: integers, scales and zero points.

    Attributes
    ----------
    dtype : str
        ``int8`` where every zero point is the middle, so that it can be 0; else ``uint8``.
    shift : int
        Taken from symbols to make them elements.
    scales, zero_points : ndarray
        Scalars, or one an output channel.
    """

    constant: Constant
    dtype: str
    shift: int
    scales: Array
    zero_points: Array

    def read(self) -> Array:
        """Get the elements."""
        symbols = self.constant.symbols()
        assert symbols is not None
        if self.shift == 0:
            return symbols
        return (symbols.astype(np.int16) - self.shift).astype(np.int8)


def quantized_weight(constant: Constant) -> QuantizedWeight | None:
    """See a constant of uniform encoding as integers; None for others."""
    scales = constant.scales
    match = re.match(r"uniform(\d+)", constant.encoding)
    if scales is None or match is None:
        return None
    middle = 1 << (int(match[1]) - 1)
    zeros = constant.zero_points
    zeros = np.full(scales.size, middle, np.uint8) if zeros is None else zeros
    shape = () if scales.size == 1 else (scales.size,)
    scales = scales.reshape(shape)
    if bool((zeros == middle).all()):
        return QuantizedWeight(constant, "int8", middle, scales, np.zeros(shape, np.int8))
    return QuantizedWeight(constant, "uint8", 0, scales, zeros.reshape(shape))
