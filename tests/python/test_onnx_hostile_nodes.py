"""ONNX files with nodes whose attributes or shapes are wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper
from onnx_build import integers, make_model, node, ones
from onnx_refusals import (
    BIG,
    Case,
    I,
    L,
    S,
    U,
    check_case,
    conv_model,
    pool_model,
)


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


CASES: dict[str, Case] = {
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
    "reshape to what is not known": (
        lambda: make_model(
            [node("Reshape", ["x", "s"], name="r1")], inputs={"x": ["N", 4], "s": ["N", 2]}
        ),
        U,
        ["'r1'", "'s'", "constant"],
    ),
    "transpose of the batch": (
        lambda: make_model([node("Transpose", ["x"], name="t1", perm=[1, 0, 2, 3])]),
        U,
        ["'t1'", "perm", "batch"],
    ),
    "transpose with a wrong perm": (
        lambda: make_model([node("Transpose", ["x"], name="t1", perm=[0, 1, 1, 3])]),
        I,
        ["'t1'", "perm"],
    ),
    "mean over the batch": (
        lambda: make_model([node("ReduceMean", ["x"], name="m1", axes=[1, 0])]),
        U,
        ["'m1'", "axes [0, 1]", "batch"],
    ),
    "mean over everything": (
        lambda: make_model([node("ReduceMean", ["x"], name="m1")]),
        U,
        ["'m1'", "axes [0, 1, 2, 3]", "batch"],
    ),
    "mean over an axis twice": (
        lambda: make_model([node("ReduceMean", ["x"], name="m1", axes=[2, -2])]),
        I,
        ["'m1'", "repeated"],
    ),
    "maximum over channels": (
        lambda: make_model([node("ReduceMax", ["x"], name="m1", axes=[1])]),
        U,
        ["'m1'", "axes [1]"],
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
    "pad above 2^31 - 1": (lambda: pad_model(0, 0, BIG, 0, 0, 0, 0, 0), I, ["'pad1'", str(BIG)]),
    "pad of the batch": (lambda: pad_model(1, 0, 0, 0, 0, 0, 0, 0), U, ["'pad1'", "batch"]),
    "too few pads": (lambda: pad_model(0, 0, 1), S, ["'pad1'", "3 pads"]),
    "gemm with transA": (
        lambda: make_model(
            [node("Gemm", ["x", "w"], name="gemm1", transA=1)],
            {"w": ones(4, 3)},
            inputs={"x": ["N", 4]},
        ),
        U,
        ["'gemm1'", "transA"],
    ),
    "gemm with a bias for each image": (
        lambda: make_model(
            [node("Gemm", ["x", "w", "b"], name="gemm1")],
            {"w": ones(4, 3), "b": ones(2, 3)},
            inputs={"x": ["N", 4]},
        ),
        U,
        ["'gemm1'", "'b'", "[2, 3]", "batch"],
    ),
    "gemm of two activations": (
        lambda: make_model([node("Gemm", ["x", "x"], name="gemm1")], inputs={"x": ["N", 4]}),
        U,
        ["'gemm1'", "input 1", "constant"],
    ),
    "product of other extents": (
        lambda: make_model([node("MatMul", ["x", "w"], name="m1")], {"w": ones(5, 3)}),
        S,
        ["'m1'", "w"],
    ),
    "factor for each image": (
        lambda: make_model([node("Mul", ["x", "w"], name="m1")], {"w": ones(2, 1, 1, 1)}),
        S,
        ["'m1'", "w [2, 1, 1, 1]", "one image"],
    ),
    "factor of a higher rank": (
        lambda: make_model([node("Mul", ["x", "w"], name="m1")], {"w": ones(2, 1, 1, 1, 1)}),
        S,
        ["'m1'", "w [2, 1, 1, 1, 1]", "batch"],
    ),
    "slope of other channels": (
        lambda: make_model([node("PRelu", ["x", "w"], name="p1")], {"w": ones(5, 1, 1)}),
        S,
        ["'p1'", "w"],
    ),
    "slope that is computed": (
        lambda: make_model([node("PRelu", ["x", "x"], name="p1")]),
        U,
        ["'p1'", "'x'", "constant"],
    ),
    "normalisation over no channels": (
        lambda: make_model([node("LRN", ["x"], name="l1", size=0)]),
        I,
        ["'l1'", "size"],
    ),
    "normalisation over 2^31 channels": (
        lambda: make_model([node("LRN", ["x"], name="l1", size=BIG)]),
        I,
        ["'l1'", "size", str(BIG)],
    ),
    "split of the batch": (
        lambda: make_model(
            [helper.make_node("Split", ["x"], ["y", "z"], name="s1", axis=0)], outputs=["y"]
        ),
        U,
        ["'s1'", "batch"],
    ),
    "split into other sizes": (
        lambda: make_model(
            [helper.make_node("Split", ["x", "s"], ["y", "z"], name="s1", axis=2)],
            {"s": integers(3, 4)},
        ),
        S,
        ["'s1'", "[3, 4]", "8"],
    ),
    "split into a negative size": (
        lambda: make_model(
            [helper.make_node("Split", ["x", "s"], ["y", "z"], name="s1", axis=2)],
            {"s": integers(-1, 9)},
        ),
        S,
        ["'s1'", "[-1, 9]"],
    ),
    "split into equal parts that do not fit": (
        lambda: make_model([helper.make_node("Split", ["x"], ["y", "z"], name="s1", axis=1)]),
        S,
        ["'s1'", "3 into 2"],
    ),
    "gather along the batch": (
        lambda: make_model([node("Gather", ["x", "i"], name="g1")], {"i": integers(0)}),
        U,
        ["'g1'", "batch"],
    ),
    "gather of what is not there": (
        lambda: make_model([node("Gather", ["x", "i"], name="g1", axis=1)], {"i": integers(3)}),
        S,
        ["'g1'", "index 3"],
    ),
    "gather in too many pieces": (
        lambda: make_model(
            [node("Gather", ["x", "i"], name="g1", axis=2)], {"i": integers(*[7, 3] * 300)}
        ),
        U,
        ["'g1'", "600 pieces"],
    ),
    "flattening of the batch": (
        lambda: make_model([node("Flatten", ["x"], name="f1", axis=2)]),
        U,
        ["'f1'", "axis is 2", "batch"],
    ),
    "squeeze of what is not 1": (
        lambda: make_model([node("Squeeze", ["x", "a"], name="s1")], {"a": integers(1)}),
        S,
        ["'s1'", "axis 1"],
    ),
    "squeeze of the batch": (
        lambda: make_model([node("Squeeze", ["x", "a"], name="s1")], {"a": integers(0)}),
        U,
        ["'s1'", "batch"],
    ),
    "unsqueeze before the batch": (
        lambda: make_model([node("Unsqueeze", ["x", "a"], name="u1")], {"a": integers(0)}),
        U,
        ["'u1'", "batch"],
    ),
    "rank above six": (
        lambda: make_model([node("Unsqueeze", ["x", "a"], name="u1")], {"a": integers(1, 2, 3)}),
        L,
        ["'u1'", "rank 7"],
    ),
    "pad by reflection of too much": (
        lambda: make_model(
            [node("Pad", ["x", "p"], name="pad1", mode="reflect")],
            {"p": integers(0, 0, 8, 0, 0, 0, 0, 0)},
        ),
        U,
        ["'pad1'", "8 elements by 8", "reflect"],
    ),
    "pad in an unknown mode": (
        lambda: make_model(
            [node("Pad", ["x", "p"], name="pad1", mode="mirror")], {"p": integers(*[0] * 8)}
        ),
        U,
        ["'pad1'", "mirror"],
    ),
    "pad that cuts everything off": (lambda: pad_model(0, 0, -5, 0, 0, 0, -5, 0), S, ["'pad1'"]),
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
    "variance below 0": (
        lambda: batchnorm_model(variance=-ones(3)),
        I,
        ["'bn1'", "'variance'"],
    ),
    "scale of other channels": (lambda: batchnorm_model(scale=ones(4)), S, ["'bn1'", "scale"]),
}


@pytest.mark.parametrize("name", CASES)
def test_refused(name: str, tmp_path: Path) -> None:
    check_case(CASES[name], tmp_path)
