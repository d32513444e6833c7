"""Reads ``.npz``: a ZIP archive of ``.npy`` arrays, without pickles."""

from __future__ import annotations

import lzma
import tokenize
import zipfile
import zlib
from collections.abc import Callable
from typing import IO, Any

import numpy as np

from .._arrays import AnyArray
from .._errors import Corrupt
from .._file_text import cut, one_line, shown
from .stored import Stored, check_shape

_FAILURES = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, ValueError, EOFError, KeyError)
# What numpy stumbles with over a header: it takes any Python literal, and looks at it afterwards.
_HEADER_FAILURES = (
    *(ValueError, SyntaxError, tokenize.TokenError, TypeError, AttributeError),
    *(ArithmeticError, LookupError, RecursionError, MemoryError),
)
_TYPE_LIMIT = 80  # characters of a type in a message


def read_npz(path: str) -> dict[str, Stored]:
    """List the arrays of a file; an array is unpacked when it is read.

    Raises
    ------
    Corrupt
        No ZIP archive, two arrays of one name, or a member that is no .npy array of the size that
        its header says.
    """
    found: dict[str, Stored] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                name = member.filename.removesuffix(".npy")
                if name in found:
                    raise Corrupt(f"{path}: array {shown(name)} stands twice in the archive")
                found[name] = _stored(f"{path}: array {shown(name)}", path, archive, member)
    except (*_FAILURES, NotImplementedError, RuntimeError) as reason:
        if isinstance(reason, Corrupt):
            raise
        raise Corrupt(f"{path}: no whole .npz archive: {one_line(reason)}") from reason
    return found


def _stored(what: str, path: str, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Stored:
    with archive.open(member) as stream:
        shape, fortran, dtype = _header(what, stream)
        begin = stream.tell()
    extents = check_shape(what, shape)
    if dtype.hasobject:
        raise Corrupt(f"{what}: holds Python objects, which are never unpacked")
    kind = cut(str(dtype), _TYPE_LIMIT)
    count = 1
    for extent in extents:
        count *= extent
    nbytes = member.file_size - begin
    if nbytes != count * dtype.itemsize:
        raise Corrupt(f"{what}: {nbytes} bytes for shape {cut(str(list(extents)))} of {kind}")
    return Stored(extents, kind, _reader(what, path, member.filename, fortran))


def _header(what: str, stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Read shape, whether the first axis is the fastest, and the type."""
    magic = stream.read(8)
    if len(magic) < 8 or not magic.startswith(b"\x93NUMPY"):
        raise Corrupt(f"{what}: is no .npy array")
    version = (magic[6], magic[7])
    if version not in ((1, 0), (2, 0)):
        raise Corrupt(f"{what}: version {version[0]}.{version[1]} of .npy is not read")
    read = np.lib.format.read_array_header_1_0
    if version == (2, 0):
        read = np.lib.format.read_array_header_2_0
    try:
        return read(stream)
    except _HEADER_FAILURES as reason:
        raise Corrupt(
            f"{what}: its .npy header is not one of descr, fortran_order and shape, whole and of "
            "at most 10,000 bytes"
        ) from reason


def _reader(what: str, path: str, member: str, fortran: bool) -> Callable[[], AnyArray]:
    def read() -> AnyArray:
        try:
            with np.load(path, allow_pickle=False) as arrays:
                array: AnyArray = arrays[member.removesuffix(".npy")]
        except _FAILURES as reason:
            raise Corrupt(f"{what}: cannot be unpacked: {one_line(reason)}") from reason
        return np.ascontiguousarray(array) if fortran else array

    return read
