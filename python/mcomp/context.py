"""The context: threads, the instruction-set cap and the devices of this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._arguments import instance
from ._errors import check
from ._handles import ForkSafeLock, Handle, c_text, integer, new_info, py_text
from ._native import ffi, lib

if TYPE_CHECKING:
    from ._native import CData


class Context(Handle):
    """Threads, instruction sets and devices; what networks are made in.

    May be shared between threads. What was made from a context keeps it alive, so it may be
    closed first.

    Parameters
    ----------
    threads
        1 to 256. None: ``MCOMP_THREADS``, else the cores that this process may use.
    isa
        Upper bound on instruction sets: ``scalar avx2 avxvnni avx512f avx512vnni neon neondot``. A
        bound above the machine is no error. None: ``MCOMP_ISA``, else no bound.

    Raises
    ------
    InvalidArgument
        A number of threads out of range, an unknown instruction set.

    Examples
    --------
    >>> with Context(threads=2, isa="scalar") as context:
    ...     context.threads, context.isa
    (2, 'scalar')
    """

    _kind = "context"

    def __init__(self, threads: int | None = None, isa: str | None = None) -> None:
        options = ffi.new("mcomp_context_options *")
        lib.mcomp_context_options_init(options)
        if threads is not None:
            options.threads = integer("threads", threads, 1, 256)
        cap = None if isa is None else ffi.new("char[]", c_text("isa", isa))
        if cap is not None:
            options.isa_cap = cap
        out = ffi.new("mcomp_context **")
        check(lib.mcomp_context_create(options, out))
        self._own(out[0], lib.mcomp_context_destroy)

    def _info(self) -> CData:
        info = new_info("mcomp_context_info")
        check(lib.mcomp_context_get_info(self._use(), info))
        return info

    @property
    def threads(self) -> int:
        """Threads that take part in a run, the caller's included."""
        return int(self._info().threads)

    @property
    def isa(self) -> str:
        """Best instruction set that is allowed and present."""
        return py_text(self._info().isa)

    @property
    def isa_detected(self) -> str:
        """Best instruction set that the machine has."""
        return py_text(self._info().isa_detected)

    @property
    def cpu_name(self) -> str:
        """The processor's own name, '' where unknown."""
        return py_text(self._info().cpu_name)

    @property
    def environment(self) -> dict[str, str]:
        """The machine and the build as key and text; 'unknown' where the system does not say."""
        context = self._use()
        key, text = ffi.new("const char **"), ffi.new("const char **")
        found = {}
        index = 0
        while check(lib.mcomp_environment_get(context, index, key, text)) == lib.MCOMP_OK:
            found[py_text(key[0])] = py_text(text[0])
            index += 1
        return found

    def __repr__(self) -> str:
        if self.closed:
            return "<mcomp.Context, closed>"
        return f"<mcomp.Context threads={self.threads} isa={self.isa!r} cpu={self.cpu_name!r}>"


class _Default:
    lock = ForkSafeLock()
    context: Context | None = None


def default_context() -> Context:
    """Give the process's own context, made at the first call (and again once it was closed).

    Examples
    --------
    >>> default_context() is default_context()
    True
    """
    with _Default.lock:
        if _Default.context is None or _Default.context.closed:
            _Default.context = Context()
        return _Default.context


def context_or_default(context: Context | None) -> Context:
    """Give the context that an argument ``context=`` means."""
    return default_context() if context is None else instance("context", context, Context)
