"""QuantizeLinear and DequantizeLinear; the network's rewrites make integer nodes of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx

from .._errors import InvalidArgument, Unsupported
from .node import Node, normalized_axis
from .operands import Constant
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
    """Read a DequantizeLinear."""
    _check_blocks(node)
    _check_scale(node)
    output_dtype = node.integer("output_dtype", 0)
    if output_dtype not in (0, _T.FLOAT):
        raise node.error(Unsupported, f"output_dtype is {dtype_name(output_dtype)}, must be FLOAT")
    node.emit("DequantizeLinear", node.arguments(), {"axis": node.integer("axis", 1)})


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
