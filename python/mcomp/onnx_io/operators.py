"""The operators of ONNX that are read, and what reads each: the only list of them."""

from __future__ import annotations

from collections.abc import Callable

from .node import Node
from .read_constants import (
    read_cast,
    read_constant,
    read_constant_of_shape,
    read_gather,
    read_shape,
)
from .read_elementwise import read_clip, read_dropout, read_identity, read_relu, read_softmax
from .read_linear import read_add, read_batch_normalization, read_gemm, read_mat_mul, read_sum
from .read_quantization import read_dequantize_linear, read_quantize_linear
from .read_shapes import (
    read_concat,
    read_flatten,
    read_global_average_pool,
    read_pad,
    read_reduce_mean,
    read_reshape,
    read_slice,
    read_squeeze,
    read_transpose,
    read_unsqueeze,
)
from .read_windows import read_average_pool, read_conv, read_max_pool

OPERATORS: dict[str, Callable[[Node], None]] = {
    "Add": read_add,
    "AveragePool": read_average_pool,
    "BatchNormalization": read_batch_normalization,
    "Cast": read_cast,
    "Clip": read_clip,
    "Concat": read_concat,
    "Constant": read_constant,
    "ConstantOfShape": read_constant_of_shape,
    "Conv": read_conv,
    "DequantizeLinear": read_dequantize_linear,
    "Dropout": read_dropout,
    "Flatten": read_flatten,
    "Gather": read_gather,
    "Gemm": read_gemm,
    "GlobalAveragePool": read_global_average_pool,
    "Identity": read_identity,
    "MatMul": read_mat_mul,
    "MaxPool": read_max_pool,
    "Pad": read_pad,
    "QuantizeLinear": read_quantize_linear,
    "ReduceMean": read_reduce_mean,
    "Relu": read_relu,
    "Reshape": read_reshape,
    "Shape": read_shape,
    "Slice": read_slice,
    "Softmax": read_softmax,
    "Squeeze": read_squeeze,
    "Sum": read_sum,
    "Transpose": read_transpose,
    "Unsqueeze": read_unsqueeze,
}
