"""ONNX files with operators that are not read: all of them are named at once, with reasons."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from onnx_build import integers, make_model, node, ones, write
from onnx_refusals import (
    Case,
    U,
    check_case,
    refusal,
)


def if_model() -> onnx.ModelProto:
    branch = helper.make_graph(
        [node("Relu", ["x"], "b")], "branch", [], [helper.make_tensor_value_info("b", 1, None)]
    )
    return make_model(
        [node("If", ["c"], name="if1", then_branch=branch, else_branch=branch)],
        {"c": np.array(True)},
    )


def with_double_tensors() -> onnx.ModelProto:
    model = make_model([node("Mul", ["x", "w"], name="mul1")])
    model.graph.input[0].CopyFrom(helper.make_tensor_value_info("x", TensorProto.DOUBLE, ["N", 3]))
    model.graph.initializer.append(helper.make_tensor("w", TensorProto.STRING, [1], [b"a"]))
    return model


CASES: dict[str, Case] = {
    "unknown operator": (
        lambda: make_model([node("Erf", ["x"], name="erf1")]),
        U,
        ["ai.onnx:Erf", "'erf1'"],
    ),
    "operator that does not exist": (
        lambda: make_model([node("NoSuchThing", ["x"])]),
        U,
        ["ai.onnx:NoSuchThing", "node 0", "'y'", "libmcomp/docs/onnx.md lists"],
    ),
    "unknown domain": (
        lambda: make_model([node("Conv", ["x", "x"], name="conv1", domain="com.x")]),
        U,
        ["com.x:Conv", "'conv1'"],
    ),
    "several unknown operators": (
        lambda: make_model(
            [
                node("Erf", ["x"], "a", name="erf1"),
                node("Erf", ["a"], "b", name="erf2"),
                node("Tanh", ["b"], name="tanh1"),
            ]
        ),
        U,
        ["ai.onnx:Erf", "'erf1'", "1 more", "ai.onnx:Tanh", "'tanh1'"],
    ),
    "transposed convolution": (
        lambda: make_model(
            [node("ConvTranspose", ["x", "w"], name="up1")], {"w": ones(3, 4, 2, 2)}
        ),
        U,
        ["ai.onnx:ConvTranspose", "'up1'", "enlarges an image"],
    ),
    "resize": (
        lambda: make_model([node("Resize", ["x", "", "s"], name="r1")], {"s": ones(4)}),
        U,
        ["ai.onnx:Resize", "'r1'", "enlarges an image"],
    ),
    "dynamic quantisation": (
        lambda: make_model(
            [
                helper.make_node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"], name="dq1"),
                node("ConvInteger", ["q", "w", "z"], "i", name="ci1"),
                node("Cast", ["i"], "f", name="cast1", to=1),
                node("Mul", ["f", "s"], name="mul1"),
            ],
            {"w": np.ones((4, 3, 3, 3), np.uint8)},
        ),
        U,
        ["2 refusals", "ai.onnx:DynamicQuantizeLinear", "'dq1'", "ConvInteger", "'ci1'", "fixed"],
    ),
    "different refusals": (
        lambda: make_model(
            [
                node("Softmax", ["x"], "a", name="soft1", axis=0),
                node("Relu", ["a"], "b", name="relu1"),
                node("Conv", ["x", "w"], "c", name="conv1", strides=[0, 1]),
                node("Conv", ["x", "w"], "d", name="conv2", strides=[0, 1]),
                node("Erf", ["b"], "e", name="erf1"),
                node("Sum", ["c", "d", "e"], name="sum1"),
            ],
            {"w": ones(3, 3, 1, 1)},
        ),
        U,
        ["4 refusals", "'soft1'", "batch", "'conv1' and 1 more", "strides", "'erf1'"],
    ),
    "refusals of inputs and tensors": (
        lambda: with_double_tensors(),
        U,
        ["2 refusals", "input 'x'", "DOUBLE", "initialiser 'w'", "STRING"],
    ),
    "sub-graph": (if_model, U, ["ai.onnx:If", "'if1'"]),
}


@pytest.mark.parametrize("name", CASES)
def test_refused(name: str, tmp_path: Path) -> None:
    check_case(CASES[name], tmp_path)


def test_many_unknown_operators_stay_one_short_line(tmp_path: Path) -> None:
    names = [f"Unknown{index}{'x' * 500}" for index in range(1000)]
    nodes = [node(name, ["x"], f"y{index}") for index, name in enumerate(names)]
    error = refusal(write(make_model(nodes, outputs=["y0"]), tmp_path))
    assert "1000 refusals" in str(error)
    assert "Unknown0" in str(error)
    assert "and 992 more" in str(error)


def test_what_depends_on_a_refused_node_is_not_named(tmp_path: Path) -> None:
    nodes = [
        node("Softmax", ["x"], "a", name="soft1", axis=0),
        node("Reshape", ["a", "s"], "b", name="reshape1"),
        node("Relu", ["b"], name="relu1"),
    ]
    error = refusal(write(make_model(nodes, {"s": integers(3, -1)}), tmp_path))
    assert "soft1" in str(error)
    assert "reshape1" not in str(error)
    assert "relu1" not in str(error)
    assert "output" not in str(error)
