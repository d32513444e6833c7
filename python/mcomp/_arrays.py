"""numpy arrays as tensors of the library and back, without copies where none are needed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ._errors import InvalidArgument, ShapeError, check
from ._handles import integer, new_info
from ._native import ffi, lib

if TYPE_CHECKING:
    from ._native import CData

FloatArray = NDArray[np.float32]
AnyArray = NDArray[Any]

DTYPE_NAMES: dict[int, str] = {
    lib.MCOMP_DTYPE_F32: "float32",
    lib.MCOMP_DTYPE_F16: "float16",
    lib.MCOMP_DTYPE_BF16: "bfloat16",
    lib.MCOMP_DTYPE_U8: "uint8",
    lib.MCOMP_DTYPE_S8: "int8",
    lib.MCOMP_DTYPE_S32: "int32",
    lib.MCOMP_DTYPE_S64: "int64",
}
_DTYPES: dict[str, int] = {
    name: number for number, name in DTYPE_NAMES.items() if name != "bfloat16"
}
_NUMERIC_BY_DTYPE: dict[str, str] = {"float32": "f32", "float16": "f16", "bfloat16": "bf16"}


def c_shape(shape: Sequence[int]) -> CData:
    """Turn extents into an int64 array for C."""
    return ffi.new("int64_t[]", [integer("extent", item, -(2**63), 2**63 - 1) for item in shape])


def py_shape(info: CData) -> tuple[int, ...]:
    """Read extents from an info struct that has rank and shape."""
    return tuple(info.shape[axis] for axis in range(info.rank))


def check_array(what: str, array: object, *, writable: bool = False) -> FloatArray:
    """Check that an array can be used in place: float32, C-contiguous, aligned.

    Raises
    ------
    ShapeError
        Another dtype.
    InvalidArgument
        Not an array, not contiguous, or not writable where it must be.
    """
    if not isinstance(array, np.ndarray):
        raise InvalidArgument(f"{what}: a numpy array is wanted, not {type(array).__name__}")
    if isinstance(array, np.ma.MaskedArray):
        raise InvalidArgument(f"{what}: a masked array is given, masks mean nothing here")
    if array.dtype != np.float32:
        raise ShapeError(f"{what}: dtype {array.dtype} given, float32 is wanted")
    if not array.flags.c_contiguous or not array.flags.aligned:
        raise InvalidArgument(
            f"{what}: the array is not C-contiguous; numpy.ascontiguousarray() makes a copy that is"
        )
    if writable and not array.flags.writeable:
        raise InvalidArgument(f"{what}: the array is read-only")
    return array


class Wrapped:
    """Arrays lent to C as tensors for the time of one call."""

    def __init__(self, context: CData, arrays: Sequence[FloatArray], *, writable: bool) -> None:
        self.count = len(arrays)
        self._tensors: list[CData] = []
        self._buffers: list[CData] = []
        for array in arrays:
            buffer = ffi.from_buffer("char[]", array, require_writable=writable)
            out = ffi.new("mcomp_tensor **")
            check(
                lib.mcomp_tensor_wrap(
                    context,
                    lib.MCOMP_DTYPE_F32,
                    array.ndim,
                    c_shape(array.shape),
                    buffer,
                    array.nbytes,
                    ffi.NULL,
                    ffi.NULL,
                    out,
                )
            )
            self._tensors.append(ffi.gc(out[0], lib.mcomp_tensor_release))
            self._buffers.append(buffer)
        self.pointers = ffi.new("mcomp_tensor *[]", self._tensors)


def new_tensor(context: CData, what: str, array: AnyArray) -> CData:
    """Copy an array into a plain tensor of the library.

    Raises
    ------
    ShapeError
        A dtype that tensors do not have, or too many axes.
    """
    number = _DTYPES.get(str(array.dtype))
    if number is None:
        raise ShapeError(f"{what}: dtype {array.dtype} given, known are {', '.join(_DTYPES)}")
    if array.ndim > lib.MCOMP_MAX_RANK:
        raise ShapeError(f"{what}: {array.ndim} axes given, at most {lib.MCOMP_MAX_RANK} are known")
    values = np.ascontiguousarray(array)
    out = ffi.new("mcomp_tensor **")
    check(
        lib.mcomp_tensor_create(
            context,
            number,
            array.ndim,
            c_shape(array.shape),
            ffi.from_buffer("char[]", values) if values.size else ffi.NULL,
            out,
        )
    )
    return ffi.gc(out[0], lib.mcomp_tensor_release)


def new_quantized_tensor(
    context: CData,
    what: str,
    array: AnyArray,
    scales: AnyArray,
    zero_points: AnyArray | None,
) -> CData:
    """Copy integers that were quantised elsewhere into an encoded tensor of the library."""
    name = str(array.dtype)
    if name not in ("uint8", "int8"):
        raise ShapeError(f"{what}: dtype {name} given, uint8 or int8 is wanted")
    if not 1 <= array.ndim <= lib.MCOMP_MAX_RANK:
        raise ShapeError(f"{what}: {array.ndim} axes given, 1 to {lib.MCOMP_MAX_RANK} are possible")
    factors = np.ascontiguousarray(scales, dtype=np.float32).reshape(-1)
    points = None
    if zero_points is not None:
        given = np.asarray(zero_points).reshape(-1)
        if given.dtype.kind not in "iu" or given.size != factors.size:
            raise ShapeError(
                f"{what}: {given.size} zero points of {given.dtype} given, "
                f"{factors.size} integers are wanted"
            )
        points = np.ascontiguousarray(given, dtype=np.int32)
    values = np.ascontiguousarray(array)
    out = ffi.new("mcomp_tensor **")
    check(
        lib.mcomp_tensor_create_quantized(
            context,
            _DTYPES[name],
            values.ndim,
            c_shape(values.shape),
            ffi.from_buffer("char[]", values),
            ffi.from_buffer("float[]", factors),
            ffi.NULL if points is None else ffi.from_buffer("int32_t[]", points),
            factors.size,
            out,
        )
    )
    return ffi.gc(out[0], lib.mcomp_tensor_release)


def retained(tensor: CData) -> CData:
    """Hold a borrowed tensor for as long as the result lives."""
    return ffi.gc(lib.mcomp_tensor_retain(tensor), lib.mcomp_tensor_release)


class _View:
    """Memory of a tensor, offered to numpy; holds the tensor."""

    def __init__(self, tensor: CData, data: CData, shape: tuple[int, ...], dtype: str) -> None:
        self._tensor = tensor
        self.__array_interface__ = {
            "version": 3,
            "data": (int(ffi.cast("uintptr_t", data)), True),
            "shape": shape,
            "typestr": np.dtype(dtype).str,
        }


def view(tensor: CData, data: CData, shape: tuple[int, ...], dtype: str) -> AnyArray:
    """See C memory as a read-only array that keeps its tensor alive."""
    if math.prod(shape) == 0 or not data:
        empty = np.zeros(shape, dtype)
        empty.flags.writeable = False
        return empty
    return np.asarray(_View(tensor, data, shape, dtype))


def tensor_info(tensor: CData) -> CData:
    """Ask what is known of a tensor."""
    info = new_info("mcomp_tensor_info")
    check(lib.mcomp_tensor_get_info(tensor, info))
    return info


def tensor_values(tensor: CData) -> AnyArray:
    """Give a tensor's values: float32 whatever the encoding; integers of a plain integer tensor.

    Plain float32 and integer tensors are seen in place and read-only, others are decoded.
    """
    info = tensor_info(tensor)
    shape = py_shape(info)
    name = DTYPE_NAMES[info.dtype]
    data = lib.mcomp_tensor_data(tensor)
    if data and name not in ("float16", "bfloat16"):
        return view(tensor, data, shape, name)
    values = np.empty(shape, np.float32)
    check(lib.mcomp_tensor_decode(tensor, ffi.from_buffer("float[]", values), values.size))
    values.flags.writeable = False
    return values


def tensor_symbols(tensor: CData) -> NDArray[np.uint8] | None:
    """Give the symbols of a uniform or codebook tensor, None for others."""
    info = tensor_info(tensor)
    if info.encoding.numeric not in (lib.MCOMP_NUMERIC_UNIFORM, lib.MCOMP_NUMERIC_CODEBOOK):
        return None
    symbols = np.empty(py_shape(info), np.uint8)
    check(
        lib.mcomp_tensor_decode_symbols(tensor, ffi.from_buffer("uint8_t[]", symbols), symbols.size)
    )
    return symbols


def tensor_part(tensor: CData, part: str) -> AnyArray | None:
    """Copy a tensor's ``scales``, ``codebook`` or ``zero_points``; None where it has none."""
    kind, dtype = ("uint8_t", np.uint8) if part == "zero_points" else ("float", np.float32)
    values = ffi.new(f"const {kind} **")
    count = ffi.new("size_t *")
    getattr(lib, f"mcomp_tensor_get_{part}")(tensor, values, count)
    if not values[0]:
        return None
    nbytes = count[0] * np.dtype(dtype).itemsize
    return np.frombuffer(bytes(ffi.buffer(values[0], nbytes)), dtype)


def encoding_text(tensor: CData) -> str:
    """Write a tensor's encoding; a plain integer tensor is called by its dtype."""
    info = tensor_info(tensor)
    name = DTYPE_NAMES[info.dtype]
    if not info.encoded and name not in _NUMERIC_BY_DTYPE:
        return name
    text = ffi.new("char[64]")
    lib.mcomp_encoding_format(ffi.new("mcomp_encoding *", info.encoding), text, 64)
    return ffi.string(text).decode()
