"""Reads ``.safetensors``: 8 bytes of header length, a JSON header, raw little-endian tensors."""

from __future__ import annotations

import json
import mmap
from pathlib import Path
from typing import Any

import numpy as np

from .._arrays import AnyArray
from .._errors import Corrupt
from .._file_text import cut, shown
from .stored import Stored, check_shape

_MAX_HEADER_NBYTES = 100_000_000

#: How elements are stored; bfloat16 as the upper half of a float32.
_DTYPES: dict[str, np.dtype[Any]] = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "BF16": np.dtype("<u2"),
    "I64": np.dtype("<i8"),
    "I32": np.dtype("<i4"),
    "I16": np.dtype("<i2"),
    "I8": np.dtype("i1"),
    "U8": np.dtype("u1"),
    "BOOL": np.dtype("?"),
}


def read_safetensors(path: str) -> dict[str, Stored]:
    """List the tensors of a file; their bytes stay mapped.

    Raises
    ------
    Corrupt
        It is cut off, or its header is no JSON of the form that the format asks for.
    """
    with Path(path).open("rb") as stream:
        nbytes = stream.seek(0, 2)
        stream.seek(0)
        if nbytes < 8:
            raise Corrupt(f"{path}: {nbytes} bytes are too few for a .safetensors file")
        header_nbytes = int.from_bytes(stream.read(8), "little")
        if header_nbytes > min(nbytes - 8, _MAX_HEADER_NBYTES):
            raise Corrupt(f"{path}: a header of {header_nbytes} bytes does not fit the file")
        header = _parse(path, stream.read(header_nbytes))
        mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    data = memoryview(mapped)[8 + header_nbytes :]
    return {
        name: _stored(f"{path}: tensor {shown(name)}", entry, data)
        for name, entry in header.items()
        if name != "__metadata__"
    }


def _parse(path: str, text: bytes) -> dict[str, Any]:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise Corrupt(f"{path}: a name stands twice in the header")
        return found

    try:
        header = json.loads(text.decode(), object_pairs_hook=unique)
    except Corrupt:
        raise
    except (ValueError, RecursionError) as reason:
        raise Corrupt(f"{path}: the header is no JSON text") from reason
    if not isinstance(header, dict):
        raise Corrupt(f"{path}: the header is no JSON object")
    return header


def _stored(what: str, entry: Any, data: memoryview) -> Stored:
    if not isinstance(entry, dict):
        raise Corrupt(f"{what}: described by no JSON object")
    name = entry.get("dtype")
    dtype = _DTYPES.get(name) if isinstance(name, str) else None
    if not isinstance(name, str) or dtype is None:
        raise Corrupt(f"{what}: dtype {shown(str(name))} is not one of {', '.join(_DTYPES)}")
    shape = check_shape(what, entry.get("shape"))
    offsets = entry.get("data_offsets")
    if (
        not isinstance(offsets, list)
        or len(offsets) != 2
        or not all(isinstance(offset, int) for offset in offsets)
        or not 0 <= offsets[0] <= offsets[1] <= len(data)
    ):
        raise Corrupt(f"{what}: data_offsets {cut(str(offsets))} are not within {len(data)} bytes")
    begin, end = offsets
    count = 1
    for extent in shape:
        count *= extent
    if end - begin != count * dtype.itemsize:
        raise Corrupt(f"{what}: {end - begin} bytes for shape {cut(str(list(shape)))} of {name}")

    def read() -> AnyArray:
        array: AnyArray = np.frombuffer(data[begin:end], dtype).reshape(shape)
        if name == "BF16":
            return (array.astype(np.uint32) << 16).view(np.float32)
        return array

    return Stored(shape, name, read)
