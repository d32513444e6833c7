"""TensorProto to numpy: sizes are checked against the bytes there are before memory is taken."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx

from .._errors import Corrupt, InvalidArgument, LimitError, OutOfMemory, Unsupported
from . import external, wire
from .source import read_payload
from .text import shape_text, shown

#: An array of any dtype and rank.
Array = np.ndarray[Any, np.dtype[Any]]

_EXTENT_MAX = 2**31 - 1
RANK_MAX = 6
_CHUNK = 1 << 20  # elements looked at at a time

_T = onnx.TensorProto

#: How elements of raw_data are stored; bfloat16 as the upper half of a float32.
_DTYPES: dict[int, np.dtype[Any]] = {
    _T.FLOAT: np.dtype("<f4"),
    _T.DOUBLE: np.dtype("<f8"),
    _T.FLOAT16: np.dtype("<f2"),
    _T.BFLOAT16: np.dtype("<u2"),
    _T.INT8: np.dtype("i1"),
    _T.UINT8: np.dtype("u1"),
    _T.INT32: np.dtype("<i4"),
    _T.INT64: np.dtype("<i8"),
    _T.BOOL: np.dtype("?"),
}

#: The field that holds elements where raw_data does not.
_FIELDS: dict[int, str] = {
    _T.FLOAT: "float_data",
    _T.DOUBLE: "double_data",
    _T.FLOAT16: "int32_data",
    _T.BFLOAT16: "int32_data",
    _T.INT8: "int32_data",
    _T.UINT8: "int32_data",
    _T.INT32: "int32_data",
    _T.INT64: "int64_data",
    _T.BOOL: "int32_data",
}


def dtype_name(data_type: int) -> str:
    """Name an element type of ONNX."""
    known = data_type in _T.DataType.values()
    return str(_T.DataType.Name(data_type)) if known else f"element type {data_type}"


def is_finite(array: Array) -> bool:
    """Tell whether no float is infinite or NaN, without a mask of the array's size."""
    if array.dtype.kind != "f":
        return True
    flat = array.reshape(-1)
    return all(
        bool(np.isfinite(flat[start : start + _CHUNK]).all())
        for start in range(0, flat.size, _CHUNK)
    )


@dataclass(frozen=True, slots=True)
class TensorSource:
    """A constant of a file that has been checked but not read.

    Attributes
    ----------
    label : str
        Begins messages: the file, and the initialiser or node.
    shape : tuple of int
    data_type : int
        ONNX's element type.
    """

    label: str
    shape: tuple[int, ...]
    data_type: int
    _tensor: onnx.TensorProto
    _payload: wire.Payload | None

    def read(self) -> Array:
        """Get the elements, bfloat16 as float32.

        Raises
        ------
        InvalidArgument
            A float is not a number.
        """
        array = self._elements()
        if self.data_type == _T.BFLOAT16:
            array = (array.astype(np.uint32) << 16).view(np.float32)
        if array.dtype.kind == "f":
            flat = array.reshape(-1)
            for start in range(0, flat.size, _CHUNK):
                if np.isnan(flat[start : start + _CHUNK]).any():
                    raise InvalidArgument(f"{self.label}: holds a NaN")
        return array

    def _elements(self) -> Array:
        dtype = _DTYPES[self.data_type]
        if self._payload is not None:
            try:
                array: Array = np.empty(self.shape, dtype)
            except MemoryError as error:
                raise OutOfMemory(f"{self.label}: {self._payload.nbytes} bytes") from error
            read_payload(self._payload, array.reshape(-1).view(np.uint8).data)
            return array
        if self._tensor.HasField("raw_data"):
            return np.frombuffer(self._tensor.raw_data, dtype).reshape(self.shape)
        values = getattr(self._tensor, _FIELDS[self.data_type])
        if self.data_type in (_T.FLOAT16, _T.BFLOAT16):
            bits = self._checked(values, np.dtype("<u2"))
            return (bits if self.data_type == _T.BFLOAT16 else bits.view("<f2")).reshape(self.shape)
        if dtype.kind in "iu" and dtype.itemsize == 1:
            return self._checked(values, dtype).reshape(self.shape)
        return np.array(values, dtype).reshape(self.shape)

    def _checked(self, values: object, dtype: np.dtype[Any]) -> Array:
        wide = np.array(values, np.int32)
        narrow = wide.astype(dtype)
        if not np.array_equal(narrow.astype(np.int32), wide):
            kind = dtype_name(self.data_type)
            raise InvalidArgument(f"{self.label}: an element does not fit {kind}")
        return narrow


def check_tensor(
    label: str, tensor: onnx.TensorProto, payload: wire.Payload | None, model_path: str
) -> TensorSource:
    """Check element type, shape and size of a tensor without reading it.

    Parameters
    ----------
    label : str
        Begins messages.
    tensor : onnx.TensorProto
    payload : wire.Payload or None
        Where its raw_data is, if it was left in the file.
    model_path : str
        Beside which external data may be.

    Raises
    ------
    Unsupported
        Strings, complex numbers, types of less than a byte, segments, external data elsewhere.
    InvalidArgument, LimitError
        An extent is negative or above 2^31 - 1.
    Corrupt
        There are fewer or more bytes or elements than the shape needs.
    """
    if tensor.data_type not in _DTYPES:
        raise Unsupported(f"{label}: {dtype_name(tensor.data_type)} is not read")
    if tensor.HasField("segment"):
        raise Unsupported(f"{label}: tensors in segments are not read")
    shape = tuple(tensor.dims)
    if len(shape) > RANK_MAX:
        raise LimitError(f"{label}: rank {len(shape)} is above {RANK_MAX}")
    for extent in shape:
        if not 0 <= extent <= _EXTENT_MAX:
            raise LimitError(f"{label}: extent {extent} is not in [0, 2^31 - 1]")
    count = math.prod(shape)
    nbytes = count * _DTYPES[tensor.data_type].itemsize
    if tensor.data_location == _T.EXTERNAL:
        if payload is not None or tensor.HasField("raw_data"):
            raise InvalidArgument(f"{label}: has external data and raw_data")
        payload = external.locate(label, tensor, model_path, nbytes)
    elif payload is not None or tensor.HasField("raw_data"):
        available = payload.nbytes if payload is not None else len(tensor.raw_data)
        if available != nbytes:
            raise Corrupt(f"{label}: has {available} bytes, {shape_text(shape)} needs {nbytes}")
    else:
        available = len(getattr(tensor, _FIELDS[tensor.data_type]))
        if available != count:
            raise Corrupt(f"{label}: has {available} elements, {shape_text(shape)} needs {count}")
    return TensorSource(label, shape, tensor.data_type, tensor, payload)


def initializer_label(path: str, name: str) -> str:
    """Name an initialiser in messages."""
    return f"{path}: initialiser {shown(name)}"
