"""Callbacks out of C: progress and calibration samples.

The library calls back only on the thread that made the call. An exception inside a callback makes
the C call stop and is raised again once it has returned. A progress callback is always given, so
that Python sees signals (Ctrl-C) during a long call.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

from ._arguments import progress as check_progress
from ._errors import check, check_file
from ._handles import py_text
from ._native import ffi, lib

if TYPE_CHECKING:
    from ._native import CData

Progress = Callable[[str, int, int], object]


class Call:
    """The callbacks of one C call, and the exception that one of them raised.

    Parameters
    ----------
    progress
        Called with (stage, done, total).
    batch
        Called with (index, tensor handle), fills the tensor.
    """

    def __init__(
        self,
        progress: Progress | None,
        batch: Callable[[int, CData], None] | None = None,
    ) -> None:
        check_progress(progress)
        self.progress = progress
        self.batch = batch
        self.exception: BaseException | None = None

    def handle(self) -> CData:
        """Make what C passes back; hold it for as long as C may call."""
        return ffi.new_handle(self)

    def finish(self, status: int) -> None:
        """Raise what a callback raised, else what the library reports."""
        self.raise_again()
        check(status)

    def finish_file(self, status: int) -> None:
        """As :meth:`finish`, for a call that opens a file."""
        self.raise_again()
        check_file(status)

    def raise_again(self) -> None:
        """Raise what a callback raised, if one did."""
        exception, self.exception = self.exception, None
        if exception is not None:
            raise exception


def _keep(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    """Keep an exception that left a callback; C only learns that the callback said stop."""
    if traceback is not None:
        call: Call = ffi.from_handle(traceback.tb_frame.f_locals["user"])
        call.exception = error.with_traceback(traceback)


@ffi.def_extern(error=1, onerror=_keep)
def mcomp_python_progress(user: CData, stage: CData, done: int, total: int) -> int:
    """Serve ``mcomp_progress_fn``."""
    call: Call = ffi.from_handle(user)
    if call.progress is not None:
        call.progress(py_text(stage), done, total)
    return 0


@ffi.def_extern(error=1, onerror=_keep)
def mcomp_python_batch(user: CData, index: int, tensor: CData) -> int:
    """Serve ``mcomp_batch_fn``."""
    call: Call = ffi.from_handle(user)
    assert call.batch is not None
    call.batch(index, tensor)
    return 0


def progress_function() -> CData:
    """Give the C function that serves every call's progress."""
    return lib.mcomp_python_progress


def batch_function() -> CData:
    """Give the C function that serves every call's samples."""
    return lib.mcomp_python_batch
