"""Random pieces of 8-bit networks: one operator between quantised values, moved about."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx_build import make_model, node, run_onnxruntime

import mcomp

#: Of the result.
STEP = np.float32(0.25)


class Piece:
    """Nodes of Q/DQ around float operators."""

    def __init__(self, draw: Callable) -> None:
        self.draw = draw
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, np.ndarray] = {}
        self.random = np.random.default_rng(draw(st.integers(0, 31)))

    def parameters(self, name: str, scale: float) -> list[str]:
        dtype = self.draw(st.sampled_from([np.uint8, np.int8]))
        zero = self.draw(st.integers(100, 140)) - (128 if dtype == np.int8 else 0)
        self.constants |= {f"{name}s": np.float32(scale), f"{name}z": dtype(zero)}
        return [f"{name}s", f"{name}z"]

    def quantized(self, value: str, name: str, scale: float) -> str:
        given = self.parameters(name, scale)
        self.nodes.append(node("QuantizeLinear", [value, *given], f"{name}_q", f"{name}_q"))
        self.nodes.append(node("DequantizeLinear", [f"{name}_q", *given], f"{name}_d"))
        return f"{name}_d"

    def weight(self, name: str, *shape: int) -> str:
        self.constants[f"{name}i"] = self.random.integers(-127, 128, shape).astype(np.int8)
        count = shape[0] if self.draw(st.booleans()) else 0
        scales = (self.random.random(count or 1) * 0.01 + 0.002).astype(np.float32)
        self.constants[f"{name}s"] = scales if count else scales[0]
        axis = {"axis": 0} if count else {}
        self.nodes.append(node("DequantizeLinear", [f"{name}i", f"{name}s"], name, **axis))
        return name

    def moved(self, value: str, name: str) -> str:
        """What moves elements is done on integers: a maximum, a slice, a transpose, padding."""
        kind = self.draw(st.sampled_from(["none", "MaxPool", "Transpose", "Slice", "Pad"]))
        inputs, attributes = [value], {}
        if kind == "none":
            return value
        if kind == "MaxPool":
            attributes = {"kernel_shape": [2, 2], "strides": [1, 1], "pads": [0, 1, 1, 0]}
        elif kind == "Transpose":
            attributes = {"perm": [0, 1, 3, 2]}
        elif kind == "Slice":
            for suffix, number in (("b", 1), ("e", 100), ("a", 3)):
                self.constants[f"{name}{suffix}"] = np.array([number], np.int64)
                inputs.append(f"{name}{suffix}")
        else:
            self.constants[f"{name}p"] = np.array([0, 0, 1, 0, 0, 0, 0, 2], np.int64)
            inputs.append(f"{name}p")
        self.nodes.append(node(kind, inputs, name, **attributes))
        return name


@st.composite
def pieces(draw: Callable) -> onnx.ModelProto:
    """Quantised input, moves, one operator, perhaps an activation, quantised result."""
    piece = Piece(draw)
    value = piece.moved(piece.quantized("x", "x", 0.03), "m0")
    kind = draw(
        st.sampled_from(["Conv", "Depthwise", "Add", "Concat", "Average", "Global", "Gemm"])
    )
    if kind in ("Conv", "Depthwise"):
        depthwise = kind == "Depthwise"
        weight = piece.weight("w", 4, 1 if depthwise else 4, 2, 3)
        group = {"group": 4} if depthwise else {}
        piece.nodes.append(node("Conv", [value, weight], "y0", pads=[1, 0, 0, 1], **group))
    elif kind in ("Add", "Concat"):
        other = piece.quantized(value, "o", draw(st.sampled_from([0.03, 0.05])))
        axis = {"axis": 1} if kind == "Concat" else {}
        piece.nodes.append(node(kind, [value, other], "y0", "joined", **axis))
    elif kind == "Average":
        window = {"kernel_shape": [3, 2], "pads": [1, 1, 1, 0]}
        piece.nodes.append(node("AveragePool", [value], "y0", **window))
    else:
        piece.nodes.append(node("GlobalAveragePool", [value], "y0" if kind == "Global" else "p"))
        if kind == "Gemm":
            flat = piece.quantized("p", "g", 0.02)
            piece.nodes.append(node("Flatten", [flat], "f"))
            piece.nodes.append(node("Gemm", ["f", piece.weight("w", 3, 4)], "y0", transB=1))
    result = "y0"
    if draw(st.booleans()) and kind != "Concat":
        piece.nodes.append(node("Relu", [result], "y1"))
        result = "y1"
    piece.quantized(result, "r", float(STEP))
    return make_model(piece.nodes, piece.constants, inputs={"x": ["N", 4, 6, 5]}, outputs=["r_d"])


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(proto=pieces())
def test_random_piece(proto: onnx.ModelProto, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Ours is within a step of what the graph says as written, nearly always equal to it."""
    path: Path = tmp_path_factory.mktemp("piece") / "m.onnx"
    path.write_bytes(proto.SerializeToString())
    x = np.random.default_rng(3).standard_normal((3, 4, 6, 5)).astype(np.float32)
    expected = run_onnxruntime(proto, {"x": x})[0]
    with mcomp.read_onnx(path) as model:
        found = model.run(x, "ref")
        assert np.array_equal(model.run(x, "cpu"), found)
        steps = np.abs(found - expected) / STEP
        assert steps.max() < 1.001
        assert (steps > 0.5).sum() <= max(2, 0.05 * steps.size)
        assert {value.dtype for value in model.values} & {"uint8", "int8"}
        model.write_onnx(path.with_name("again.onnx"))
        with mcomp.read_onnx(path.with_name("again.onnx")) as again:
            assert np.array_equal(again.run(x, "ref"), found)
