"""ONNX files that must be refused: one line, by kind, that names what is wrong and where."""

from __future__ import annotations

import os
import random as python_random
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx_build import integers, make_model, node, ones, write

import mcomp
from mcomp.onnx_io.wire import encode_varint


def conv(**attributes: object) -> onnx.NodeProto:
    return node("Conv", ["x", "w"], name="conv1", **attributes)


def conv_model(weight: np.ndarray | None = None, **attributes: object) -> onnx.ModelProto:
    return make_model([conv(**attributes)], {"w": ones(4, 3, 3, 3) if weight is None else weight})


def pool_model(**attributes: object) -> onnx.ModelProto:
    return make_model([node("MaxPool", ["x"], name="pool1", **attributes)])


def changed(change: Callable[[onnx.ModelProto], object]) -> onnx.ModelProto:
    model = conv_model()
    change(model)
    return model


def with_tensor(**fields: object) -> onnx.ModelProto:
    model = make_model([conv()])
    model.graph.initializer.append(TensorProto(name="w", data_type=1, **fields))
    return model


def with_output(model: onnx.ModelProto, name: str, element: int, shape: list) -> onnx.ModelProto:
    for output in model.graph.output:
        if output.name == name:
            output.CopyFrom(helper.make_tensor_value_info(name, element, shape))
    return model


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


def if_model() -> onnx.ModelProto:
    branch = helper.make_graph(
        [node("Relu", ["x"], "b")], "branch", [], [helper.make_tensor_value_info("b", 1, None)]
    )
    return make_model(
        [node("If", ["c"], name="if1", then_branch=branch, else_branch=branch)],
        {"c": np.array(True)},
    )


def input_of(shape: list | None, element: int = 1) -> onnx.ModelProto:
    model = make_model([node("Relu", ["x"], name="relu1")])
    model.graph.input[0].CopyFrom(helper.make_tensor_value_info("x", element, shape))
    return model


def quantize_model(scale: np.ndarray, zero: np.ndarray) -> onnx.ModelProto:
    return make_model(
        [
            node("QuantizeLinear", ["x", "s", "z"], "q", name="quantize1"),
            node("DequantizeLinear", ["q", "s", "z"], name="dequantize1"),
        ],
        {"s": scale, "z": zero},
    )


def batchnorm_model(**constants: np.ndarray) -> onnx.ModelProto:
    names = ["scale", "shift", "mean", "variance"]
    given = {name: constants.get(name, ones(3)) for name in names}
    return make_model([node("BatchNormalization", ["x", *names], name="bn1")], given)


def pad_model(*pads: int) -> onnx.ModelProto:
    return make_model([node("Pad", ["x", "p"], name="pad1")], {"p": integers(*pads)})


def slice_model(starts: int, ends: int, axes: int, steps: int) -> onnx.ModelProto:
    constants = {
        "starts": integers(starts),
        "ends": integers(ends),
        "axes": integers(axes),
        "steps": integers(steps),
    }
    return make_model([node("Slice", ["x", *constants], name="slice1")], constants)


BIG = 2**31
I = mcomp.InvalidArgument  # noqa: E741
U = mcomp.Unsupported
S = mcomp.ShapeError
C = mcomp.Corrupt
L = mcomp.LimitError
V = mcomp.VersionError

