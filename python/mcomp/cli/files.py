"""Files that are read with care and written whole or not at all."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from .._errors import Corrupt, IoError, NotFound, ShapeError


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


def check_output(path: str, what: str, *endings: str) -> None:
    """Refuse, before any work is done, a path that cannot be written.

    Raises
    ------
    IoError
        Another ending than asked for, a folder, pipe or device, or a folder that does not exist.
    """
    if endings and not path.lower().endswith(endings):
        raise IoError(f"{what} {path!r}: its name must end in {' or '.join(endings)}")
    if Path(path).exists() and not Path(path).is_file():
        raise IoError(f"{what} {path!r}: exists and is not a regular file")
    folder = Path(path).parent
    if not folder.is_dir():
        raise IoError(f"{what} {path!r}: no folder {str(folder)!r}")


@contextlib.contextmanager
def written_whole(path: str) -> Iterator[BinaryIO]:
    """Open a file that appears under its name when the block ends, and not at all if it fails.

    Raises
    ------
    IoError
        The system refuses; names the path.
    """
    target = Path(path).resolve()
    temporary = target.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        try:
            with temporary.open("xb") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(target)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
    except OSError as reason:
        if isinstance(reason, IoError):
            raise
        raise IoError(f"{path}: {reason.strerror or reason}") from reason


def write_json(path: str, value: Mapping[str, Any]) -> None:
    """Write a JSON file, whole or not at all."""
    with written_whole(path) as stream:
        stream.write(json.dumps(value, allow_nan=False).encode())


def write_array(path: str, array: NDArray[np.float32]) -> None:
    """Write an .npy file, whole or not at all."""
    contiguous = np.ascontiguousarray(array)
    with written_whole(path) as stream:
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
    try:
        # Mapped, so that a header that lies about the size allocates nothing.
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except OSError as reason:
        raise IoError(f"{path}: {reason.strerror or reason}") from reason
    except (ValueError, EOFError, TypeError, OverflowError, SyntaxError, KeyError) as reason:
        raise Corrupt(f"{path}: no whole .npy file: {reason}") from reason
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
