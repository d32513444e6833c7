"""Compress trained convolutional networks, run them compressed, measure what that costs.

>>> import mcomp
>>> model = mcomp.models.create("lenet5")
>>> small = model.compress("prune.magnitude sparsity=0.8; share.kmeans bits=5; encode.huffman")
>>> small.float_nbytes // small.stored_nbytes > 10
True
"""

from __future__ import annotations

from . import _start, data, models, preprocess  # noqa: F401 (_start: before all others)
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
from .compare import Comparison, compare
from .context import Context, default_context
from .devices import (
    DeviceInfo,
    ParameterInfo,
    PassInfo,
    devices,
    operators,
    passes,
)
from .drawing import Drawing
from .evaluate import Evaluation, evaluate
from .graph_builder import GraphBuilder
from .graph_info import Constant, NodeInfo, ValueInfo
from .layer_table import LayerInfo, LayerTable
from .measure import Measurement, peak_resident_nbytes, peak_resident_reset, resident_nbytes
from .model import Model
from .opening import load, read_onnx
from .package import Section, package_format_version, package_sections
from .plan import Plan, Step
from .recipe import Recipe
from .report import Report, TensorReport
from .session import Profile, Session, StepTime

__version__ = py_text(lib.mcomp_version())

__all__ = [
    "Cancelled",
    "Comparison",
    "Constant",
    "Context",
    "Corrupt",
    "DeviceError",
    "DeviceInfo",
    "Drawing",
    "Evaluation",
    "GraphBuilder",
    "InternalError",
    "InvalidArgument",
    "IoError",
    "LimitError",
    "MCompError",
    "LayerInfo",
    "LayerTable",
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


def __dir__() -> list[str]:
    """List what is public, and nothing that only serves it."""
    return sorted([*__all__, "__version__"])
