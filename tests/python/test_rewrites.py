"""Networks as converters write them: they give onnxruntime's output without what converters add.

Every file here has the axes, or the spelling, of another framework; ``libmcomp/docs/rewrites.md``
says what becomes of it.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper
from onnx_build import integers, make_model
from onnx_compare import check_against

import mcomp


class File:
    """A file under construction: each call adds nodes and gives the name of their result."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, np.ndarray] = {}

    def constant(self, array: np.ndarray) -> str:
        name = f"c{len(self.constants)}"
        self.constants[name] = array
        return name

    def weight(self, *shape: int) -> str:
        """Random numbers that keep the size of what they multiply."""
        inputs = int(np.prod(shape[1:])) if len(shape) > 1 else 1
        values = self.random.standard_normal(shape) / np.sqrt(inputs)
        return self.constant(values.astype(np.float32))

    def number(self, value: float) -> str:
        return self.constant(np.array(value, np.float32))

    def node(self, op: str, *inputs: str, **attributes: object) -> str:
        name = f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], name=name, **attributes))
        return name

    def to_nchw(self, x: str) -> str:
        return self.node("Transpose", x, perm=[0, 3, 1, 2])

    def to_nhwc(self, x: str) -> str:
        return self.node("Transpose", x, perm=[0, 2, 3, 1])

    def nhwc_conv(
        self, x: str, inputs: int, outputs: int, kernel: int, **attributes: object
    ) -> str:
        """A Conv2D with its bias as TensorFlow has it: channels last, BiasAdd apart."""
        weight = self.weight(outputs, inputs, kernel, kernel)
        y = self.node("Conv", self.to_nchw(x), weight, **attributes)
        return self.node("Add", self.to_nhwc(y), self.weight(outputs))

    def nhwc_batchnorm(self, x: str, channels: int) -> str:
        """FusedBatchNorm folded by the converter into a scale and a shift of the last axis."""
        return self.node("Add", self.node("Mul", x, self.weight(channels)), self.weight(channels))

    def nhwc_pad(self, x: str, before: int, after: int) -> str:
        pads = integers(0, before, before, 0, 0, after, after, 0)
        return self.node("Pad", x, self.constant(pads))

    def model(self, result: str, *shape: int) -> onnx.ModelProto:
        self.nodes.append(helper.make_node("Identity", [result], ["y"]))
        return make_model(self.nodes, self.constants, inputs={"x": ["N", *shape]})


def operators_of(model: mcomp.Model) -> Counter[str]:
    return Counter(node.op for node in model.nodes)


def relu6(file: File, x: str) -> str:
    return file.node("Min", file.node("Relu", x), file.number(6))


def mobilenet(file: File) -> str:
    """TensorFlow: scaled input, padding of its own before strides, linear bottlenecks, Relu6."""
    x = file.node("Sub", file.node("Mul", "x", file.number(2)), file.number(0.5))
    y = file.nhwc_conv(file.nhwc_pad(x, 0, 1), 3, 8, 3, strides=[2, 2])
    y = relu6(file, file.nhwc_batchnorm(y, 8))
    for stride in (1, 2):
        z = relu6(file, file.nhwc_batchnorm(file.nhwc_conv(y, 8, 16, 1), 16))
        if stride == 2:
            z = file.nhwc_pad(z, 0, 1)
        pads = [1, 1, 1, 1] if stride == 1 else [0, 0, 0, 0]
        z = file.nhwc_conv(z, 1, 16, 3, group=16, pads=pads, strides=[stride, stride])
        z = relu6(file, file.nhwc_batchnorm(z, 16))
        z = file.nhwc_batchnorm(file.nhwc_conv(z, 16, 8, 1), 8)
        y = file.node("Add", y, z) if stride == 1 else z
    y = file.node("ReduceMean", y, axes=[1, 2], keepdims=0)
    y = file.node("Add", file.node("MatMul", y, file.weight(8, 5)), file.weight(5))
    return file.node("Softmax", y, axis=-1)


def test_mobilenet_of_tensorflow(tmp_path: Path) -> None:
    file = File(1)
    proto = file.model(mobilenet(file), 16, 16, 3)
    model = check_against(proto, tmp_path)
    assert Counter(node.op_type for node in proto.graph.node)["Transpose"] == 14
    assert model.nodes[0].op == "Transpose"
    assert operators_of(model) == Counter(
        Transpose=1,
        BatchNormalization=1,  # of the input: what is padded is not shifted
        Conv=7,
        GlobalAveragePool=1,
        Flatten=1,
        Gemm=1,
        Softmax=1,
    )


def residual_block(file: File, x: str, channels: int) -> str:
    y = file.node("Relu", file.nhwc_batchnorm(file.nhwc_conv(x, channels, channels, 1), channels))
    y = file.nhwc_conv(file.nhwc_pad(y, 1, 1), channels, channels, 3)
    y = file.node("Relu", file.nhwc_batchnorm(y, channels))
    y = file.nhwc_batchnorm(file.nhwc_conv(y, channels, channels, 1), channels)
    return file.node("Relu", file.node("Add", y, x))


