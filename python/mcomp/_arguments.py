"""Checks of arguments that are of a wrong kind: one line, which names the argument."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ._errors import InvalidArgument, IoError

T = TypeVar("T")

_SHOWN = 200  # characters of a text that a message repeats


def wrong(what: str, wanted: str, value: object) -> InvalidArgument:
    """Make the error of an argument of a wrong kind."""
    return InvalidArgument(f"{what} must be {wanted}, not {type(value).__name__}")


def instance(what: str, value: object, kind: type[T]) -> T:
    """Check that a value is an object of a class of this package."""
    if not isinstance(value, kind):
        raise wrong(what, f"a {kind.__name__}", value)
    return value


def text(what: str, value: object) -> str:
    """Check that a value is text."""
    if not isinstance(value, str):
        raise wrong(what, "text", value)
    return value


def flag(what: str, value: object) -> bool:
    """Check that a value is true or false."""
    if not isinstance(value, bool | np.bool_ | int):
        raise wrong(what, "True or False", value)
    return bool(value)


def items(what: str, value: object) -> list[Any]:
    """Check that a value is a sequence, and no text."""
    if isinstance(value, str | bytes) or not isinstance(value, Sequence | np.ndarray):
        raise wrong(what, "a sequence", value)
    if isinstance(value, np.ndarray) and value.ndim == 0:
        raise wrong(what, "a sequence", value)
    return list(value)


def texts(what: str, value: object) -> list[str]:
    """Check that a value is a sequence of texts, and no text."""
    return [text(f"each of {what}", item) for item in items(what, value)]


def mapping(what: str, value: object) -> Mapping[Any, Any]:
    """Check that a value maps names to something."""
    if not isinstance(value, Mapping):
        raise wrong(what, "a mapping", value)
    return value


def progress(value: object) -> None:
    """Check that a value can be called, or is None."""
    if value is not None and not callable(value):
        raise wrong("progress", "callable", value)


def array_of(what: str, value: object) -> NDArray[Any]:
    """Make an array of a value, whatever its shape and dtype."""
    try:
        return np.asarray(value)
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise wrong(what, "an array of numbers", value) from None


def numbers(what: str, value: object) -> NDArray[Any]:
    """Make an array of real numbers of a value, whatever its shape."""
    array = array_of(what, value)
    if array.dtype.kind not in "iuf":
        raise InvalidArgument(f"{what} must be an array of real numbers, not of {array.dtype}")
    return array


def file_path(what: str, value: object) -> Path:
    """Check that a value can be the path of a file; there need be none.

    Raises
    ------
    InvalidArgument
        It is no path.
    IoError
        It is longer than the system allows.
    """
    given = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(given, str):
        raise wrong(what, "a path", value)
    shown = repr(given if len(given) <= _SHOWN else f"{given[:_SHOWN]}...")
    try:
        os.lstat(given)
    except ValueError as reason:  # a NUL character, or one that no name can hold
        raise InvalidArgument(f"{what} {shown} is no path: {reason}") from None
    except OSError as reason:
        if reason.errno == errno.ENAMETOOLONG:
            raise IoError(f"{what} {shown}: {reason.strerror}") from None
    return Path(given)