#: What is made, the kind of the refusal, and what its message says.
CASES: dict[str, tuple[Callable[[], onnx.ModelProto], type[Exception], list[str]]] = {
    "unknown operator": (
        lambda: make_model([node("Erf", ["x"], name="erf1")]),
        U,
        ["ai.onnx:Erf", "'erf1'"],
    ),
    "operator that does not exist": (
        lambda: make_model([node("NoSuchThing", ["x"])]),
        U,
        ["ai.onnx:NoSuchThing", "node 0", "'y'"],
    ),
    "unknown domain": (
        lambda: make_model([node("Conv", ["x", "w"], name="conv1", domain="com.x")]),
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
    "sub-graph": (if_model, U, ["ai.onnx:If", "'if1'"]),
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
    "operator set 6": (lambda: make_model([node("Relu", ["x"])], opset=6), V, ["ai.onnx 6"]),
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
    "tensor of strings": (
        lambda: changed(
            lambda model: model.graph.initializer[0].CopyFrom(
                helper.make_tensor("w", TensorProto.STRING, [1], [b"a"])
            )
        ),
        U,
        ["'w'", "STRING"],
    ),
    "tensor of complex numbers": (
        lambda: conv_model(np.ones((4, 3, 3, 3), np.complex64)),
        U,
        ["'w'", "COMPLEX64"],
    ),
    "tensor of an unknown type": (
        lambda: changed(lambda model: setattr(model.graph.initializer[0], "data_type", 77)),
        U,
        ["'w'", "77"],
    ),
    "short raw_data": (
        lambda: with_tensor(dims=[4, 3, 3, 3], raw_data=b"\0" * 431),
        C,
        ["'w'", "431 bytes", "432"],
    ),
    "long raw_data": (
        lambda: with_tensor(dims=[4, 3, 3, 3], raw_data=b"\0" * 5000),
        C,
        ["'w'", "5000 bytes", "432"],
    ),
    "no data": (lambda: with_tensor(dims=[4, 3, 3, 3]), C, ["'w'", "0 elements", "108"]),
    "too few floats": (
        lambda: with_tensor(dims=[4, 3, 3, 3], float_data=[0.0] * 107),
        C,
        ["'w'", "107 elements"],
    ),
    "huge extents": (
        lambda: with_tensor(dims=[BIG - 1, BIG - 1, BIG - 1, BIG - 1], raw_data=b"\0" * 4),
        C,
        ["'w'", "4 bytes"],
    ),
    "extent above 2^31 - 1": (lambda: with_tensor(dims=[BIG]), L, ["'w'", str(BIG)]),
    "extent below 0": (lambda: with_tensor(dims=[-4, 3, 3, 3]), L, ["'w'", "-4"]),
    "rank 9": (lambda: conv_model(ones(*[1] * 9)), L, ["'w'", "rank 9"]),
    "weight with a NaN": (
        lambda: conv_model(np.full((4, 3, 3, 3), np.nan, np.float32)),
        I,
        ["'w'", "NaN"],
    ),
    "big weight with a NaN at its end": (
        lambda: conv_model(np.append(ones(40, 3, 3, 2), ones(40, 3, 3, 1) * np.nan, axis=3)),
        I,
        ["'w'", "NaN"],
    ),
    "weight of another rank": (lambda: conv_model(ones(4, 3)), S, ["'conv1'", "'w'", "[4, 3]"]),
    "weight of other channels": (lambda: conv_model(ones(4, 5, 3, 3)), S, ["'conv1'", "w"]),
    "weight of doubles": (
        lambda: conv_model(np.ones((4, 3, 3, 3), np.int64)),
        S,
        ["'conv1'", "w", "float32"],
    ),
    "kernel_shape of another weight": (
        lambda: conv_model(kernel_shape=[5, 5]),
        S,
        ["'conv1'", "kernel_shape", "[5, 5]"],
    ),
    "kernel larger than the image": (
        lambda: conv_model(ones(4, 3, 11, 11)),
        S,
        ["'conv1'", "height"],
    ),
    "group that does not divide": (lambda: conv_model(group=2), S, ["'conv1'", "group 2"]),
    "group 0": (lambda: conv_model(group=0), I, ["'conv1'", "group"]),
    "bias of other channels": (
        lambda: make_model(
            [node("Conv", ["x", "w", "b"], name="conv1")],
            {"w": ones(4, 3, 3, 3), "b": ones(5)},
        ),
        S,
        ["'conv1'", "b"],
    ),
    "pads of 2^31": (lambda: conv_model(pads=[BIG, 0, 0, 0]), I, ["'conv1'", "pads", str(BIG)]),
    "pads below 0": (lambda: conv_model(pads=[0, -1, 0, 0]), I, ["'conv1'", "pads", "-1"]),
    "three pads": (lambda: conv_model(pads=[0, 0, 0]), I, ["'conv1'", "pads"]),
    "strides of 2^31": (lambda: conv_model(strides=[BIG, 1]), I, ["'conv1'", "strides", str(BIG)]),
    "strides of 0": (lambda: conv_model(strides=[0, 1]), I, ["'conv1'", "strides"]),
    "strides below 0": (lambda: conv_model(strides=[1, -1]), I, ["'conv1'", "strides", "-1"]),
    "dilations of 2^31": (lambda: conv_model(dilations=[BIG, 1]), I, ["'conv1'", "dilations"]),
    "dilations of 0": (lambda: conv_model(dilations=[1, 0]), I, ["'conv1'", "dilations"]),
    "dilations of 2^31 - 1": (
        lambda: conv_model(dilations=[BIG - 1, BIG - 1]),
        S,
        ["'conv1'", str(BIG - 1)],
    ),
    "pads of 2^31 - 1": (lambda: conv_model(pads=[BIG - 1] * 4), S, ["'conv1'", str(BIG - 1)]),
    "kernel of 2^31": (
        lambda: pool_model(kernel_shape=[BIG, 2]),
        I,
        ["'pool1'", "kernel_shape", str(BIG)],
    ),
    "kernel of 0": (lambda: pool_model(kernel_shape=[0, 2]), I, ["'pool1'", "kernel_shape"]),
    "kernel of three": (lambda: pool_model(kernel_shape=[2, 2, 2]), I, ["'pool1'", "kernel_shape"]),
    "pads of a whole window": (
        lambda: pool_model(kernel_shape=[2, 2], pads=[2, 2, 2, 2]),
        I,
        ["'pool1'", "padding"],
    ),
    "unknown auto_pad": (lambda: conv_model(auto_pad="MAYBE"), I, ["'conv1'", "auto_pad"]),
    "auto_pad and pads": (
        lambda: conv_model(auto_pad="SAME_UPPER", pads=[1, 1, 1, 1]),
        I,
        ["'conv1'", "auto_pad"],
    ),
    "input of doubles": (
        lambda: input_of(["N", 3], TensorProto.DOUBLE),
        U,
        ["input 'x'", "DOUBLE"],
    ),
    "input without a shape": (lambda: input_of(None), U, ["input 'x'", "shape"]),
    "input of rank 0": (lambda: input_of([]), U, ["input 'x'", "shape"]),
    "input with a free width": (
        lambda: input_of(["N", 3, 8, "width"]),
        U,
        ["input 'x'", "axis 3", "'width'"],
    ),
    "input with an unknown height": (
        lambda: input_of(["N", 3, None, 8]),
        U,
        ["input 'x'", "axis 2", "unknown"],
    ),
    "input of no extent": (lambda: input_of(["N", 0]), I, ["input 'x'", "0"]),
    "input below 0": (lambda: input_of(["N", -3]), I, ["input 'x'", "-3"]),
    "input above 2^31 - 1": (lambda: input_of(["N", BIG]), L, ["input 'x'", str(BIG)]),
    "batch of 0": (lambda: input_of([0, 3]), I, ["input 'x'", "batch"]),
    "input that is no tensor": (
        lambda: changed(
            lambda model: model.graph.input[0].CopyFrom(
                helper.make_tensor_sequence_value_info("x", 1, None)
            )
        ),
        U,
        ["input 'x'", "tensor"],
    ),
    "sum of different shapes": (
        lambda: make_model(
            [node("MaxPool", ["x"], "p", kernel_shape=[2, 2]), node("Add", ["x", "p"], name="add1")]
        ),
        S,
        ["'add1'", "[N, 3, 8, 8]", "[N, 3, 7, 7]"],
    ),
    "concat along the batch": (
        lambda: make_model([node("Concat", ["x", "x"], name="concat1", axis=0)]),
        U,
        ["'concat1'", "batch"],
    ),
    "concat outside the rank": (
        lambda: make_model([node("Concat", ["x", "x"], name="concat1", axis=4)]),
        I,
        ["'concat1'", "axis 4"],
    ),
    "reshape across the batch": (
        lambda: make_model([node("Reshape", ["x", "s"], name="r1")], {"s": integers(3, -1)}),
        U,
        ["'r1'", "batch"],
    ),
    "reshape to another number": (
        lambda: make_model([node("Reshape", ["x", "s"], name="r1")], {"s": integers(0, 100)}),
        S,
        ["'r1'", "100"],
    ),
    "reshape that is no flattening": (
        lambda: make_model(
            [node("Reshape", ["x", "s"], "a", name="r1"), node("Relu", ["a"], name="relu1")],
            {"s": integers(0, 8, 24)},
        ),
        U,
        ["'relu1'", "'a'", "[N, 8, 24]"],
    ),
    "reshape to what is not known": (
        lambda: make_model(
            [node("Reshape", ["x", "s"], name="r1")], inputs={"x": ["N", 4], "s": ["N", 2]}
        ),
        U,
        ["'r1'", "'s'", "constant"],
    ),
    "transpose of an image": (
        lambda: make_model([node("Transpose", ["x"], name="t1", perm=[0, 2, 3, 1])]),
        U,
        ["'t1'", "perm"],
    ),
    "transpose with a wrong perm": (
        lambda: make_model([node("Transpose", ["x"], name="t1", perm=[0, 1, 1, 3])]),
        I,
        ["'t1'", "perm"],
    ),
    "mean over channels": (
        lambda: make_model([node("ReduceMean", ["x"], name="m1", axes=[1])]),
        U,
        ["'m1'", "axes"],
    ),
    "softmax over the batch": (
        lambda: make_model([node("Softmax", ["x"], name="s1", axis=0)]),
        U,
        ["'s1'", "batch"],
    ),
    "slice of the batch": (lambda: slice_model(1, 2, 0, 1), U, ["'slice1'", "batch"]),
    "slice with step 0": (lambda: slice_model(0, 8, 2, 0), U, ["'slice1'", "step"]),
    "slice of nothing": (lambda: slice_model(5, 5, 2, 1), S, ["'slice1'", "nothing"]),
    "slice of an axis that is not there": (
        lambda: slice_model(0, 1, 7, 1),
        I,
        ["'slice1'", "axis 7"],
    ),
    "pad below 0": (lambda: pad_model(0, 0, -1, 0, 0, 0, 0, 0), U, ["'pad1'", "-1"]),
    "pad above 2^31 - 1": (lambda: pad_model(0, 0, BIG, 0, 0, 0, 0, 0), I, ["'pad1'", str(BIG)]),
    "pad of the batch": (lambda: pad_model(1, 0, 0, 0, 0, 0, 0, 0), U, ["'pad1'", "batch"]),
    "too few pads": (lambda: pad_model(0, 0, 1), S, ["'pad1'", "3 pads"]),
    "pad by reflection": (
        lambda: make_model(
            [node("Pad", ["x", "p"], name="pad1", mode="reflect")],
            {"p": integers(0, 0, 1, 1, 0, 0, 1, 1)},
        ),
        U,
        ["'pad1'", "reflect"],
    ),
    "gemm with transA": (
        lambda: make_model(
            [node("Gemm", ["x", "w"], name="gemm1", transA=1)],
            {"w": ones(4, 3)},
            inputs={"x": ["N", 4]},
        ),
        U,
        ["'gemm1'", "transA"],
    ),
    "gemm with alpha": (
        lambda: make_model(
            [node("Gemm", ["x", "w"], name="gemm1", alpha=0.5)],
            {"w": ones(4, 3)},
            inputs={"x": ["N", 4]},
        ),
        U,
        ["'gemm1'", "alpha 0.5"],
    ),
    "gemm of other inputs": (
        lambda: make_model(
            [node("Gemm", ["x", "w"], name="gemm1")], {"w": ones(5, 3)}, inputs={"x": ["N", 4]}
        ),
        S,
        ["'gemm1'", "w"],
    ),
    "scale of 0": (lambda: quantize_model(np.float32(0), np.uint8(0)), I, ["'quantize1'", "'s'"]),
    "scale that is infinite": (
        lambda: quantize_model(np.float32(np.inf), np.uint8(0)),
        I,
        ["'quantize1'", "'s'"],
    ),
    "zero point of 16 bits": (
        lambda: quantize_model(np.float32(1), np.uint16(0)),
        U,
        ["'z'", "UINT16"],
    ),
    "zero point of 32 bits": (
        lambda: quantize_model(np.float32(1), np.int32(0)),
        U,
        ["'quantize1'", "int32"],
    ),
    "a scale a channel": (
        lambda: quantize_model(ones(3), np.zeros(3, np.uint8)),
        U,
        ["'quantize1'", "'s'", "[3]"],
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
    "variance below 0": (
        lambda: batchnorm_model(variance=-ones(3)),
        I,
        ["'bn1'", "'variance'"],
    ),
    "scale of other channels": (lambda: batchnorm_model(scale=ones(4)), S, ["'bn1'", "scale"]),
    "infinite weight": (
        lambda: conv_model(np.full((4, 3, 3, 3), np.inf, np.float32)),
        I,
        ["'conv1'", "'w'", "finite"],
    ),
    "clip to NaN": (
        lambda: make_model([node("Clip", ["x", "low"], name="c1")], {"low": np.float32(np.nan)}),
        I,
        ["'low'", "NaN"],
    ),
    "constant of a huge shape": (
        lambda: make_model(
            [
                node("ConstantOfShape", ["s"], "w", name="fill1"),
                node("Conv", ["x", "w"], name="conv1"),
            ],
            {"s": integers(BIG - 1, 3, 3, 3)},
        ),
        L,
        ["'fill1'"],
    ),
    "constant of strings": (
        lambda: make_model(
            [
                helper.make_node("Constant", [], ["c"], name="c1", value_strings=[b"a"]),
                node("Add", ["x", "c"]),
            ]
        ),
        U,
        ["'c1'", "'value_strings'"],
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


def refusal(path: Path) -> mcomp.MCompError:
    """The error of a file; what holds for every refusal is checked."""
    with pytest.raises(mcomp.MCompError) as caught:
        mcomp.read_onnx(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert len(message) < len(str(path)) + 1200
    return caught.value


@pytest.mark.parametrize("name", CASES)
def test_refused(name: str, tmp_path: Path) -> None:
    make, kind, fragments = CASES[name]
    path = write(make(), tmp_path)
    error = refusal(path)
    assert type(error) is kind, error
    for fragment in fragments:
        assert fragment in str(error).removeprefix(str(path))


def test_many_unknown_operators_stay_one_short_line(tmp_path: Path) -> None:
    names = [f"Unknown{index}{'x' * 500}" for index in range(1000)]
    nodes = [node(name, ["x"], f"y{index}") for index, name in enumerate(names)]
    error = refusal(write(make_model(nodes, outputs=["y0"]), tmp_path))
    assert "Unknown0" in str(error)
    assert "and 992 more" in str(error)


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


@pytest.mark.parametrize(
    "dims", [[BIG - 1, BIG - 1], [BIG - 1], [1 << 30, 4], [-1], [1 << 62], [65536, 65536]]
)
def test_nothing_is_allocated_for_a_size_that_is_not_there(dims: list[int], tmp_path: Path) -> None:
    model = with_tensor(dims=dims, raw_data=b"\0" * 8000)
    path = write(model, tmp_path)
    tracemalloc.start()
    try:
        refusal(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 << 20


def test_files_that_are_not_there_or_no_files(tmp_path: Path) -> None:
    missing = refusal(tmp_path / "missing.onnx")
    assert isinstance(missing, mcomp.MissingFile)
    assert isinstance(missing, FileNotFoundError)
    folder = refusal(tmp_path)
    assert type(folder) is mcomp.IoError
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert type(refusal(pipe)) is mcomp.IoError
    with pytest.raises(mcomp.InvalidArgument):
        mcomp.read_onnx("a\0b")
    with pytest.raises(mcomp.InvalidArgument):
        mcomp.read_onnx(7)  # type: ignore[arg-type]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = write(conv_model(), tmp_path)
    path.chmod(0)
    assert type(refusal(path)) is mcomp.IoError


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20,
        b"\xff" * 64,
        b"hello, this is text\n" * 50,
        b"PK\x03\x04" + b"\0" * 100,
        b"\0" * 4096,
        b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
        b"\x0b\x0b\x0b",
        b"\x08",
    ],
    ids=["empty", "png", "ones", "text", "zip", "zeros", "long", "group", "cut"],
)
def test_file_of_something_else(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "other.onnx"
    path.write_bytes(data)
    assert type(refusal(path)) is mcomp.Corrupt
    assert "not an ONNX file" in str(refusal(path))


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    data = conv_model(ones(40, 3, 3, 3)).SerializeToString()
    path = tmp_path / "cut.onnx"
    for length in range(0, len(data), 7):
        path.write_bytes(data[:length])
        assert isinstance(refusal(path), mcomp.MCompError)


def test_depth_bomb(tmp_path: Path) -> None:
    # Attribute > graph > node > attribute ..., deeper than any parser's recursion should go.
    message = b""
    for _ in range(2_000):
        for field in (6, 5, 1):  # AttributeProto.g, NodeProto.attribute, GraphProto.node
            message = bytes([field << 3 | 2]) + encode_varint(len(message)) + message
    model = make_model([])
    model.graph.node.add()
    data = model.SerializeToString()
    path = tmp_path / "bomb.onnx"
    path.write_bytes(data + b"\x3a" + encode_varint(len(message)) + message)
    assert type(refusal(path)) is mcomp.Corrupt


def test_damaged_files_are_refused_or_read(tmp_path: Path) -> None:
    """A thousand random changes of a small file: an error of the package, or a network."""
    weight = np.random.default_rng(3).standard_normal((40, 3, 3, 3)).astype(np.float32)
    model = make_model(
        [
            node("Conv", ["x", "w", "b"], "a", name="conv1", pads=[1, 1, 1, 1]),
            node("Relu", ["a"], "r", name="relu1"),
            node("GlobalAveragePool", ["r"], "p", name="pool1"),
            node("Flatten", ["p"], "f", name="flatten1"),
            node("Gemm", ["f", "v"], name="gemm1", transB=1),
        ],
        {"w": weight, "b": ones(40), "v": ones(5, 40)},
        metadata={"labels": "five"},
    )
    data = model.SerializeToString()
    weight_at = data.index(weight.tobytes())
    around = [i for i in range(len(data)) if not weight_at <= i < weight_at + weight.nbytes]
    seed = python_random.randrange(2**32)
    print("seed", seed)
    generator = python_random.Random(seed)
    path = tmp_path / "damaged.onnx"
    read, messages = 0, []
    for _ in range(1000):
        damaged = bytearray(data)
        for _ in range(generator.choice([1, 1, 2, 8])):
            damaged[generator.choice(around)] = generator.randrange(256)
        path.write_bytes(damaged)
        try:
            mcomp.read_onnx(path).close()
            read += 1
        except mcomp.MCompError as error:
            messages.append(str(error))
    assert not any("\n" in message for message in messages)
    assert read > 50
    assert len(messages) > 300
