"""What every object of the library has in common: closing, and plain values in and out of C."""

from __future__ import annotations

import operator
import os
import threading
import weakref
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self, SupportsIndex

from ._errors import InvalidArgument
from ._native import ffi

if TYPE_CHECKING:
    from ._native import CData


class Handle:
    """An object of the library; ended by ``close()``, by ``with``, or with its last reference.

    A call in progress on another thread holds the C object itself, so closing never pulls memory
    away under it: the object then ends with that call.
    """

    _kind = "object"
    _cdata: CData | None = None

    def _own(self, pointer: CData, destroy: Callable[[CData], None]) -> None:
        self._cdata = ffi.gc(pointer, destroy)

    def _use(self) -> CData:
        cdata = self._cdata
        if cdata is None:
            raise InvalidArgument(f"the {self._kind} is closed")
        return cdata

    @property
    def closed(self) -> bool:
        """True after ``close()``."""
        return self._cdata is None

    def close(self) -> None:
        """Give memory back now; closing twice is fine. What was made from it stays usable."""
        self._cdata = None

    def __enter__(self) -> Self:
        self._use()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class ForkSafeLock:
    """A re-entrant lock that is free in a forked child, whoever held it in the parent."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        _locks.add(self)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def renew(self) -> None:
        """Forget who holds the lock."""
        self._lock = threading.RLock()


_locks: weakref.WeakSet[ForkSafeLock] = weakref.WeakSet()


def _renew_locks() -> None:
    for lock in list(_locks):
        lock.renew()


os.register_at_fork(after_in_child=_renew_locks)


def new_info(name: str) -> CData:
    """Make an info struct, zeroed, its size set."""
    return ffi.new(f"{name} *", {"struct_size": ffi.sizeof(name)})


def c_text(what: str, text: str | os.PathLike[str]) -> bytes:
    """Turn text into UTF-8; a NUL byte, where C would stop reading, is refused."""
    if isinstance(text, os.PathLike):
        text = os.fspath(text)
    if not isinstance(text, str):
        raise InvalidArgument(f"{what} must be text, not {type(text).__name__}")
    try:
        encoded = os.fsencode(text) if what == "path" else text.encode()
    except UnicodeEncodeError as error:
        raise InvalidArgument(f"{what} is not valid text: {error.reason}") from None
    if b"\0" in encoded:
        raise InvalidArgument(f"{what} {text!r} holds a NUL character")
    return encoded


def ends_in(path: object, ending: str) -> bool:
    """Tell whether a path's name ends in this, in small or capital letters."""
    return isinstance(path, str | os.PathLike) and os.fsdecode(path).lower().endswith(ending)


def py_text(text: CData) -> str:
    """Turn C text into str; NULL is ''."""
    return ffi.string(text).decode("utf-8", "replace") if text else ""


def integer(what: str, value: SupportsIndex, low: int, high: int) -> int:
    """Check that a value is an integer in ``[low, high]``."""
    try:
        number = operator.index(value)
    except TypeError:
        raise InvalidArgument(f"{what} must be an integer, not {type(value).__name__}") from None
    if not low <= number <= high:
        raise InvalidArgument(f"{what} must be {low} to {high}, not {number}")
    return number


def real(what: str, value: float, low: float, high: float) -> float:
    """Check that a value is a number in ``[low, high]``."""
    try:
        if isinstance(value, str | bytes | bytearray | complex) or getattr(value, "ndim", None):
            raise TypeError
        number = float(value)
    except (TypeError, ValueError):
        raise InvalidArgument(f"{what} must be a number, not {type(value).__name__}") from None
    except OverflowError:
        raise InvalidArgument(f"{what} must be {low:g} to {high:g}, it is far beyond") from None
    if not low <= number <= high:
        raise InvalidArgument(f"{what} must be {low:g} to {high:g}, not {number:g}")
    return number
