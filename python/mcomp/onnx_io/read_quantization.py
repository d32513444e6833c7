"""QuantizeLinear and DequantizeLinear; the network's rewrites make integer nodes of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import onnx

from .._errors import InvalidArgument, ShapeError, Unsupported
from .node import Node, normalized_axis
from .operands import Computed, Constant, Dequantized
from .tensors import Array, dtype_name
from .text import shape_text

_T = onnx.TensorProto
_RANGES: dict[object, tuple[int, int]] = {
    np.dtype(np.uint8): (0, 255),
    np.dtype(np.int8): (-128, 127),
}


def read_quantize_linear(node: Node) -> None:
    """Read a QuantizeLinear; that of a constant is computed now."""
    node.ignore("saturate")  # of float8
    _check_blocks(node)
    _check_scale(node)
    precision = node.integer("precision", 0)
    if precision not in (0, _T.FLOAT):
        raise node.error(Unsupported, f"precision is {dtype_name(precision)}, must be FLOAT")
    zero_point = _zero_point(node)
    data = node.operand(0)
    if isinstance(data, Constant):
        node.importer.budget.work(math.prod(data.shape) * (2 + data.depth))
        node.importer.budget.check_held(data.shape, math.prod(data.shape))
        node.give_constant(_quantize(node, data, zero_point))
        return
    if node.constant(1).shape not in ((), (1,)):
        raise node.error(
            Unsupported,
            f"{node.input_label(1)} is {shape_text(node.constant(1).shape)}, an activation has "
            "one scale",
        )
    node.ignore("axis")
    inputs: list[int | None] = [node.activation(0).value, node.argument(1)]
    if node.has_input(2):
        inputs.append(node.argument(2))
    elif zero_point.dtype == np.int8:
        inputs.append(node.emit_constant("zero_point", zero_point))
    node.emit("QuantizeLinear", inputs)


def read_dequantize_linear(node: Node) -> None:
    """Read a DequantizeLinear; constants keep their integers where they become weights."""
    _check_blocks(node)
    _check_scale(node)
    output_dtype = node.integer("output_dtype", 0)
    if output_dtype not in (0, _T.FLOAT):
        raise node.error(Unsupported, f"output_dtype is {dtype_name(output_dtype)}, must be FLOAT")
    axis = node.integer("axis", 1)
    integers = node.operand(0)
    if not isinstance(integers, Constant):
        if node.activation(0).dtype == "float32":
            raise node.error(Unsupported, f"{node.input_label(0)} is no quantised value")
        inputs = [node.activation(0).value, node.argument(1), node.argument(2)]
        node.emit("DequantizeLinear", inputs if node.has_input(2) else inputs[:2], {"axis": axis})
        return
    scale = node.constant(1)
    zero_point = node.constant(2) if node.has_input(2) else None
    axis = _check_constant(node, integers, scale, zero_point, axis)
    name = node.importer.name_node(node.proto)
    node.importer.count_moved(integers.shape, integers)
    floats = Computed(
        integers.shape,
        lambda: _dequantize(integers.read(), scale, zero_point, axis),
        integers.depth + 1,
    )
    node.give(
        Dequantized(name, floats, integers=integers, scale=scale, zero_point=zero_point, axis=axis)
    )


def _check_constant(
    node: Node, integers: Constant, scale: Constant, zero_point: Constant | None, axis: int
) -> int:
    """Check shapes and dtypes of a constant; give the axis of its scales."""
    found = integers.read().dtype
    if found not in (np.uint8, np.int8, np.int32):
        raise node.error(
            Unsupported, f"{node.input_label(0)} holds {found}, must be uint8, int8 or int32"
        )
    count = int(np.prod(scale.shape))
    along: tuple[int, ...] = ()
    if len(integers.shape) > 0 and scale.shape not in ((), (1,)):
        axis = normalized_axis(node, axis, integers.shape)
        along = (integers.shape[axis],)
    if scale.shape not in ((), (1,), along):
        raise node.error(
            ShapeError,
            f"{node.input_label(1)} is {shape_text(scale.shape)} for axis {axis} of "
            f"{shape_text(integers.shape)}",
        )
    if zero_point is not None:
        zeros = zero_point.read()
        if zeros.dtype != found or zeros.size != count:
            raise node.error(
                ShapeError,
                f"{node.input_label(2)} is {zeros.dtype} {shape_text(zeros.shape)}, must be "
                f"{found}, as many as scales",
            )
    return axis if count > 1 else 0


def _dequantize(integers: Array, scale: Constant, zero_point: Constant | None, axis: int) -> Array:
    along = [1] * integers.ndim
    if scale.shape not in ((), (1,)):
        along[axis] = -1
    wide = integers.astype(np.int64)
    if zero_point is not None:
        wide -= zero_point.read().astype(np.int64).reshape(along)
    floats: Array = wide.astype(np.float32) * scale.read().reshape(along)
    return floats


def _check_blocks(node: Node) -> None:
    if node.integer("block_size", 0) != 0:
        raise node.error(Unsupported, f"block_size is {node.integer('block_size', 0)}, must be 0")


def _check_scale(node: Node) -> None:
    scale = node.constant(1).read()
    if scale.dtype != np.float32:
        raise node.error(Unsupported, f"{node.input_label(1)} holds {scale.dtype}, not float32")
    if not bool((np.isfinite(scale) & (scale > 0)).all()):
        raise node.error(
            InvalidArgument, f"{node.input_label(1)} holds a scale that is no positive number"
        )


def _zero_point(node: Node) -> Array:
    """Get the zero point, whose dtype is the result's: uint8 where nothing says otherwise."""
    asked = node.integer("output_dtype", 0)
    dtypes: dict[int, type[np.integer[Any]]] = {
        0: np.uint8,
        _T.UINT8: np.uint8,
        _T.INT8: np.int8,
    }
    if asked not in dtypes:
        raise node.error(Unsupported, f"output_dtype is {dtype_name(asked)}, not UINT8 or INT8")
    zero_point = node.constant(2).read() if node.has_input(2) else np.array(0, dtypes[asked])
    if zero_point.dtype not in _RANGES or (asked and zero_point.dtype != dtypes[asked]):
        raise node.error(
            Unsupported, f"gives {zero_point.dtype}, must be uint8 or int8 as output_dtype says"
        )
    return zero_point


def _quantize(node: Node, data: Constant, zero_point: Array) -> Array:
    """Quantise a weight as the file says."""
    values, scale = data.read(), node.constant(1).read()
    if values.dtype != np.float32:
        raise node.error(Unsupported, f"{node.input_label(0)} holds {values.dtype}, not float32")
    axis = node.integer("axis", 1)
    if scale.size > 1:
        axis = normalized_axis(node, axis, values.shape)
        if scale.shape != (values.shape[axis],):
            raise node.error(
                InvalidArgument,
                f"{node.input_label(1)} is {shape_text(scale.shape)} for axis {axis} of "
                f"{shape_text(values.shape)}",
            )
    if zero_point.size not in (1, scale.size):
        raise node.error(
            InvalidArgument, f"has {scale.size} scales and {zero_point.size} zero points"
        )
    along = [1] * values.ndim
    if scale.size > 1:
        along[axis] = -1
    low, high = _RANGES[zero_point.dtype]
    zeros = np.broadcast_to(zero_point.reshape(-1), scale.size).reshape(along or ())
    quantized = np.rint(values / scale.reshape(along or ())) + zeros.astype(np.float32)
    result: Array = np.clip(quantized, low, high).astype(zero_point.dtype)
    return result
