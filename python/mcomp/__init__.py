"""Compress trained convolutional networks, run them compressed, measure what that costs.

>>> import mcomp
>>> model = mcomp.models.create("lenet5")
>>> small = model.compress("prune.magnitude sparsity=0.8; share.kmeans bits=5; encode.huffman")
>>> small.float_nbytes // small.stored_nbytes > 10
True
"""

from __future__ import annotations

import importlib
import os
from typing import Any

from . import models
from ._errors import (
    Cancelled,
    Corrupt,
    DeviceError,
    InternalError,
    InvalidArgument,
    IoError,
    LimitError,
    MCompError,
    MissingFile,
    NotFound,
    OutOfMemory,
    ShapeError,
    Unsupported,
    VersionError,
)
from ._handles import py_text
from ._native import lib
from .context import Context, default_context
from .devices import (
    DeviceInfo,
    ParameterInfo,
    PassInfo,
    devices,
    operators,
    passes,
)
from .graph_builder import GraphBuilder
from .graph_info import Constant, NodeInfo, ValueInfo
from .measure import Measurement, peak_resident_nbytes, peak_resident_reset, resident_nbytes
from .model import Model, load
from .package import Section, package_format_version, package_sections
from .plan import Plan, Step
from .recipe import Recipe
from .report import Report, TensorReport
from .session import Profile, Session, StepTime

__version__ = py_text(lib.mcomp_version())

# Imported when first asked for: they need more than numpy.
_LATER = {
    "data": ("mcomp.data", None),
    "preprocess": ("mcomp.preprocess", None),
    "evaluate": ("mcomp.evaluate", "evaluate"),
    "compare": ("mcomp.compare", "compare"),
}

__all__ = [
    "Cancelled",
    "Constant",
    "Context",
    "Corrupt",
    "DeviceError",
    "DeviceInfo",
    "GraphBuilder",
    "InternalError",
    "InvalidArgument",
    "IoError",
    "LimitError",
    "MCompError",
    "Measurement",
    "MissingFile",
    "Model",
    "NodeInfo",
    "NotFound",
    "OutOfMemory",
    "ParameterInfo",
    "PassInfo",
    "Plan",
    "Profile",
    "Recipe",
    "Report",
    "Section",
    "Session",
    "ShapeError",
    "Step",
    "StepTime",
    "TensorReport",
    "Unsupported",
    "ValueInfo",
    "VersionError",
    "compare",
    "data",
    "default_context",
    "devices",
    "evaluate",
    "load",
    "models",
    "operators",
    "package_format_version",
    "package_sections",
    "passes",
    "peak_resident_nbytes",
    "peak_resident_reset",
    "preprocess",
    "read_onnx",
    "resident_nbytes",
]


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
    """
    from .onnx_io.reader import read_onnx as read

    return read(path, simplify=simplify, context=context)


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'mcomp' has no attribute {name!r}")
    module, attribute = _LATER[name]
    loaded = importlib.import_module(module)
    found = loaded if attribute is None else getattr(loaded, attribute)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
