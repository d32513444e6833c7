"""Files that appear whole or not at all, several of them together."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from ._errors import InvalidArgument, IoError


def target_of(path: str | os.PathLike[str]) -> Path:
    """Find the file that writing to a path makes or replaces: links are followed.

    Raises
    ------
    IoError
        A loop of links, a folder, a pipe or a device; names the path.
    InvalidArgument
        No path can have such a name.
    """
    name = os.fspath(path)
    try:
        target = Path(os.path.realpath(name))
        if not name or name.endswith(os.sep):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        mode = target.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return target  # NotADirectoryError: opening it says so
    except OSError as reason:
        raise IoError(f"{name}: {reason.strerror}") from None
    except ValueError as reason:  # a zero byte, or a character that no name can hold
        raise InvalidArgument(f"{name!r} is no path: {reason}") from None
    if stat.S_ISLNK(mode):
        raise IoError(f"{name}: {os.strerror(errno.ELOOP)}")
    if not stat.S_ISREG(mode):
        raise IoError(f"{name}: is there and not a regular file")
    return target


@contextlib.contextmanager
def whole_files(paths: Sequence[str | os.PathLike[str]]) -> Iterator[list[BinaryIO]]:
    """Open files that appear under their names when the block ends, and not at all if it fails.

    All are written and flushed to the disk beside their targets before the first one is renamed.
    Where a path is a symbolic link, the file that it points to is replaced.

    Raises
    ------
    IoError
        The system refuses; names the path. Nothing is left behind.
    """
    targets = [target_of(path) for path in paths]
    # A name of its own, not the target's with something behind: that may be as long as can be.
    temporaries = [target.with_name(f".{secrets.token_hex(8)}.tmp") for target in targets]
    # Closing a stream may fail too, hence a name around everything.
    with _named(", ".join(map(str, paths))), contextlib.ExitStack() as undo:
        for temporary in temporaries:
            undo.callback(_remove, temporary)
        with contextlib.ExitStack() as opened:
            streams: list[BinaryIO] = []
            for path, temporary in zip(paths, temporaries, strict=True):
                with _named(path):
                    streams.append(opened.enter_context(temporary.open("xb")))
            yield streams
            for path, stream in zip(paths, streams, strict=True):
                with _named(path):
                    stream.flush()
                    os.fsync(stream.fileno())
        for path, temporary, target in zip(paths, temporaries, targets, strict=True):
            with _named(path):
                temporary.replace(target)


@contextlib.contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open one file as :func:`whole_files` does."""
    with whole_files([path]) as (stream,):
        yield stream


def _remove(temporary: Path) -> None:
    with contextlib.suppress(OSError):
        temporary.unlink()


@contextlib.contextmanager
def _named(path: str | os.PathLike[str]) -> Iterator[None]:
    """Name the path in what the system refuses."""
    try:
        yield
    except OSError as reason:
        if isinstance(reason, IoError):
            raise
        raise IoError(f"{os.fspath(path)}: {reason.strerror or reason}") from reason
