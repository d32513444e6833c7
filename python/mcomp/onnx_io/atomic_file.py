"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from .._errors import IoError


def write_atomically(path: str, pieces: Iterable[bytes | memoryview]) -> None:
    """Write pieces to a file beside the target, flush it to the disk and rename it.

    Raises
    ------
    IoError
        Names the path and the system's reason; nothing is left behind.
    """
    temporary = Path(f"{path}.{secrets.token_hex(6)}.tmp")
    try:
        # Mode 0o666 lets the caller's umask decide, as for any file.
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise IoError(f"{path}: {error.strerror or error}") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException as error:
        temporary.unlink()
        if isinstance(error, OSError) and not isinstance(error, IoError):
            raise IoError(f"{path}: {error.strerror or error}") from error
        raise
