"""ONNX files whose graph, versions or names are wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx_build import integers, make_model, node, ones, write
from onnx_refusals import (
    Case,
    I,
    U,
    V,
    changed,
    check_case,
    conv,
    conv_model,
    pool_model,
    refusal,
    with_output,
)

import mcomp


def no_opset(model: onnx.ModelProto) -> None:
    del model.opset_import[:]


def two_same_inputs(model: onnx.ModelProto) -> None:
    model.graph.input.append(model.graph.input[0])


def two_same_constants(model: onnx.ModelProto) -> None:
    model.graph.initializer.append(model.graph.initializer[0])


def two_same_outputs(model: onnx.ModelProto) -> None:
    model.graph.output.append(model.graph.output[0])


def attribute_twice(model: onnx.ModelProto) -> None:
    model.graph.node[0].attribute.extend([helper.make_attribute("group", 1)] * 2)


def sparse_constant(model: onnx.ModelProto) -> None:
    model.graph.sparse_initializer.append(
        helper.make_sparse_tensor(
            numpy_helper.from_array(ones(1), "sparse1"),
            numpy_helper.from_array(integers(0)),
            [4],
        )
    )


def function_of_its_own(model: onnx.ModelProto) -> None:
    model.functions.append(
        helper.make_function(
            "own", "Twice", ["a"], ["b"], [node("Add", ["a", "a"], "b")], model.opset_import
        )
    )


CASES: dict[str, Case] = {
    "empty graph": (lambda: make_model([]), I, ["'g'", "empty"]),
    "no output": (
        lambda: changed(lambda model: model.graph.ClearField("output")),
        I,
        ["'g'", "no output"],
    ),
    "output that nothing makes": (
        lambda: make_model([conv()], {"w": ones(4, 3, 3, 3)}, outputs=["z"]),
        I,
        ["'z'"],
    ),
    "output that is an input": (
        lambda: with_output(
            make_model([node("Relu", ["x"])], outputs=["y", "x"]), "x", 1, ["N", 3, 8, 8]
        ),
        I,
        ["output 'x'"],
    ),
    "cycle": (
        lambda: make_model(
            [node("Add", ["x", "b"], "a", name="add1"), node("Relu", ["a"], "b", name="relu1")],
            outputs=["b"],
        ),
        I,
        ["'add1'", "'b'", "cycle", "'relu1'"],
    ),
    "node that reads itself": (
        lambda: make_model([node("Add", ["x", "y"], name="add1")]),
        I,
        ["'add1'", "'y'", "cycle"],
    ),
    "nodes out of order": (
        lambda: make_model(
            [node("Relu", ["a"], name="relu1"), node("Relu", ["x"], "a", name="r2")]
        ),
        I,
        ["'relu1'", "'a'", "'r2'", "not sorted"],
    ),
    "missing initialiser": (lambda: make_model([conv()]), I, ["'conv1'", "'w'", "missing"]),
    "missing input": (
        lambda: make_model([node("Relu", ["nothing"], name="relu1")]),
        I,
        ["'relu1'", "'nothing'", "missing"],
    ),
    "two nodes make one value": (
        lambda: make_model([node("Relu", ["x"], name="r1"), node("Relu", ["x"], name="r2")]),
        I,
        ["'r2'", "'y'", "'r1'"],
    ),
    "node makes an input": (
        lambda: make_model([node("Relu", ["x"], "x", name="r1")], outputs=["x"]),
        I,
        ["'r1'", "'x'"],
    ),
    "input twice": (lambda: changed(two_same_inputs), I, ["graph input 'x'", "twice"]),
    "initialiser twice": (lambda: changed(two_same_constants), I, ["initialiser 'w'", "twice"]),
    "output twice": (lambda: changed(two_same_outputs), I, ["graph output 'y'", "twice"]),
    "input without a name": (
        lambda: changed(lambda model: setattr(model.graph.input[0], "name", "")),
        I,
        ["graph input 0", "empty"],
    ),
    "name with a NUL": (
        lambda: changed(lambda model: setattr(model.graph.node[0], "name", "a\0b")),
        I,
        ["a node's name", "NUL"],
    ),
    "attribute twice": (lambda: changed(attribute_twice), I, ["'conv1'", "'group'", "twice"]),
    "unknown attribute": (lambda: conv_model(colour=1), U, ["'conv1'", "'colour'"]),
    "attribute of a wrong type": (lambda: conv_model(pads=1.5), I, ["'conv1'", "'pads'", "INTS"]),
    "missing attribute": (pool_model, I, ["'pool1'", "'kernel_shape'"]),
    "too few inputs": (
        lambda: make_model([node("Conv", ["x"], name="conv1")]),
        I,
        ["'conv1'", "1 inputs"],
    ),
    "too many inputs": (
        lambda: make_model([node("Relu", ["x", "x"], name="relu1")]),
        I,
        ["'relu1'", "2 inputs"],
    ),
    "needed input left out": (
        lambda: make_model([node("Conv", ["x", ""], name="conv1")]),
        I,
        ["'conv1'", "input 1"],
    ),
    "two outputs of one": (
        lambda: make_model([helper.make_node("Relu", ["x"], ["y", "z"], name="relu1")]),
        I,
        ["'relu1'", "2 outputs"],
    ),
    "no operator set": (lambda: changed(no_opset), I, ["ai.onnx"]),
    "operator set of the future": (
        lambda: make_model([node("Relu", ["x"])], opset=999),
        V,
        ["999"],
    ),
    "operator set 0": (lambda: make_model([node("Relu", ["x"])], opset=0), V, ["ai.onnx 0"]),
    "operator set -1": (lambda: make_model([node("Relu", ["x"])], opset=-1), V, ["-1"]),
    "operator newer than the operator set": (
        lambda: make_model(
            [node("DequantizeLinear", ["x", "s"], name="d1")], {"s": ones()}, opset=9
        ),
        U,
        ["'d1'", "operator set 9"],
    ),
    "IR of the future": (
        lambda: make_model([node("Relu", ["x"])], ir_version=99),
        V,
        ["IR version 99"],
    ),
    "IR 0": (lambda: changed(lambda model: model.ClearField("ir_version")), V, ["IR version 0"]),
    "functions": (lambda: changed(function_of_its_own), U, ["'Twice'"]),
    "sparse initialiser": (lambda: changed(sparse_constant), U, ["'sparse1'"]),
    "metadata twice": (
        lambda: changed(
            lambda model: model.metadata_props.extend(
                [onnx.StringStringEntryProto(key="k", value="v")] * 2
            )
        ),
        I,
        ["metadata 'k'"],
    ),
    "metadata without a key": (
        lambda: changed(
            lambda model: model.metadata_props.append(
                onnx.StringStringEntryProto(key="", value="v")
            )
        ),
        I,
        ["metadata 0", "empty"],
    ),
    "integers as output": (
        lambda: with_output(
            make_model([node("QuantizeLinear", ["x", "s"], name="q1")], {"s": ones()}),
            "y",
            TensorProto.UINT8,
            ["N", 3, 8, 8],
        ),
        U,
        ["output 'y'", "uint8"],
    ),
    "declared shape of the output is another": (
        lambda: with_output(conv_model(), "y", 1, ["N", 4, 5, 5]),
        I,
        ["y"],
    ),
    "output that is a constant": (
        lambda: make_model([node("Identity", ["w"], name="i1")], {"w": ones(4)}),
        U,
        ["output 'y'", "constant"],
    ),
    "training": (
        lambda: make_model(
            [node("Dropout", ["x", "r", "t"], name="d1")], {"r": ones(), "t": np.array(True)}
        ),
        U,
        ["'d1'", "training_mode"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_refused(name: str, tmp_path: Path) -> None:
    check_case(CASES[name], tmp_path)


def test_names_cannot_break_the_line(tmp_path: Path) -> None:
    nodes = [node("Erf", ["x"], name="a\nb\x1b[31m\u2028c")]
    error = refusal(write(make_model(nodes), tmp_path))
    assert "a\\nb\\x1b[31m\\u2028c" in str(error)


def test_name_that_is_not_utf8(tmp_path: Path) -> None:
    data = conv_model().SerializeToString()
    path = tmp_path / "m.onnx"
    path.write_bytes(data.replace(b"conv1", b"con\xff1"))
    error = refusal(path)
    assert type(error) is mcomp.Corrupt
    assert "not UTF-8" in str(error)