def test_resnet_of_keras(tmp_path: Path) -> None:
    """Padding before the pool is 0, and so is what a Relu leaves."""
    file = File(2)
    y = file.nhwc_conv(file.nhwc_pad("x", 3, 3), 3, 8, 7, strides=[2, 2])
    y = file.nhwc_pad(file.node("Relu", file.nhwc_batchnorm(y, 8)), 1, 1)
    y = file.to_nhwc(file.node("MaxPool", file.to_nchw(y), kernel_shape=[3, 3], strides=[2, 2]))
    y = residual_block(file, residual_block(file, y, 8), 8)
    y = file.to_nhwc(file.node("GlobalAveragePool", file.to_nchw(y)))
    y = file.node("Squeeze", y, file.constant(integers(1, 2)))
    y = file.node("Add", file.node("MatMul", y, file.weight(8, 5)), file.weight(5))
    proto = file.model(y, 20, 18, 3)
    model = check_against(proto, tmp_path)
    assert operators_of(model) == Counter(
        Transpose=1, Conv=7, MaxPool=1, GlobalAveragePool=1, Flatten=1, Gemm=1
    )
    assert model.nodes[0].op == "Transpose"
    assert model.simplify_info["paddings_merged"] == 4
    assert model.simplify_info["residuals_fused"] == 2


def hard_swish(file: File, x: str, form: int) -> str:
    clipped = relu6(file, file.node("Add", x, file.number(3)))
    if form == 0:
        return file.node("Div", file.node("Mul", x, clipped), file.number(6))
    return file.node("Mul", x, file.node("Mul", clipped, file.number(1 / 6)))


@pytest.mark.parametrize("form", [0, 1])
def test_squeeze_and_excite_of_tensorflow(form: int, tmp_path: Path) -> None:
    file = File(3)
    y = hard_swish(file, file.nhwc_batchnorm(file.nhwc_conv("x", 3, 8, 3), 8), form)
    gate = file.node("ReduceMean", y, axes=[1, 2], keepdims=1)
    gate = file.node("Relu", file.nhwc_conv(gate, 8, 4, 1))
    gate = file.nhwc_conv(gate, 4, 8, 1)
    gate = file.node("Div", relu6(file, file.node("Add", gate, file.number(3))), file.number(6))
    y = file.nhwc_conv(file.node("Mul", gate, y), 8, 4, 1)
    y = file.node("Flatten", y)
    y = file.node("MatMul", y, file.weight(4 * 9 * 7, 6))
    model = check_against(file.model(y, 11, 9, 3), tmp_path)
    assert operators_of(model) == Counter(
        Transpose=1,
        Conv=4,
        HardSwish=1,
        GlobalAveragePool=1,
        HardSigmoid=1,
        Mul=1,
        Flatten=1,
        Gemm=1,
    )


def test_images_in_and_out(tmp_path: Path) -> None:
    """One Transpose at the input, one at the output, past a Concat of channels that come last."""
    file = File(4)
    a = file.node("Relu", file.nhwc_conv("x", 3, 4, 3, pads=[1, 1, 1, 1]))
    b = file.node("LeakyRelu", file.nhwc_conv("x", 3, 5, 1), alpha=0.1)
    y = file.nhwc_batchnorm(file.node("Concat", a, b, axis=-1), 9)
    y = file.node("PRelu", y, file.weight(9))
    y = file.node("Softmax", file.nhwc_conv(y, 9, 3, 1), axis=-1)
    model = check_against(file.model(y, 8, 7, 3), tmp_path)
    operators = [node.op for node in model.nodes]
    assert operators[0] == operators[-1] == "Transpose"
    assert operators.count("Transpose") == 2


def test_scale_layers_of_caffe(tmp_path: Path) -> None:
    """BatchNorm and Scale are two layers; Scale becomes Mul and Add of [C, 1, 1]."""
    file = File(5)
    branches = []
    for kernel in (1, 3):
        pad = kernel // 2
        y = file.node("Conv", "x", file.weight(4, 3, kernel, kernel), pads=[pad] * 4)
        statistics = [file.constant(np.full(4, value, np.float32)) for value in (1, 0, 0.25, 2)]
        branches.append(file.node("BatchNormalization", y, *statistics))
    y = file.node("Concat", *branches, axis=1)
    y = file.node("Add", file.node("Mul", y, file.weight(8, 1, 1)), file.weight(8, 1, 1))
    y = file.node("AveragePool", file.node("Relu", y), kernel_shape=[6, 5])
    y = file.node("Reshape", y, file.constant(integers(0, -1)))
    y = file.node("Gemm", y, file.weight(5, 8), file.weight(5), transB=1)
    model = check_against(file.model(y, 3, 6, 5), tmp_path)
    assert operators_of(model) == Counter(
        Conv=2, Concat=1, Relu=1, GlobalAveragePool=1, Flatten=1, Gemm=1
    )


def test_preprocessing_of_mxnet(tmp_path: Path) -> None:
    """Numbers are subtracted and multiplied, then the data normalised; a Pad comes later."""
    file = File(6)
    x = file.node("Mul", file.node("Sub", "x", file.number(0.4)), file.number(1.5))
    statistics = [file.weight(3), file.weight(3), file.weight(3)]
    variance = file.constant(np.array([0.5, 1, 2], np.float32))
    x = file.node("BatchNormalization", x, *statistics, variance)
    unpadded = file.node("Conv", x, file.weight(4, 3, 3, 3))
    y = file.node(
        "Pad", file.node("Relu", unpadded), file.constant(integers(0, 0, 1, 1, 0, 0, 1, 1))
    )
    y = file.node("Conv", y, file.weight(4, 4, 3, 3), file.weight(4), strides=[2, 2])
    y = file.node("Dropout", file.node("Flatten", y))
    y = file.node("Gemm", y, file.weight(5, 4 * 3 * 3), transB=1)
    model = check_against(file.model(y, 3, 8, 8), tmp_path)
    assert operators_of(model) == Counter(Conv=2, Flatten=1, Gemm=1)
