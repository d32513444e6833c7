"""Reading a network from an ONNX file."""

from __future__ import annotations

import os

from .._errors import MCompError, OutOfMemory
from ..context import Context
from ..model import Model
from .checker import check_model
from .importer import Importer
from .source import open_source
from .structure import check_structure


def read_onnx(
    path: str | os.PathLike[str], *, simplify: bool = True, context: Context | None = None
) -> Model:
    """Read a network from an ONNX file.

    What is read and what is refused is in ``libmcomp/docs/onnx.md``. The first axis of the inputs
    is the batch and becomes free where the file fixes it. Names of inputs, outputs, nodes and
    initialisers are kept, and the file's metadata becomes the model's.

    Parameters
    ----------
    path
        An ``.onnx`` file, operator sets 7 to the newest of the installed onnx package. External
        data may lie in the file's own folder and in folders in it.
    simplify
        Fold constants, BatchNormalization and quantisation, fuse activations and residuals.
    context
        None: the default one.

    Returns
    -------
    Model

    Raises
    ------
    IoError
        The file, or a file of external data, cannot be read.
    Corrupt
        It is not an ONNX file, is cut off, or a tensor has fewer or more bytes than its shape.
    VersionError
        Its format or operator set is older or newer than what is read.
    Unsupported
        An operator, attribute or form that is not read; all are named at once.
    OutOfMemory
        The file does not fit into memory while it is read.
    InvalidArgument, ShapeError, LimitError
        It breaks ONNX's rules, its shapes do not fit, or a size is out of range.
    """
    try:
        source = open_source(path)
        importer = Importer(source, check_structure(source), context)
        importer.read()
        check_model(source, importer.known)
        model = importer.finish()
    except MCompError:
        raise
    except MemoryError as error:  # Python's, or the onnx package's
        raise OutOfMemory(f"{os.fspath(path)}: memory ran out while it was read") from error
    if not simplify:
        return model
    try:
        return model.simplify()
    finally:
        model.close()
