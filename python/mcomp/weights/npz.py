"""Reads ``.npz``: a ZIP archive of ``.npy`` arrays, without pickles."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable

import numpy as np

from .._arrays import AnyArray
from .._errors import Corrupt
from .stored import Stored, check_shape

_FAILURES = (zipfile.BadZipFile, zlib.error, ValueError, EOFError, KeyError, SyntaxError)


def read_npz(path: str) -> dict[str, Stored]:
    """List the arrays of a file; an array is unpacked when it is read.

    Raises
    ------
    Corrupt
        No ZIP archive, or a member that is no .npy array of the size that its header says.
    """
    found: dict[str, Stored] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                name = member.filename.removesuffix(".npy")
                found[name] = _stored(f"{path}: array {name!r}", path, archive, member)
    except (*_FAILURES, NotImplementedError, RuntimeError) as reason:
        if isinstance(reason, Corrupt):
            raise
        raise Corrupt(f"{path}: no whole .npz archive: {reason}") from reason
    return found


def _stored(what: str, path: str, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Stored:
    with archive.open(member) as stream:
        version = np.lib.format.read_magic(stream)
        if version == (1, 0):
            shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
        elif version == (2, 0):
            shape, fortran, dtype = np.lib.format.read_array_header_2_0(stream)
        else:
            raise Corrupt(f"{what}: version {version} of .npy is not read")
        begin = stream.tell()
    extents = check_shape(what, shape)
    if dtype.hasobject:
        raise Corrupt(f"{what}: holds Python objects, which are never unpacked")
    count = 1
    for extent in extents:
        count *= extent
    if member.file_size - begin != count * dtype.itemsize:
        raise Corrupt(
            f"{what}: {member.file_size - begin} bytes for shape {list(extents)} of {dtype}"
        )
    return Stored(extents, str(dtype), _reader(what, path, member.filename, fortran))


def _reader(what: str, path: str, member: str, fortran: bool) -> Callable[[], AnyArray]:
    def read() -> AnyArray:
        try:
            with np.load(path, allow_pickle=False) as arrays:
                array: AnyArray = arrays[member.removesuffix(".npy")]
        except _FAILURES as reason:
            raise Corrupt(f"{what}: cannot be unpacked: {reason}") from reason
        return np.ascontiguousarray(array) if fortran else array

    return read
