"""The operators of ONNX that are read, and what reads each: the only list of them."""

from __future__ import annotations

from collections.abc import Callable

import onnx

from .._errors import Unsupported
from .fold import COMPUTED
from .node import Node
from .node_check import CONTRIB_DOMAIN
from .read_activations import (
    read_bound,
    read_clip,
    read_dropout,
    read_hard_sigmoid,
    read_hard_swish,
    read_identity,
    read_leaky_relu,
    read_prelu,
    read_relu,
    read_sigmoid,
    read_softmax,
)
from .read_arithmetic import read_binary, read_mean, read_neg, read_sum
from .read_constants import (
    read_cast,
    read_constant,
    read_constant_of_shape,
    read_expand,
    read_shape,
    read_size,
)
from .read_linear import read_batch_normalization, read_gemm, read_mat_mul
from .read_moves import read_concat, read_gather, read_slice, read_split
from .read_pad import read_pad
from .read_qlinear import (
    read_qgemm,
    read_qlinear_binary,
    read_qlinear_concat,
    read_qlinear_conv,
    read_qlinear_mat_mul,
    read_qlinear_softmax,
    read_qlinear_unary,
)
from .read_quantization import read_dequantize_linear, read_quantize_linear
from .read_reductions import read_global_pool, read_lrn, read_reduction
from .read_shapes import (
    read_flatten,
    read_reshape,
    read_squeeze,
    read_transpose,
    read_unsqueeze,
)
from .read_windows import read_average_pool, read_conv, read_max_pool
from .refusals import REASONS
from .structure import DEFAULT_DOMAINS

Reader = Callable[[Node], None]

#: Operators of the default domain.
OPERATORS: dict[str, Reader] = {
    "Add": read_binary,
    "AveragePool": read_average_pool,
    "BatchNormalization": read_batch_normalization,
    "Cast": read_cast,
    "Clip": read_clip,
    "Concat": read_concat,
    "Constant": read_constant,
    "ConstantOfShape": read_constant_of_shape,
    "Conv": read_conv,
    "DequantizeLinear": read_dequantize_linear,
    "Div": read_binary,
    "Dropout": read_dropout,
    "Expand": read_expand,
    "Flatten": read_flatten,
    "Gather": read_gather,
    "Gemm": read_gemm,
    "GlobalAveragePool": read_global_pool,
    "GlobalMaxPool": read_global_pool,
    "HardSigmoid": read_hard_sigmoid,
    "HardSwish": read_hard_swish,
    "Identity": read_identity,
    "LRN": read_lrn,
    "LeakyRelu": read_leaky_relu,
    "MatMul": read_mat_mul,
    "Max": read_bound,
    "MaxPool": read_max_pool,
    "Mean": read_mean,
    "Min": read_bound,
    "Mul": read_binary,
    "Neg": read_neg,
    "PRelu": read_prelu,
    "Pad": read_pad,
    "QLinearConv": read_qlinear_conv,
    "QLinearMatMul": read_qlinear_mat_mul,
    "QuantizeLinear": read_quantize_linear,
    "ReduceMax": read_reduction,
    "ReduceMean": read_reduction,
    "Relu": read_relu,
    "Reshape": read_reshape,
    "Shape": read_shape,
    "Sigmoid": read_sigmoid,
    "Size": read_size,
    "Slice": read_slice,
    "Softmax": read_softmax,
    "Split": read_split,
    "Squeeze": read_squeeze,
    "Sub": read_binary,
    "Sum": read_sum,
    "Transpose": read_transpose,
    "Unsqueeze": read_unsqueeze,
}

#: Operators of onnxruntime.
CONTRIB_OPERATORS: dict[str, Reader] = {
    "QGemm": read_qgemm,
    "QLinearAdd": read_qlinear_binary,
    "QLinearAveragePool": read_qlinear_unary,
    "QLinearConcat": read_qlinear_concat,
    "QLinearGlobalAveragePool": read_qlinear_unary,
    "QLinearLeakyRelu": read_qlinear_unary,
    "QLinearMul": read_qlinear_binary,
    "QLinearSigmoid": read_qlinear_unary,
    "QLinearSoftmax": read_qlinear_softmax,
}


_OF_CONSTANTS = "is computed of constants, not of activations"


def _refuse_activation(node: Node) -> None:
    raise node.error(Unsupported, _OF_CONSTANTS)


def find_reader(proto: onnx.NodeProto) -> Reader | None:
    """Find what reads a node; None where its operator is not read."""
    if proto.domain == CONTRIB_DOMAIN:
        return CONTRIB_OPERATORS.get(proto.op_type)
    if proto.domain not in DEFAULT_DOMAINS:
        return None
    return OPERATORS.get(proto.op_type, _refuse_activation if proto.op_type in COMPUTED else None)


def why_not_read(proto: onnx.NodeProto, reads_unread: bool) -> str | None:
    """Say why an operator is not read, whatever its attributes and shapes; None where it is.

    Parameters
    ----------
    proto : onnx.NodeProto
    reads_unread : bool
        Whether an input is an activation that could not be read.
    """
    reader = find_reader(proto)
    if reader is None:
        known = proto.domain == CONTRIB_DOMAIN or proto.domain in DEFAULT_DOMAINS
        own = REASONS.get(proto.op_type) if known else None
        return own or "is not an operator that is read; libmcomp/docs/onnx.md lists them"
    return _OF_CONSTANTS if reads_unread and reader is _refuse_activation else None
