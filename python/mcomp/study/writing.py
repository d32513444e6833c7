"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

import mcomp


def write_whole(path: Path, content: bytes) -> None:
    """Write a file under a temporary name and rename it, its folder made where it is absent.

    Raises
    ------
    mcomp.IoError
        The system refuses; names the path.
    """
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(6)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("xb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
    except OSError as error:
        raise mcomp.IoError(f"{path}: {error.strerror or error}") from None
