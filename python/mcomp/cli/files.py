"""Files that are read with care and written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._errors import Corrupt, InvalidArgument, IoError, NotFound, ShapeError
from .._whole_files import target_of, whole_file, whole_files

NPY_SIGNATURE = b"\x93NUMPY"
ZIP_SIGNATURE = b"PK"  # .npz


def check_readable(path: str, what: str) -> None:
    """Refuse a path that is not a file that can be read from start to end.

    Raises
    ------
    NotFound
        There is nothing.
    IoError
        A folder, pipe or device.
    """
    if not Path(path).exists():
        raise NotFound(f"{what} {path!r}: no such file")
    if not Path(path).is_file():
        raise IoError(f"{what} {path!r}: not a regular file")


def check_output(path: str, what: str, *endings: str) -> Path:
    """Refuse, before any work is done, a path that cannot be written.

    Returns
    -------
    Path
        The file that will be made or replaced: links are followed.

    Raises
    ------
    IoError
        Another ending than asked for, a folder, pipe or device, or a folder that does not exist.
    """
    if endings and not path.lower().endswith(endings):
        raise IoError(f"{what} {path!r}: its name must end in {' or '.join(endings)}")
    try:
        target = target_of(path)
    except IoError as reason:
        raise IoError(f"{what} {path!r}: {str(reason).removeprefix(f'{path}: ')}") from None
    if not target.parent.is_dir():
        raise IoError(f"{what} {path!r}: no folder {str(target.parent)!r}")
    return target


def check_outputs(paths: Sequence[str], what: str, *endings: str) -> None:
    """Check several paths as :func:`check_output` does, and that no two are one file.

    Raises
    ------
    InvalidArgument
        Two paths lead to the same file; names both.
    """
    found: dict[Path, str] = {}
    for path in paths:
        target = check_output(path, what, *endings)
        for other, other_path in found.items():
            if other == target or (target.exists() and other.exists() and target.samefile(other)):
                raise InvalidArgument(f"{what}s {other_path!r} and {path!r} are the same file")
        found[target] = path


def write_json(path: str, value: Mapping[str, Any]) -> None:
    """Write a JSON file, whole or not at all."""
    with whole_file(path) as stream:
        stream.write(json.dumps(value, allow_nan=False).encode())


def write_arrays(arrays: Mapping[str, NDArray[np.float32]]) -> None:
    """Write .npy files by path, all of them whole or none at all."""
    with whole_files(list(arrays)) as streams:
        for stream, array in zip(streams, arrays.values(), strict=True):
            contiguous = np.ascontiguousarray(array)
            header = np.lib.format.header_data_from_array_1_0(contiguous)
            np.lib.format.write_array_header_1_0(stream, header)
            stream.write(contiguous.data.cast("B") if contiguous.size else b"")


def read_array(path: str, extents: tuple[int | None, ...], value: str) -> NDArray[np.float32]:
    """Read an .npy file for an input; nothing in it is executed or believed.

    Parameters
    ----------
    path : str
    extents : tuple of int or None
        Of the input; None: the batch, any.
    value : str
        The input's name, for messages.

    Returns
    -------
    float32 ndarray
        C-contiguous.

    Raises
    ------
    IoError
        It cannot be read.
    Corrupt
        It is no .npy file, or a truncated one.
    ShapeError
        Another dtype or shape than the input's.
    """
    check_readable(path, "input")
    with Path(path).open("rb") as stream:
        start = stream.read(len(NPY_SIGNATURE))
    if start != NPY_SIGNATURE and not start.startswith(ZIP_SIGNATURE):
        raise Corrupt(f"{path}: no .npy file: it does not begin with its signature")
    try:
        # Mapped, so that a header that lies about the size allocates nothing.
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except OSError as reason:
        raise IoError(f"{path}: {reason.strerror or reason}") from reason
    except (ValueError, EOFError, TypeError, OverflowError, SyntaxError, KeyError) as reason:
        raise Corrupt(
            f"{path}: no whole .npy file of numbers: it is cut off or damaged"
        ) from reason
    if not isinstance(array, np.ndarray):  # .npz
        array.close()
        raise Corrupt(f"{path}: an archive of arrays, not one .npy array")
    if array.dtype != np.float32:
        raise ShapeError(f"{path}: dtype {array.dtype}, input {value!r} takes float32")
    fits = array.ndim == len(extents) and all(
        want in (None, have) for have, want in zip(array.shape, extents, strict=True)
    )
    if not fits or 0 in array.shape:
        wanted = ["N" if extent is None else extent for extent in extents]
        raise ShapeError(
            f"{path}: shape {list(array.shape)}, input {value!r} takes "
            f"[{', '.join(str(extent) for extent in wanted)}]"
        )
    return np.array(array, np.float32, order="C")


def file_nbytes(path: str | Path) -> int:
    """Bytes of a file on disk."""
    return Path(path).stat().st_size
