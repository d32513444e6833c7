"""Operators on 8-bit values: QLinearConv and its family, against onnxruntime's own kernels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper
from onnx_build import make_model, node, random, run_onnxruntime, write

import mcomp

MS = "com.microsoft"
#: Scales and zero points of what goes in and comes out.
SCALES = {"xs": np.float32(0.03), "ys": np.float32(0.11)}


class Quantized:
    """A float input that is quantised, nodes on 8-bit values, and their result dequantised."""

    def __init__(self, dtype: type[np.generic] = np.uint8, shape: Sequence[object] = ()) -> None:
        self.zero = {"xz": dtype(3 if dtype == np.int8 else 128), "yz": dtype(5)}
        self.constants: dict[str, np.ndarray] = {**SCALES, **self.zero}
        self.nodes = [node("QuantizeLinear", ["x", "xs", "xz"], "q", name="quantize1")]
        self.shape = list(shape) or ["N", 4, 6, 7]

    def then(
        self, op: str, inputs: Sequence[str], domain: str = MS, **attributes: object
    ) -> Quantized:
        self.nodes.append(
            helper.make_node(op, list(inputs), ["r"], name="op1", domain=domain, **attributes)
        )
        return self

    def weight(self, array: np.ndarray, scale: np.ndarray, zero: np.ndarray) -> Quantized:
        self.constants |= {"w": array, "ws": scale, "wz": zero}
        return self

    def model(self, opset: int = 17) -> onnx.ModelProto:
        nodes = [*self.nodes, node("DequantizeLinear", ["r", "ys", "yz"], name="dequantize1")]
        model = make_model(nodes, self.constants, inputs={"x": self.shape}, opset=opset)
        model.opset_import.append(helper.make_opsetid(MS, 1))
        output = helper.make_tensor_value_info("y", 1, self.output_shape)
        model.graph.output[0].CopyFrom(output)
        return model

    output_shape: Sequence[object] = ("N", 4, 6, 7)

    def giving(self, *shape: object) -> Quantized:
        self.output_shape = shape
        return self


def integers(dtype: type[np.generic], *shape: int, seed: int = 3) -> np.ndarray:
    low = -100 if dtype == np.int8 else 20
    return np.random.default_rng(seed).integers(low, low + 200, shape).astype(dtype)


def conv(channel_scales: bool, bias: bool, dtype: type[np.generic] = np.uint8) -> onnx.ModelProto:
    made = Quantized(dtype)
    scale = np.array([0.004, 0.002, 0.003], np.float32) if channel_scales else np.float32(0.004)
    zero = np.zeros(np.shape(scale), np.int8)
    made.weight(integers(np.int8, 3, 4, 3, 3), scale, zero)
    names = ["q", "xs", "xz", "w", "ws", "wz", "ys", "yz"]
    if bias:
        made.constants["b"] = np.array([100, -2000, 3000], np.int32)
        names.append("b")
    made.then("QLinearConv", names, "", pads=[1, 1, 1, 1], strides=[2, 1])
    return made.giving("N", 3, 3, 7).model()


def mat_mul(shape: Sequence[object], weight: np.ndarray, scale: np.ndarray) -> onnx.ModelProto:
    zero = np.full(np.shape(scale), 4, weight.dtype)
    made = Quantized(shape=shape).weight(weight, scale, zero)
    names = ["q", "xs", "xz", "w", "ws", "wz", "ys", "yz"]
    return made.then("QLinearMatMul", names, "").giving(*shape[:-1], weight.shape[-1]).model()


def gemm(bias: bool, is_float: bool, transposed: bool) -> onnx.ModelProto:
    weight = integers(np.int8, 5, 6) if transposed else integers(np.int8, 6, 5)
    scale = np.linspace(0.002, 0.006, 5).astype(np.float32)
    made = Quantized(shape=["N", 6]).weight(weight, scale, np.zeros(5, np.int8))
    names = ["q", "xs", "xz", "w", "ws", "wz", "b" if bias else ""]
    made.constants |= {"b": np.arange(-200, 300, 100).astype(np.int32)} if bias else {}
    names += [] if is_float else ["ys", "yz"]
    made.then("QGemm", names, transB=int(transposed), alpha=1.0).giving("N", 5)
    model = made.model()
    if is_float:
        model.graph.node.pop()
        model.graph.node[-1].output[0] = "y"
    return model


def binary(op: str, *, constant: bool) -> onnx.ModelProto:
    made = Quantized()
    made.constants |= {"w": integers(np.uint8, 4, 1, 1), "ws": np.float32(0.05)}
    made.constants["wz"] = np.uint8(100)
    second = ["w", "ws", "wz"] if constant else ["q", "xs", "xz"]
    return made.then(op, ["q", "xs", "xz", *second, "ys", "yz"]).model()


def unary(
    op: str, *shape: object, dtype: type[np.generic] = np.uint8, **attributes: object
) -> onnx.ModelProto:
    made = Quantized(dtype).then(op, ["q", "xs", "xz", "ys", "yz"], **attributes)
    return made.giving(*shape or ("N", 4, 6, 7)).model()


def concat() -> onnx.ModelProto:
    made = Quantized()
    made.nodes.append(node("MaxPool", ["q"], "p", kernel_shape=[3, 3], pads=[1, 1, 1, 1]))
    names = ["ys", "yz", "q", "xs", "xz", "p", "xs", "xz"]
    return made.then("QLinearConcat", names, axis=1).giving("N", 8, 6, 7).model()


FORMS: dict[str, tuple[Callable[[], onnx.ModelProto], str | None]] = {
    "convolution": (lambda: conv(False, False), "Conv"),
    "convolution with a bias": (lambda: conv(False, True), "Conv"),
    "convolution with scales": (lambda: conv(True, True), "Conv"),
    "convolution of int8": (lambda: conv(True, True, np.int8), "Conv"),
    "product": (
        lambda: mat_mul(["N", 6], integers(np.uint8, 6, 5), np.float32(0.01)),
        "Gemm",
    ),
    "product with scales": (
        lambda: mat_mul(
            ["N", 6], integers(np.int8, 6, 5), np.linspace(0.002, 0.006, 5).astype(np.float32)
        ),
        "Gemm",
    ),
    "product of rank 3": (
        lambda: mat_mul(["N", 3, 6], integers(np.int8, 6, 5), np.float32(0.01)),
        None,
    ),
    "gemm": (lambda: gemm(True, False, True), "Gemm"),
    "gemm without a bias": (lambda: gemm(False, False, False), "Gemm"),
    "gemm to floats": (lambda: gemm(True, True, True), None),
    "sum": (lambda: binary("QLinearAdd", constant=False), "Add"),
    "sum with a constant": (lambda: binary("QLinearAdd", constant=True), None),
    "product of elements": (lambda: binary("QLinearMul", constant=False), None),
    "product with a constant": (lambda: binary("QLinearMul", constant=True), None),
    "global mean": (
        lambda: unary("QLinearGlobalAveragePool", "N", 4, 1, 1, channels_last=0),
        "GlobalAveragePool",
    ),
    "mean": (
        lambda: unary("QLinearAveragePool", "N", 4, 3, 3, kernel_shape=[2, 2], strides=[2, 2]),
        "AveragePool",
    ),
    "sigmoid": (lambda: unary("QLinearSigmoid"), None),
    "leaky relu": (lambda: unary("QLinearLeakyRelu", alpha=0.2), None),
    "softmax": (lambda: unary("QLinearSoftmax", axis=-1, opset=13), None),
    "concat": (concat, "Concat"),
}


@pytest.mark.parametrize("name", FORMS)
def test_form(name: str, tmp_path: Path) -> None:
    """Ours is within one step of onnxruntime's, and equal nearly everywhere."""
    make, integer_node = FORMS[name]
    proto = make()
    path = write(proto, tmp_path)
    dims = proto.graph.input[0].type.tensor_type.shape.dim[1:]
    x = random(5, *(dim.dim_value for dim in dims), seed=9)
    expected = run_onnxruntime(proto, {"x": x})[0]
    step = 1e-6 if name == "gemm to floats" else float(SCALES["ys"])
    assert len(np.unique(expected)) > 4
    with mcomp.read_onnx(path) as model:
        dtypes = {value.name: value.dtype for value in model.values}
        found_integer = {n.op for n in model.nodes if dtypes[n.output] != "float32"}
        assert integer_node is None or integer_node in found_integer
        for device in ("ref", "cpu"):
            steps = np.abs(model.run(x, device) - expected) / step
            assert steps.max() < 1.001
            assert (steps > 0.5).mean() < 0.03
        model.write_onnx(tmp_path / "again.onnx")
        with mcomp.read_onnx(tmp_path / "again.onnx") as again:
            assert np.array_equal(again.run(x, "ref"), model.run(x, "ref"))
    with mcomp.read_onnx(path, simplify=False) as written:
        if any(n.op in ("Conv", "Gemm", "MatMul") for n in written.nodes):
            return  # weights are dequantised when the network is simplified
        steps = np.abs(written.run(x, "ref") - expected) / step
        assert steps.max() < 1.001


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda n: n.input.__setitem__(1, ""), "input 1 is left out"),
        (lambda n: n.input.append("xs"), "9 inputs, takes 7 to 8"),
        (lambda n: n.attribute.append(helper.make_attribute("axis", 1)), "'axis'"),
    ],
)
def test_wrong_nodes_are_refused(
    change: Callable[[onnx.NodeProto], None], words: str, tmp_path: Path
) -> None:
    model = binary("QLinearAdd", constant=False)
    change(model.graph.node[1])
    with pytest.raises(mcomp.MCompError) as caught:
        mcomp.read_onnx(write(model, tmp_path))
    assert "node 'op1' (com.microsoft:QLinearAdd)" in str(caught.value)
    assert words in str(caught.value)
