"""What is in a ``.mcomp`` file, byte by byte."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ._errors import check, check_file
from ._handles import c_text, new_info, py_text
from ._native import ffi, lib
from .context import Context, context_or_default

if TYPE_CHECKING:
    from ._native import CData


@dataclass(frozen=True)
class Section:
    """A section of a file; header, table and padding are sections too, and all sum to the file.

    Attributes
    ----------
    name : str
    offset, nbytes : int
        Bytes; for padding the sum of all gaps.
    required : bool
        Whether a reader that does not know it must refuse the file.
    crc32 : int
        zlib's CRC-32, 0 for padding.
    """

    name: str
    offset: int
    nbytes: int
    required: bool
    crc32: int


def _open(path: str | os.PathLike[str], context: Context | None) -> CData:
    out = ffi.new("mcomp_package **")
    handle = context_or_default(context)._use()
    check_file(lib.mcomp_package_open(handle, c_text("path", path), out))
    return ffi.gc(out[0], lib.mcomp_package_close)


def package_sections(
    path: str | os.PathLike[str], *, context: Context | None = None
) -> list[Section]:
    """List the sections of a ``.mcomp`` file; checks header and table.

    Raises
    ------
    IoError, Corrupt, VersionError
    """
    package = _open(path, context)
    info = new_info("mcomp_section_info")
    found: list[Section] = []
    while check(lib.mcomp_package_get_section(package, len(found), info)) == lib.MCOMP_OK:
        found.append(
            Section(
                py_text(info.name),
                int(info.offset),
                int(info.nbytes),
                bool(info.required),
                int(info.crc32),
            )
        )
    return found


def package_format_version(path: str | os.PathLike[str], *, context: Context | None = None) -> int:
    """Give the format version of a ``.mcomp`` file."""
    return lib.mcomp_package_format_version(_open(path, context))
