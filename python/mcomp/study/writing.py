"""Files that appear whole or not at all."""

from __future__ import annotations

from pathlib import Path

import mcomp
from mcomp._whole_files import whole_file


def write_whole(path: Path, content: bytes) -> None:
    """Write a file under a temporary name and rename it, its folder made where it is absent.

    Raises
    ------
    mcomp.IoError
        The system refuses; names the path.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise mcomp.IoError(f"{path}: {error.strerror or error}") from None
    with whole_file(path) as stream:
        stream.write(content)
