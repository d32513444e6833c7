"""Operator sets 1 to 12 as old exporters wrote them: the same network as of a newer set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx_build import integers, make_model, node, ones, random, write
from onnx_compare import check_against

import mcomp

Pair = tuple[onnx.ModelProto, onnx.ModelProto]


def old(
    nodes: list[onnx.NodeProto], constants: dict[str, np.ndarray] | None = None, opset: int = 6
) -> onnx.ModelProto:
    """A model of IR version 3, where initialisers are inputs too and the batch is 2."""
    model = make_model(nodes, constants, inputs={"x": [2, 3, 8, 8]}, opset=opset, ir_version=3)
    for tensor in model.graph.initializer:
        model.graph.input.append(
            helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims)
        )
    return model


def new(
    nodes: list[onnx.NodeProto], constants: dict[str, np.ndarray] | None = None
) -> onnx.ModelProto:
    return make_model(nodes, constants, inputs={"x": [2, 3, 8, 8]})


def statistics(*shape: int) -> dict[str, np.ndarray]:
    names = {"scale": 2, "shift": 3, "mean": 4}
    found = {name: random(*shape, seed=seed) for name, seed in names.items()}
    return {**found, "variance": np.abs(random(*shape, seed=5)) + np.float32(0.1)}


def binary(op: str, opset: int, constant: np.ndarray, aligned: np.ndarray, **old_form: int) -> Pair:
    return (
        old([node(op, ["x", "c"], **old_form)], {"c": constant}, opset),
        new([node(op, ["x", "c"])], {"c": aligned}),
    )


def batch_normalization(opset: int, **attributes: object) -> Pair:
    names = ["x", "scale", "shift", "mean", "variance"]
    return (
        old([node("BatchNormalization", names, epsilon=1e-3, **attributes)], statistics(3), opset),
        new([node("BatchNormalization", names, epsilon=1e-3)], statistics(3)),
    )


def spatial_0() -> Pair:
    given = statistics(3, 8, 8)
    factor = given["scale"] / np.sqrt(given["variance"] + np.float32(1e-5))
    addend = given["shift"] - given["mean"] * factor
    names = ["x", *given]
    return (
        old([node("BatchNormalization", names, spatial=0)], given, 7),
        new(
            [node("Mul", ["x", "f"], "m"), node("Add", ["m", "a"])],
            {"f": factor, "a": addend},
        ),
    )


C = random(3) + np.float32(4)
PAIRS: dict[str, Callable[[], Pair]] = {
    "add of channels, 6": lambda: binary("Add", 6, C, C.reshape(3, 1, 1), broadcast=1, axis=1),
    "div by channels, 1": lambda: binary(
        "Div", 1, C, C.reshape(3, 1, 1), broadcast=1, axis=1, consumed_inputs=[0, 0]
    ),
    "sub of a row, 6": lambda: binary("Sub", 6, random(8), random(8), broadcast=1),
    "mul by images, 6": lambda: binary(
        "Mul", 6, random(3, 8), random(3, 8, 1), broadcast=1, axis=-3
    ),
    "mul by one number, 6": lambda: binary("Mul", 6, random(1), random(1), broadcast=1),
    "mul by a scalar at an axis, 6": lambda: binary(
        "Mul", 6, random(1), random(1), broadcast=1, axis=1
    ),
    "activations at an axis, 6": lambda: (
        old(
            [
                node("GlobalAveragePool", ["x"], "p"),
                node("Flatten", ["p"], "f"),
                node("Mul", ["x", "f"], broadcast=1, axis=0),
            ]
        ),
        new([node("GlobalAveragePool", ["x"], "p"), node("Mul", ["x", "p"])]),
    ),
    "constants with old broadcasting, 6": lambda: (
        old(
            [
                node("Mul", ["a", "b"], "c", broadcast=1, axis=0),
                node("Mul", ["x", "c"], broadcast=1, axis=1),
            ],
            {"a": random(3, 8, 8), "b": random(3)},
        ),
        new([node("Mul", ["x", "c"])], {"c": random(3, 8, 8) * random(3).reshape(3, 1, 1)}),
    ),
    "sum, 1": lambda: (
        old([node("Sum", ["x", "x"], consumed_inputs=[0, 0])], opset=1),
        new([node("Add", ["x", "x"])]),
    ),
    "batch normalisation, 1": lambda: batch_normalization(
        1, is_test=1, consumed_inputs=[0, 0, 0, 1, 1]
    ),
    "batch normalisation, 6": lambda: batch_normalization(6, is_test=1, momentum=0.5),
    "batch normalisation, 7": lambda: batch_normalization(7, spatial=1),
    "batch normalisation of elements, 7": spatial_0,
    "relu, 1": lambda: (
        old([node("Relu", ["x"], consumed_inputs=[0])], opset=1),
        new([node("Relu", ["x"])]),
    ),
    "clip, 1": lambda: (
        old([node("Clip", ["x"], min=-0.5, max=0.25, consumed_inputs=[0])], opset=1),
        new(
            [node("Clip", ["x", "low", "high"])],
            {"low": np.float32(-0.5), "high": np.float32(0.25)},
        ),
    ),
    "clip without bounds, 6": lambda: (
        old([node("Clip", ["x"], max=0.5)]),
        new([node("Clip", ["x", "", "high"])], {"high": np.float32(0.5)}),
    ),
    "leaky relu, 1": lambda: (
        old([node("LeakyRelu", ["x"], alpha=0.2, consumed_inputs=[0])], opset=1),
        new([node("LeakyRelu", ["x"], alpha=0.2)]),
    ),
    "prelu, 1": lambda: (
        old([node("PRelu", ["x", "s"], consumed_inputs=[0, 0])], {"s": random(3)}, 1),
        new([node("PRelu", ["x", "s"])], {"s": random(3).reshape(3, 1, 1)}),
    ),
    "prelu of one slope, 6": lambda: (
        old([node("PRelu", ["x", "s"])], {"s": random(1)}),
        new([node("PRelu", ["x", "s"])], {"s": random(1)}),
    ),
    "hard sigmoid, 1": lambda: (
        old([node("HardSigmoid", ["x"], consumed_inputs=[0])], opset=1),
        new([node("HardSigmoid", ["x"])]),
    ),
    "dropout, 1": lambda: (
        old(
            [
                helper.make_node(
                    "Dropout", ["x"], ["d", "mask"], is_test=1, ratio=0.3, consumed_inputs=[0]
                ),
                node("Relu", ["d"]),
            ],
            opset=1,
        ),
        new([node("Relu", ["x"])]),
    ),
    "reshape by attribute, 1": lambda: (
        old([node("Reshape", ["x"], shape=[0, -1], consumed_inputs=[0])], opset=1),
        new([node("Flatten", ["x"])]),
    ),
    "reshape to a batch that is fixed, 4": lambda: (
        old([node("Reshape", ["x"], shape=[2, 192])], opset=4),
        new([node("Flatten", ["x"])]),
    ),
    "concat along nothing that is said, 1": lambda: (
        old([node("Concat", ["x", "x"])], opset=1),
        new([node("Concat", ["x", "x"], axis=1)]),
    ),
    "pad by paddings, 1": lambda: (
        old([node("Pad", ["x"], paddings=[0, 0, 1, 2, 0, 0, 0, 3], value=0.5)], opset=1),
        new(
            [node("Pad", ["x", "p", "v"])],
            {"p": integers(0, 0, 1, 2, 0, 0, 0, 3), "v": np.float32(0.5)},
        ),
    ),
    "pad by reflection, 2": lambda: (
        old([node("Pad", ["x"], pads=[0, 0, 1, 2, 0, 0, 0, 3], mode="reflect")], opset=2),
        new([node("Pad", ["x", "p"], mode="reflect")], {"p": integers(0, 0, 1, 2, 0, 0, 0, 3)}),
    ),
    "cast by name, 1": lambda: (
        old(
            [node("Cast", ["c"], "f", to="FLOAT"), node("Add", ["x", "f"], broadcast=1)],
            {"c": np.arange(8)},
            1,
        ),
        new([node("Add", ["x", "f"])], {"f": np.arange(8).astype(np.float32)}),
    ),
    "split by input, 1": lambda: (
        old(
            [helper.make_node("Split", ["x", "s"], ["y", "z"], axis=2)],
            {"s": np.array([3, 5], np.float32)},
            1,
        ),
        new([helper.make_node("Split", ["x", "s"], ["y", "z"], axis=2)], {"s": integers(3, 5)}),
    ),
    "split by attribute, 2": lambda: (
        old([helper.make_node("Split", ["x"], ["y", "z"], axis=2, split=[3, 5])], opset=2),
        new([helper.make_node("Split", ["x", "s"], ["y", "z"], axis=2)], {"s": integers(3, 5)}),
    ),
    "gemm with its broadcast, 6": lambda: (
        old(
            [
                node("GlobalMaxPool", ["x"], "p"),
                node("Reshape", ["p", "s"], "f"),
                node("Gemm", ["f", "w", "b"], broadcast=1, transB=1),
            ],
            {"s": integers(2, 3), "w": random(4, 3), "b": random(4)},
        ),
        new(
            [
                node("GlobalMaxPool", ["x"], "p"),
                node("Flatten", ["p"], "f"),
                node("Gemm", ["f", "w", "b"], transB=1),
            ],
            {"w": random(4, 3), "b": random(4)},
        ),
    ),
    "convolution and pools, 1": lambda: (
        old(
            [
                node("Conv", ["x", "w"], "c", auto_pad="SAME_UPPER", kernel_shape=[3, 3]),
                node("AveragePool", ["c"], "a", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
                node("MaxPool", ["a"], "m", kernel_shape=[2, 2], strides=[2, 2]),
                node("LRN", ["m"], "l", size=3),
                node("Softmax", ["l"]),
            ],
            {"w": random(5, 3, 3, 3)},
            1,
        ),
        new(
            [
                node("Conv", ["x", "w"], "c", pads=[1, 1, 1, 1]),
                node("AveragePool", ["c"], "a", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
                node("MaxPool", ["a"], "m", kernel_shape=[2, 2], strides=[2, 2]),
                node("LRN", ["m"], "l", size=3),
                node("Reshape", ["l", "s"], "f"),
                node("Softmax", ["f"], "p", axis=1),
                node("Reshape", ["p", "t"]),
            ],
            {"w": random(5, 3, 3, 3), "s": integers(0, -1), "t": integers(0, 5, 4, 4)},
        ),
    ),
    "constant and transpose, 1": lambda: (
        old(
            [
                helper.make_node("Constant", [], ["c"], value=numpy_helper.from_array(random(8))),
                node("Add", ["x", "c"], "a", broadcast=1),
                node("Transpose", ["a"], perm=[0, 2, 3, 1]),
            ],
            opset=1,
        ),
        new(
            [node("Add", ["x", "c"], "a"), node("Transpose", ["a"], perm=[0, 2, 3, 1])],
            {"c": random(8)},
        ),
    ),
    "squeeze and mean, 1": lambda: (
        old(
            [
                node("ReduceMean", ["x"], "m", axes=[2], keepdims=1),
                node("Squeeze", ["m"], "s", axes=[2]),
                node("Unsqueeze", ["s"], axes=[1]),
            ],
            opset=1,
        ),
        new(
            [
                node("ReduceMean", ["x"], "m", axes=[2]),
                node("Transpose", ["m"], perm=[0, 2, 1, 3]),
            ]
        ),
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_old_form(name: str, tmp_path: Path) -> None:
    written, meant = PAIRS[name]()
    check_against(written, tmp_path, expected_of=meant).close()


REFUSED: dict[str, tuple[Callable[[], onnx.ModelProto], list[str]]] = {
    "batch normalisation in training": (
        lambda: old(
            [node("BatchNormalization", ["x", *statistics(3)], name="b1")], statistics(3), 6
        ),
        ["'b1'", "is_test"],
    ),
    "dropout in training": (
        lambda: old([node("Dropout", ["x"], name="d1")], opset=6),
        ["'d1'", "is_test"],
    ),
    "shapes that differ without broadcast": (
        lambda: old([node("Add", ["x", "c"], name="a1")], {"c": ones(8)}, 6),
        ["'a1'", "[N, 3, 8, 8]", "[8]", "broadcast is 0"],
    ),
    "axis outside": (
        lambda: old([node("Add", ["x", "c"], name="a1", broadcast=1, axis=3)], {"c": ones(8, 8)}),
        ["'a1'", "axis 3"],
    ),
    "upsample": (
        lambda: old([node("Upsample", ["x"], name="u1", scales=[1.0, 1.0, 2.0, 2.0])], opset=7),
        ["'u1'", "enlarges"],
    ),
    "cast to no type": (
        lambda: old([node("Cast", ["x"], name="c1", to="FLOATY")], opset=1),
        ["'c1'", "'FLOATY'"],
    ),
    "squeeze that takes the batch along": (
        lambda: make_model(
            [node("Squeeze", ["x"], name="s1")], inputs={"x": [1, 3, 1, 1]}, opset=11
        ),
        ["'s1'", "batch"],
    ),
    "element type that no longer is": (
        lambda: old([node("Cast", ["x"], name="c1", to="FLOAT16")], opset=1),
        ["'c1'", TensorProto.DataType.Name(TensorProto.FLOAT16)],
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str, tmp_path: Path) -> None:
    make, fragments = REFUSED[name]
    path = write(make(), tmp_path)
    with pytest.raises(mcomp.MCompError) as caught:
        mcomp.read_onnx(path)
    for fragment in fragments:
        assert fragment in str(caught.value)
