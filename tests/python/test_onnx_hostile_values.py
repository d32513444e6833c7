"""ONNX files whose tensors or inputs are wrong, too large or of a kind that is not read."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from onnx_build import integers, make_model, node, ones, write
from onnx_refusals import (
    BIG,
    C,
    Case,
    I,
    L,
    S,
    U,
    changed,
    check_case,
    conv_model,
    refusal,
    with_tensor,
)


def input_of(shape: list | None, element: int = 1) -> onnx.ModelProto:
    model = make_model([node("Relu", ["x"], name="relu1")])
    model.graph.input[0].CopyFrom(helper.make_tensor_value_info("x", element, shape))
    return model


CASES: dict[str, Case] = {
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
    "constants of too many elements together": (
        lambda: make_model(
            [
                *(node("ConstantOfShape", ["s"], c, name=f"fill_{c}") for c in "abc"),
                node("Sum", ["x", "a", "b", "c"]),
            ],
            {"s": integers(3 << 24, 1, 1, 1)},
        ),
        L,
        ["'fill_c'", "150000000 elements"],
    ),
    "constant expanded to a huge shape": (
        lambda: make_model(
            [node("Expand", ["w", "s"], "b", name="expand1"), node("Add", ["x", "b"])],
            {"w": ones(1), "s": integers(1 << 20, 1 << 20)},
        ),
        L,
        ["'expand1'"],
    ),
    "constant repeated to a huge shape": (
        lambda: make_model(
            [node("Tile", ["w", "s"], "b", name="tile1"), node("Add", ["x", "b"])],
            {"w": ones(4, 4), "s": integers(1 << 16, 1 << 16)},
        ),
        L,
        ["'tile1'"],
    ),
    "product of constants that takes hours": (
        lambda: make_model(
            [
                node("ConstantOfShape", ["s"], "a", name="fill1"),
                node("MatMul", ["a", "a"], "b", name="product1"),
                node("Add", ["x", "b"]),
            ],
            {"s": integers(1 << 12, 1 << 12)},
        ),
        L,
        ["'product1'", "takes more than"],
    ),
    "range without end": (
        lambda: make_model(
            [node("Range", ["a", "b", "c"], "r", name="range1"), node("Reshape", ["x", "r"])],
            {name: np.array(n, np.int64) for name, n in zip("abc", (0, 1 << 40, 1), strict=True)},
        ),
        L,
        ["'range1'"],
    ),
    "range of step 0": (
        lambda: make_model(
            [node("Range", ["a", "a", "a"], "r", name="range1"), node("Reshape", ["x", "r"])],
            {"a": np.array(0, np.int64)},
        ),
        S,
        ["'range1'"],
    ),
    "constants that do not fit": (
        lambda: make_model(
            [node("Add", ["a", "b"], "c", name="add1"), node("Mul", ["x", "c"])],
            {"a": ones(3), "b": ones(4)},
        ),
        S,
        ["'add1'", "computed"],
    ),
    "constant divided by 0": (
        lambda: make_model(
            [node("Div", ["a", "b"], "c", name="div1"), node("Mul", ["x", "c"], name="mul1")],
            {"a": ones(1), "b": ones(1) * 0},
        ),
        I,
        ["'mul1'", "'c'", "finite"],
    ),
    "shape that depends on the batch": (
        lambda: make_model(
            [
                node("Shape", ["x"], "s", name="shape1"),
                node("ConstantOfShape", ["s"], "f", name="fill1"),
                node("Add", ["x", "f"]),
            ]
        ),
        L,
        ["'fill1'", "computes [1009, 3, 8, 8] of shapes"],
    ),
    "comparison with the batch": (
        lambda: make_model(
            [
                node("Shape", ["x"], "s", name="shape1"),
                node("Equal", ["s", "s"], "e", name="equal1"),
                node("Where", ["e", "s", "s"], "t", name="where1"),
                node("Reshape", ["x", "t"]),
            ]
        ),
        U,
        ["'equal1'", "batch"],
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
}


@pytest.mark.parametrize("name", CASES)
def test_refused(name: str, tmp_path: Path) -> None:
    check_case(CASES[name], tmp_path)


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
