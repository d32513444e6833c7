"""Operators that give constants or the shape of something."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import onnx

from .._errors import InvalidArgument, LimitError, Unsupported
from .fold import give_batch_tensor
from .node import Node
from .operands import BATCHES, Computed, Constant, Shape
from .tensors import Array, check_tensor, dtype_name
from .text import shape_text, shown

_CAST_DTYPES: dict[int, np.dtype[Any]] = {
    onnx.TensorProto.FLOAT: np.dtype(np.float32),
    onnx.TensorProto.DOUBLE: np.dtype(np.float64),
    onnx.TensorProto.INT32: np.dtype(np.int32),
    onnx.TensorProto.INT64: np.dtype(np.int64),
    onnx.TensorProto.INT8: np.dtype(np.int8),
    onnx.TensorProto.UINT8: np.dtype(np.uint8),
    onnx.TensorProto.BOOL: np.dtype(np.bool_),
}
_EXTENT_MAX = 2**31 - 1


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
        label = f"{node.importer.path}: constant {shown(node.proto.output[0])}"
        source = check_tensor(label, attribute.t, None, node.importer.path)
        name = node.importer.unique_name(node.proto.output[0])
        node.give(Constant(name, source))
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
    """Read a ConstantOfShape, whose elements are made where they are needed."""
    shape = node.constant_integers(0)
    attribute = node.attribute("value")
    fill: Array = np.zeros(1, np.float32)
    if attribute is not None:
        label = f"{node.importer.path}: the value of {shown(node.proto.output[0])}"
        fill = check_tensor(label, attribute.t, None, node.importer.path).read()
    if fill.size != 1:
        raise node.error(InvalidArgument, f"value has {fill.size} elements, must have one")
    _give_broadcast(node, Constant("fill", fill.reshape(())), tuple(shape))


def read_expand(node: Node) -> None:
    """Read an Expand of a constant."""
    data = node.constant(0)
    try:
        shape = np.broadcast_shapes(data.shape, tuple(node.constant_integers(1)))
    except ValueError as error:
        raise node.error(
            InvalidArgument,
            f"{node.input_label(0)} {shape_text(data.shape)} does not broadcast to "
            f"{shape_text(node.constant_integers(1))}",
        ) from error
    _give_broadcast(node, data, shape)


def _give_broadcast(node: Node, data: Constant, shape: tuple[int, ...]) -> None:
    if not all(0 <= extent <= _EXTENT_MAX for extent in shape) or math.prod(shape) > 2**62:
        raise node.error(LimitError, f"{shape_text(shape)} is not a shape")
    node.importer.budget.fill(shape)
    node.importer.check_depth(data)
    node.give_constant(
        Computed(shape, lambda: np.broadcast_to(data.read(), shape).copy(), data.depth + 1)
    )


def read_shape(node: Node) -> None:
    """Read a Shape, in which the batch stays free."""
    operand = node.operand(0)
    shape: Shape = operand.shape
    start, end = node.integer("start", 0), node.integer("end", len(shape))
    node.ignore("start", "end")
    give_batch_tensor(
        node,
        [
            np.array([batch if e is None else e for e in shape[start:end]], np.int64)
            for batch in BATCHES
        ],
    )


def read_size(node: Node) -> None:
    """Read a Size, which depends on the batch."""
    known = math.prod(extent for extent in node.operand(0).shape if extent is not None)
    counts = [np.array(batch * known, np.int64) for batch in BATCHES]
    give_batch_tensor(node, counts)


def read_cast(node: Node) -> None:
    """Read a Cast of a constant, or one from float32 to float32."""
    node.ignore("saturate", "round_mode")  # of float8
    to = _cast_target(node)
    operand = node.operand(0)
    if isinstance(operand, Constant):
        if to not in _CAST_DTYPES:
            raise node.error(Unsupported, f"casts a constant to {dtype_name(to)}")
        dtype = _CAST_DTYPES[to]

        def cast() -> Array:
            with np.errstate(all="ignore"):
                return operand.read().astype(dtype)

        node.importer.count_moved(operand.shape, operand)
        node.give_constant(Computed(operand.shape, cast, operand.depth + 1))
    elif to == onnx.TensorProto.FLOAT and node.activation(0).dtype == "float32":
        node.emit("Identity", [node.activation(0).value])
    else:
        raise node.error(Unsupported, f"casts {node.input_label(0)} to {dtype_name(to)}")


def _cast_target(node: Node) -> int:
    """Get the type to cast to, up to operator set 5 by its name."""
    if node.opset >= 6:
        return node.integer("to", 0)
    name = node.text("to", "")
    known: dict[str, int] = dict(onnx.TensorProto.DataType.items())
    if name not in known:
        raise node.error(InvalidArgument, f"casts to {shown(name)}, which is no type")
    return known[name]
