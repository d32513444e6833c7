"""Operators on integers: each is read as dequantisation, a float operator and quantisation.

The network's rewrites make one integer node of the three, where there is one.
"""

from __future__ import annotations

import numpy as np
from onnx import helper

from .._errors import InvalidArgument, Unsupported
from .node import Node
from .operands import Constant, Value
from .text import shape_text

#: Attributes that the float operator has as well, by operator.
_KEPT = (
    "alpha",
    "auto_pad",
    "axis",
    "ceil_mode",
    "count_include_pad",
    "dilations",
    "group",
    "kernel_shape",
    "pads",
    "strides",
)


def read_qlinear_conv(node: Node) -> None:
    """Read a QLinearConv: x, scale, zero point, w, scale, zero point, y's, bias."""
    data = _dequantize(node, 0, "x")
    weight = _dequantize(node, 3, "w", axis=0)
    inputs = [data, weight]
    if node.has_input(8):
        inputs.append(_bias(node, 8, node.constant(1), node.constant(4)))
    _finish(node, "Conv", inputs, (6, 7), 0)


def read_qlinear_mat_mul(node: Node) -> None:
    """Read a QLinearMatMul: a, scale, zero point, b, scale, zero point, y's."""
    rank = len(node.operand(3).shape)
    inputs = [_dequantize(node, 0, "a"), _dequantize(node, 3, "b", axis=max(rank - 1, 0))]
    _finish(node, "MatMul", inputs, (6, 7), 0)


def read_qlinear_binary(node: Node) -> None:
    """Read a QLinearAdd or QLinearMul: a, scale, zero point, b, scale, zero point, c's."""
    inputs = [_dequantize(node, 0, "a"), _dequantize(node, 3, "b")]
    _finish(node, node.proto.op_type.removeprefix("QLinear"), inputs, (6, 7), 0)


def read_qlinear_unary(node: Node) -> None:
    """Read an operator of one input: x, scale, zero point, y's."""
    if node.integer("channels_last", 0):
        raise node.error(Unsupported, "channels_last is 1, must be 0")
    _finish(
        node, node.proto.op_type.removeprefix("QLinear"), [_dequantize(node, 0, "x")], (3, 4), 0
    )


def read_qlinear_softmax(node: Node) -> None:
    """Read a QLinearSoftmax, whose attribute says of which operator set it is."""
    version = node.integer("opset", 0)
    if (version < 13) != (node.opset < 13):
        raise node.error(
            Unsupported, f"opset is {version}, the file's operator set is {node.opset}"
        )
    _finish(node, "Softmax", [_dequantize(node, 0, "x")], (3, 4), 0)


def read_qlinear_concat(node: Node) -> None:
    """Read a QLinearConcat: y's scale and zero point, then three for each input."""
    count, rest = divmod(node.input_count() - 2, 3)
    if rest:
        raise node.error(InvalidArgument, f"has {node.input_count()} inputs, must be 2 and threes")
    inputs = [_dequantize(node, 2 + 3 * i, f"x{i}") for i in range(count)]
    _finish(node, "Concat", inputs, (0, 1), 2)


def read_qgemm(node: Node) -> None:
    """Read a QGemm: a, scale, zero point, b, scale, zero point, bias, y's, which may be float."""
    is_transposed = node.flag("transB")
    weight = _dequantize(node, 3, "b", axis=0 if is_transposed else 1)
    inputs = [_dequantize(node, 0, "a"), weight]
    alpha = node.real("alpha", 1.0)
    if node.has_input(6):
        # The bias has the scale of the product, alpha included.
        inputs.append(_bias(node, 6, node.constant(1), node.constant(4), alpha))
    attributes = {
        "alpha": alpha,
        "transA": int(node.flag("transA")),
        "transB": int(is_transposed),
    }
    if node.has_input(7):
        product = node.part("float")
        node.expand("Gemm", inputs, product, node.proto.name, attributes)
        _quantize(node, product, (7, 8), 0)
    else:
        node.expand("Gemm", inputs, node.proto.output[0], node.proto.name, attributes)


def _dequantize(node: Node, index: int, suffix: str, axis: int = 1) -> str:
    """Read the dequantisation of an input and the scale and zero point after it."""
    node.operand(index)
    node.operand(index + 1)
    last = index + 3 if node.has_input(index + 2) else index + 2
    output = node.part(f"{suffix}_dequantized")
    node.expand("DequantizeLinear", node.proto.input[index:last], output, attributes={"axis": axis})
    return output


def _bias(
    node: Node, index: int, data_scale: Constant, weight_scale: Constant, factor: float = 1.0
) -> str:
    """Read an int32 bias, whose scale is the product of the two others."""
    product = data_scale.read().astype(np.float64) * weight_scale.read().astype(np.float64)
    scale = (product * factor).astype(np.float32).reshape(-1)
    if scale.size > 1 and node.constant(index).shape != scale.shape:
        raise node.error(
            InvalidArgument,
            f"{node.input_label(index)} is {shape_text(node.constant(index).shape)} for "
            f"{scale.size} scales",
        )
    scales = node.part("bias_scale", scale.reshape(()) if scale.size == 1 else scale)
    output = node.part("bias_dequantized")
    node.expand(
        "DequantizeLinear", [node.proto.input[index], scales], output, attributes={"axis": 0}
    )
    return output


def _finish(
    node: Node, op: str, inputs: list[str], quantization: tuple[int, int], like: int
) -> None:
    """Read the float operator and the quantisation of its result."""
    attributes = {}
    for name in _KEPT:
        attribute = node.attribute(name)
        if attribute is not None:
            attributes[name] = helper.get_attribute_value(attribute)
    product = node.part("float")
    node.expand(op, inputs, product, node.proto.name, attributes)
    _quantize(node, product, quantization, like)


def _quantize(node: Node, product: str, quantization: tuple[int, int], like: int) -> None:
    """Read the quantisation of the result, in the dtype of an input where nothing says it."""
    scale, zero_point = quantization
    node.operand(scale)
    inputs = [product, node.proto.input[scale]]
    if node.has_input(zero_point):
        inputs.append(node.proto.input[zero_point])
    else:
        operand = node.operand(like)
        dtype = (
            operand.dtype if isinstance(operand, Value) else str(node.constant(like).read().dtype)
        )
        inputs.append(node.part("zero_point", np.zeros((), dtype)))
    node.expand("QuantizeLinear", inputs, node.proto.output[0])
