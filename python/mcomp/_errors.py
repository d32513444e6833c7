"""The exceptions: one class a status code, each also the built-in exception of its kind."""

from __future__ import annotations

from ._native import ffi, lib

# What str.splitlines() splits at, and how it is shown instead.
_LINE_BREAKS = {
    ord(letter): ascii(letter)[1:-1] for letter in "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
}


class MCompError(Exception):
    """Base of every error of this package.

    Attributes
    ----------
    status : int
        The library's status code, negative.
    """

    status: int = lib.MCOMP_ERR_INTERNAL

    def __str__(self) -> str:
        # One line, whatever a name or another program's message brings.
        return super().__str__().translate(_LINE_BREAKS)


class InvalidArgument(MCompError, ValueError):
    """An argument, option or recipe word is out of its range."""

    status = lib.MCOMP_ERR_INVALID_ARGUMENT


class OutOfMemory(MCompError, MemoryError):
    """An allocation failed; the objects that were given stay usable."""

    status = lib.MCOMP_ERR_OUT_OF_MEMORY


class Corrupt(MCompError, ValueError):
    """A file or byte stream contradicts itself or its checksum."""

    status = lib.MCOMP_ERR_CORRUPT


class Unsupported(MCompError, NotImplementedError):
    """Well-formed, but nothing here can serve it."""

    status = lib.MCOMP_ERR_UNSUPPORTED


class IoError(MCompError, OSError):
    """The operating system refused a file operation."""

    status = lib.MCOMP_ERR_IO


class ShapeError(MCompError, ValueError):
    """Shapes or dtypes do not fit together."""

    status = lib.MCOMP_ERR_SHAPE


class NotFound(MCompError, LookupError):
    """No such name, device, file or item."""

    status = lib.MCOMP_ERR_NOT_FOUND


class LimitError(MCompError, ValueError):
    """A size is above what the library or the caller allows."""

    status = lib.MCOMP_ERR_LIMIT


class DeviceError(MCompError, RuntimeError):
    """A device failed while opening or running."""

    status = lib.MCOMP_ERR_DEVICE


class Cancelled(MCompError, RuntimeError):
    """A callback asked to stop."""

    status = lib.MCOMP_ERR_CANCELLED


class VersionError(MCompError, ValueError):
    """Made by a newer library."""

    status = lib.MCOMP_ERR_VERSION


class InternalError(MCompError, RuntimeError):
    """A caught mistake of the library's own."""

    status = lib.MCOMP_ERR_INTERNAL


class MissingFile(NotFound, IoError, FileNotFoundError):
    """No such file: NotFound as the library counts it, FileNotFoundError as Python does."""

    status = lib.MCOMP_ERR_NOT_FOUND


_BY_STATUS: dict[int, type[MCompError]] = {
    kind.status: kind
    for kind in (
        InvalidArgument,
        OutOfMemory,
        Corrupt,
        Unsupported,
        IoError,
        ShapeError,
        NotFound,
        LimitError,
        DeviceError,
        Cancelled,
        VersionError,
        InternalError,
    )
}


# What users see and pickle: the names that the package has them under.
for _kind in (MCompError, MissingFile, *_BY_STATUS.values()):
    _kind.__module__ = "mcomp"


def error_of(status: int) -> MCompError:
    """Make the exception of the call that just failed on this thread."""
    kind = _BY_STATUS.get(status, InternalError)
    text = ffi.string(lib.mcomp_last_error()).decode("utf-8", "replace")
    return kind(text or ffi.string(lib.mcomp_status_name(status)).decode())


def check(status: int) -> int:
    """Raise the exception of a negative status; give back any other."""
    if status < 0:
        raise error_of(status)
    return status


def check_file(status: int) -> int:
    """Check the status of a call that opens a file."""
    if status == lib.MCOMP_ERR_NOT_FOUND:
        raise MissingFile(str(error_of(status)))
    return check(status)
