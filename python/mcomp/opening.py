"""Networks read from files."""

from __future__ import annotations

import os

from ._arguments import flag
from ._callbacks import Call, progress_function
from ._errors import Corrupt
from ._handles import c_text, ends_in
from ._native import ffi, lib
from .context import Context, context_or_default
from .model import Model


def load(
    path: str | os.PathLike[str], *, verify: bool = True, context: Context | None = None
) -> Model:
    """Read a ``.mcomp`` file. Raw weights stay mapped from the file.

    Parameters
    ----------
    path
        The file.
    verify
        Check every section's checksum now; False: when it is first used.
    context
        None: the default one.

    Returns
    -------
    Model

    Raises
    ------
    MissingFile
        There is no such file.
    IoError
        The file cannot be opened or read.
    Corrupt
        Truncated, a checksum is wrong, or it contradicts itself; names section or tensor. Or it is
        no ``.mcomp`` file at all.
    VersionError
        A format version or required section that this library does not know.
    """
    made = context_or_default(context)
    root = made._use()
    options = ffi.new("mcomp_load_options *")
    lib.mcomp_load_options_init(options)
    options.verify = int(flag("verify", verify))
    call = Call(None)
    user = call.handle()
    options.progress, options.progress_user = progress_function(), user
    out = ffi.new("mcomp_graph **")
    status = lib.mcomp_load(root, c_text("path", path), options, out)
    graph = ffi.gc(out[0], lib.mcomp_graph_destroy)
    try:
        call.finish_file(status)
    except Corrupt as reason:
        if ends_in(path, ".onnx"):
            raise Corrupt(f"{reason}; mcomp.read_onnx() reads ONNX files") from None
        raise
    return Model._adopt(made, root, graph)


def read_onnx(
    path: str | os.PathLike[str], *, simplify: bool = True, context: Context | None = None
) -> Model:
    """Read an ONNX file.

    Parameters
    ----------
    path
        The file.
    simplify
        Fold BatchNorm, constants, Q/DQ pairs and activations (see :meth:`Model.simplify`).
    context
        None: the default one.

    Returns
    -------
    Model

    Raises
    ------
    MissingFile, IoError
        There is no such file, or it or a file of external data cannot be read.
    Corrupt
        It is no ONNX file, is cut off, or a tensor has fewer or more bytes than its shape.
    VersionError
        Its format or operator set is older or newer than what is read.
    Unsupported
        An operator, attribute or form that is not read; unknown operators are named all at once.
    InvalidArgument, ShapeError, LimitError
        It breaks ONNX's rules, its shapes do not fit, or a size is out of range.
    """
    from .onnx_io.reader import read_onnx as read

    flag("simplify", simplify)
    context_or_default(context)._use()
    c_text("path", path)
    try:
        return read(path, simplify=simplify, context=context)
    except Corrupt as reason:
        if ends_in(path, ".mcomp"):
            raise Corrupt(f"{reason}; mcomp.load() reads .mcomp files") from None
        raise
