"""Operators that give constants, and arithmetic on shapes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import onnx

from .._errors import InvalidArgument, LimitError, ShapeError, Unsupported
from .node import Node
from .operands import Constant, Extent, ShapeVector, Value
from .tensors import Array, check_tensor, dtype_name
from .text import shape_text

_COUNT_MAX = 1 << 24  # elements that ConstantOfShape may give

_CAST_DTYPES: dict[int, np.dtype[Any]] = {
    onnx.TensorProto.FLOAT: np.dtype(np.float32),
    onnx.TensorProto.INT32: np.dtype(np.int32),
    onnx.TensorProto.INT64: np.dtype(np.int64),
    onnx.TensorProto.INT8: np.dtype(np.int8),
    onnx.TensorProto.UINT8: np.dtype(np.uint8),
}


def read_constant(node: Node) -> None:
    """Read a Constant."""
    names = ("value", "value_float", "value_floats", "value_int", "value_ints")
    given = [a for a in (node.attribute(name) for name in names) if a is not None]
    node.check_attributes_used()
    if len(given) != 1:
        raise node.error(InvalidArgument, f"has {len(given)} values")
    attribute = given[0]
    if attribute.name == "value":
        if attribute.t.data_location == onnx.TensorProto.EXTERNAL:
            raise node.error(Unsupported, "has external data, which only initialisers can have")
        label = f"{node.importer.path}: {node.label}"
        node.give_constant(check_tensor(label, attribute.t, None, node.importer.path))
        return
    fields = {
        "value_float": ("f", np.float32),
        "value_floats": ("floats", np.float32),
        "value_int": ("i", np.int64),
        "value_ints": ("ints", np.int64),
    }
    field, dtype = fields[attribute.name]
    array = np.array(getattr(attribute, field), dtype)
    if array.dtype == np.float32 and bool(np.isnan(array).any()):
        raise node.error(InvalidArgument, "holds a NaN")
    node.give_constant(array)


def read_constant_of_shape(node: Node) -> None:
    """Read a ConstantOfShape of a bounded number of elements."""
    shape = node.constant_integers(0)
    if any(extent < 0 for extent in shape) or math.prod(shape) > _COUNT_MAX:
        raise node.error(
            LimitError, f"{shape_text(shape)} is negative or above {_COUNT_MAX} elements"
        )
    attribute = node.attribute("value")
    fill: Array = np.zeros(1, np.float32)
    if attribute is not None:
        label = f"{node.importer.path}: {node.label}"
        fill = check_tensor(label, attribute.t, None, node.importer.path).read()
    if fill.size != 1:
        raise node.error(InvalidArgument, f"value has {fill.size} elements, must have one")
    node.give_constant(np.broadcast_to(fill.reshape(()), shape))


def read_shape(node: Node) -> None:
    """Read a Shape, in which the batch stays free."""
    operand = node.operand(0)
    if isinstance(operand, ShapeVector | Extent):
        raise node.error(Unsupported, f"{node.input_label(0)} is computed from shapes")
    shape = operand.seen_shape if isinstance(operand, Value) else operand.shape
    start, end = node.integer("start", 0), node.integer("end", len(shape))
    node.give(ShapeVector(tuple(shape)[start:end]))


def read_gather(node: Node) -> None:
    """Read a Gather from a shape or a constant list."""
    operand = node.operand(0)
    axis = node.integer("axis", 0)
    if isinstance(operand, Constant) and len(operand.shape) == 1 and sum(operand.shape) <= 64:
        elements: tuple[int | None, ...] = tuple(node.constant_integers(0))
    elif isinstance(operand, ShapeVector):
        elements = operand.extents
    else:
        raise node.error(Unsupported, f"{node.input_label(0)} is no shape and no short list")
    if axis not in (0, -1):
        raise node.error(InvalidArgument, f"axis is {axis} of a list")
    indices = node.constant_integers(1)
    for index in indices:
        if not -len(elements) <= index < len(elements):
            raise node.error(ShapeError, f"index {index} is outside {len(elements)} elements")
    chosen = tuple(elements[index] for index in indices)
    node.give(ShapeVector(chosen) if node.constant(1).shape else Extent(chosen[0]))


def read_cast(node: Node) -> None:
    """Read a Cast of a constant, a shape, or one from float32 to float32."""
    node.ignore("saturate", "round_mode")  # of float8
    to = node.integer("to", 0)
    operand = node.operand(0)
    if isinstance(operand, ShapeVector | Extent):
        if to not in (onnx.TensorProto.INT64, onnx.TensorProto.INT32):
            raise node.error(Unsupported, f"casts a shape to {dtype_name(to)}")
        node.give(operand)
    elif isinstance(operand, Constant):
        if to not in _CAST_DTYPES:
            raise node.error(Unsupported, f"casts a constant to {dtype_name(to)}")
        with np.errstate(all="ignore"):
            node.give_constant(operand.read().astype(_CAST_DTYPES[to]))
    elif to == onnx.TensorProto.FLOAT and operand.is_activation:
        node.emit("Identity", [node.activation(0).value])
    else:
        raise node.error(Unsupported, f"casts {node.input_label(0)} to {dtype_name(to)}")
