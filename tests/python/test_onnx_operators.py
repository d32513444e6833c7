"""Operators of networks that others export, in the forms that they come in, against onnxruntime."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper
from onnx_build import integers, make_model, nmse, node, ones, random, run_onnxruntime, write
from onnx_compare import check_against

import mcomp

X = ["N", 3, 8, 8]


def binary(op: str, *shape: int, first: bool = False) -> onnx.ModelProto:
    """An activation and a constant away from 0."""
    constant = np.abs(random(*shape)) + np.float32(0.5)
    inputs = ["c", "x"] if first else ["x", "c"]
    sources = [node(op, inputs, name="b1")]
    if first and op == "Div":  # a divisor away from 0
        sources = [node("Sigmoid", ["x"], "s"), node(op, ["c", "s"], name="b1")]
    return make_model(sources, {"c": constant})


def split(opset: int, sizes: list[int] | None, count: int, **attributes: int) -> onnx.ModelProto:
    outputs = [f"p{i}" for i in range(count)]
    as_input = sizes is not None and opset >= 13
    if sizes is not None and not as_input:
        attributes["split"] = sizes
    return make_model(
        [
            helper.make_node(
                "Split", ["x", "s"] if as_input else ["x"], outputs, name="split1", **attributes
            ),
            node("Relu", [outputs[-1]], "r"),
        ],
        {"s": integers(*sizes)} if as_input else {},
        outputs=["r", *outputs[:-1]],
        opset=opset,
    )


def pad(mode: str, *pads: int, opset: int = 17) -> onnx.ModelProto:
    return make_model(
        [node("Pad", ["x", "p"], name="pad1", mode=mode)], {"p": integers(*pads)}, opset=opset
    )


def gemm(b: np.ndarray, c: np.ndarray | None = None, **attributes: float) -> onnx.ModelProto:
    constants = {"w": b} if c is None else {"w": b, "c": c}
    return make_model(
        [node("Gemm", ["x", *constants], name="gemm1", **attributes)],
        constants,
        inputs={"x": ["N", 6]},
    )


def mat_mul(a: list, b: np.ndarray, *, first: bool = False) -> onnx.ModelProto:
    names = ["w", "x"] if first else ["x", "w"]
    return make_model([node("MatMul", names, name="m1")], {"w": b}, inputs={"x": a})


FORMS: dict[str, Callable[[], onnx.ModelProto]] = {
    **{
        f"{op} of {shape}{' first' if first else ''}": lambda op=op, shape=shape, first=first: (
            binary(op, *shape, first=first)
        )
        for op in ("Add", "Sub", "Mul", "Div")
        for shape in ((), (1,), (8,), (3, 1, 1), (1, 3, 8, 8), (8, 1))
        for first in (False, True)
    },
    "constant wider than the activation": lambda: make_model(
        [node("Mul", ["x", "c"], name="m1")], {"c": random(3, 1)}, inputs={"x": ["N", 1, 4]}
    ),
    "activations that both widen": lambda: make_model(
        [
            node("ReduceMean", ["x"], "h", axes=[2]),
            node("ReduceMean", ["x"], "w", axes=[3]),
            node("Sub", ["h", "w"], name="s1"),
        ]
    ),
    "squeeze and excitation": lambda: make_model(
        [
            node("GlobalAveragePool", ["x"], "p"),
            node("Conv", ["p", "w1"], "a"),
            node("Relu", ["a"], "r"),
            node("Conv", ["r", "w2"], "b"),
            node("HardSigmoid", ["b"], "s", alpha=1 / 6, beta=0.5),
            node("Mul", ["x", "s"], name="m1"),
        ],
        {"w1": random(2, 3, 1, 1), "w2": random(3, 2, 1, 1)},
    ),
    "swish": lambda: make_model([node("Sigmoid", ["x"], "s"), node("Mul", ["x", "s"])]),
    "hard swish": lambda: make_model([node("HardSwish", ["x"], name="h1")]),
    "hard swish in pieces": lambda: make_model(
        [
            node("Add", ["x", "three"], "a"),
            node("Clip", ["a", "zero", "six"], "c"),
            node("Mul", ["x", "c"], "m"),
            node("Div", ["m", "six"]),
        ],
        {"zero": np.float32(0), "three": np.float32(3), "six": np.float32(6)},
    ),
    "relu6 by Max and Min": lambda: make_model(
        [node("Max", ["x", "zero"], "m"), node("Min", ["six", "m"])],
        {"zero": np.zeros((1, 1, 1, 1), np.float32), "six": np.float32(0.5)},
    ),
    "leaky relu": lambda: make_model([node("LeakyRelu", ["x"])]),
    "leaky relu with its slope": lambda: make_model([node("LeakyRelu", ["x"], alpha=0.3)]),
    "prelu": lambda: make_model([node("PRelu", ["x", "s"])], {"s": random(3, 1, 1)}),
    "prelu of one slope": lambda: make_model([node("PRelu", ["x", "s"])], {"s": random(1)}),
    "hard sigmoid": lambda: make_model([node("HardSigmoid", ["x"])]),
    "negation": lambda: make_model([node("Neg", ["x"])]),
    "mean of three": lambda: make_model([node("Mean", ["x", "x", "c"])], {"c": random(3, 8, 8)}),
    "lrn": lambda: make_model([node("LRN", ["x"], size=3, alpha=0.2, beta=0.6, bias=1.5)]),
    "product with a transposed matrix": lambda: make_model(
        [node("Transpose", ["w"], "t"), node("MatMul", ["x", "t"], name="m1")],
        {"w": random(4, 6)},
        inputs={"x": ["N", 5, 6]},
    ),
    "gemm with a matrix that is transposed twice": lambda: make_model(
        [node("Transpose", ["w"], "t"), node("Gemm", ["x", "t"], name="g1", transB=1)],
        {"w": random(6, 4)},
        inputs={"x": ["N", 6]},
    ),
    "global maximum": lambda: make_model([node("GlobalMaxPool", ["x"])]),
    "maximum over height and width": lambda: make_model(
        [node("ReduceMax", ["x"], axes=[2, 3], keepdims=0)]
    ),
    "mean over channels": lambda: make_model([node("ReduceMean", ["x"], axes=[1])]),
    "mean over channels and width": lambda: make_model(
        [node("ReduceMean", ["x"], axes=[-1, 1], keepdims=0)]
    ),
    "mean over axes of an input": lambda: make_model(
        [node("ReduceMean", ["x", "a"], keepdims=0)], {"a": integers(1, 2, 3)}, opset=18
    ),
    "split by attribute": lambda: split(11, [3, 5], 2, axis=2),
    "split by input": lambda: split(13, [1, 5, 2], 3, axis=-1),
    "split into equal parts": lambda: split(13, None, 4, axis=2),
    "split into unequal parts": lambda: split(18, None, 3, axis=3, num_outputs=3),
    "gather of channels": lambda: make_model(
        [node("Gather", ["x", "i"], axis=1)], {"i": integers(2, 0, -2)}
    ),
    "gather of one row": lambda: make_model(
        [node("Gather", ["x", "i"], axis=2)], {"i": np.array(3, np.int64)}
    ),
    "slice backwards from before the axis": lambda: make_model(
        [node("Slice", ["x", "s", "e", "a", "t"])],
        {"s": integers(-11), "e": integers(-100), "a": integers(2), "t": integers(-1)},
    ),
    "slice backwards of many": lambda: make_model(
        [node("Slice", ["x", "s", "e", "a", "t"])],
        {"s": integers(-1), "e": integers(-1000), "a": integers(1), "t": integers(-2)},
        inputs={"x": ["N", 900, 2, 2]},
    ),
    "slice backwards": lambda: make_model(
        [node("Slice", ["x", "s", "e", "a", "t"])],
        {
            "s": integers(7, -1),
            "e": integers(-100, 1),
            "a": integers(2, 3),
            "t": integers(-1, -3),
        },
    ),
    "pad by reflection": lambda: pad("reflect", 0, 0, 2, 7, 0, 0, 1, 0),
    "pad by the edge": lambda: pad("edge", 0, 1, 2, 0, 0, 0, 9, 3),
    "pad around": lambda: pad("wrap", 0, 0, 3, 1, 0, 0, 0, 8, opset=19),
    "pad by less than nothing": lambda: pad("constant", 0, 0, -1, 2, 0, 0, 3, -4),
    "pad of nothing": lambda: pad("reflect", *[0] * 8),
    "gemm with alpha": lambda: gemm(random(6, 4), random(4), alpha=0.5, beta=1.0),
    "gemm with alpha, transposed": lambda: gemm(random(4, 6), random(1, 4), alpha=-2.0, transB=1),
    "gemm with beta": lambda: gemm(random(6, 4), random(1), beta=0.25),
    "gemm with no bias": lambda: gemm(random(6, 4), random(4), beta=0.0),
    "gemm with a bias that is a scalar": lambda: gemm(random(6, 4), random()),
    "gemm with a bias that is computed": lambda: make_model(
        [node("Relu", ["x"], "r"), node("Gemm", ["x", "w", "r"], name="gemm1", beta=0.5)],
        {"w": random(6, 6)},
        inputs={"x": ["N", 6]},
    ),
    "product of rank 3": lambda: mat_mul(["N", 5, 6], random(6, 4)),
    "product of rank 4 and a stack": lambda: mat_mul(["N", 3, 5, 6], random(3, 6, 2)),
    "product with a vector": lambda: mat_mul(["N", 5, 6], random(6)),
    "product of a matrix with a vector": lambda: mat_mul(["N", 6], random(6)),
    "product with the constant first": lambda: mat_mul(["N", 5, 6], random(4, 5), first=True),
    "product of activations": lambda: make_model(
        [
            node("Transpose", ["x"], "t", perm=[0, 2, 1]),
            node("MatMul", ["x", "t"], "m"),
            node("Softmax", ["m"], axis=-1),
        ],
        inputs={"x": ["N", 5, 6]},
    ),
    "channel shuffle": lambda: make_model(
        [
            node("Reshape", ["x", "s"], "a"),
            node("Transpose", ["a"], "b", perm=[0, 2, 1, 3, 4]),
            node("Reshape", ["b", "t"]),
        ],
        {"s": integers(0, 2, 3, 4, 5), "t": integers(-1, 6, 4, 5)},
        inputs={"x": ["N", 6, 4, 5]},
    ),
    "space to depth in pieces": lambda: make_model(
        [
            node("Reshape", ["x", "s"], "a"),
            node("Transpose", ["a"], "b", perm=[0, 3, 5, 1, 2, 4]),
            node("Reshape", ["b", "t"]),
        ],
        {"s": integers(0, 3, 4, 2, 4, 2), "t": integers(0, 12, 4, 4)},
    ),
    "axes that come and go": lambda: make_model(
        [
            node("Unsqueeze", ["x", "a"], "u"),
            node("Relu", ["u"], "r"),
            node("Squeeze", ["r", "b"], "s"),
            node("Flatten", ["s"]),
        ],
        {"a": integers(2, -1), "b": integers(2, 5)},
    ),
    "softmax over all axes": lambda: make_model([node("Softmax", ["x"], axis=1)], opset=11),
    "softmax over two axes": lambda: make_model([node("Softmax", ["x"], axis=-2)], opset=9),
    "softmax over channels": lambda: make_model([node("Softmax", ["x"], axis=1)]),
    "two inputs, two outputs": lambda: make_model(
        [node("Mul", ["x", "z"], "m"), node("Sub", ["m", "z"], "y")],
        inputs={"x": X, "z": ["N", 3, 1, 1]},
        outputs=["y", "m"],
    ),
    "scale that is dequantised": lambda: make_model(
        [
            node("DequantizeLinear", ["q", "s", "z"], "d"),
            node("Transpose", ["d"], "t", perm=[2, 0, 1]),
            node("Mul", ["x", "t"]),
        ],
        {
            "q": np.arange(1, 4, dtype=np.uint8).reshape(1, 1, 3),
            "s": np.float32(0.25),
            "z": np.uint8(7),
        },
    ),
    "ones": lambda: make_model([node("Mul", ["x", "c"])], {"c": ones(3, 8, 8)}),
}


@pytest.mark.parametrize("name", FORMS)
def test_form(name: str, tmp_path: Path) -> None:
    check_against(FORMS[name](), tmp_path).close()


@pytest.mark.parametrize("op", ["MaxPool", "AveragePool"])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("counts", [0, 1])
def test_windows_that_begin_behind_the_image(
    op: str, stride: int, counts: int, tmp_path: Path
) -> None:
    """With ceil_mode such a window is left out; old shape inference counts it."""
    attributes = {"kernel_shape": [2, 2], "pads": [1, 1, 0, 0], "strides": [3, stride]}
    attributes["ceil_mode"] = 1
    if op == "AveragePool":
        attributes["count_include_pad"] = counts
    model = make_model([node(op, ["x"], name="pool1", **attributes)])
    width = -(-7 // stride) + (stride != 3)
    declared = helper.make_tensor_value_info("y", 1, ["N", 3, 3, width])
    model.graph.output[0].CopyFrom(declared)
    if (op, stride, counts) == ("AveragePool", 2, 1):
        # A window more along one axis and none along the other: nothing else says that.
        with mcomp.read_onnx(write(model, tmp_path)) as network:
            x = random(2, 3, 8, 8, seed=4)
            assert nmse(network.run(x), run_onnxruntime(model, {"x": x})[0]) < 1e-10
            with pytest.raises(mcomp.Unsupported, match="node y: ONNX has no form"):
                network.write_onnx(tmp_path / "again.onnx")
        return
    network = check_against(model, tmp_path)
    assert network.outputs[0].shape == (None, 3, 3, width)
    # One that was built with ceil_mode is written so that the checker agrees, too.
    builder = mcomp.GraphBuilder("pool")
    x = builder.add_input("x", (None, 3, 8, 8))
    builder.mark_output(builder.add_node(op, "y", [x], attributes))
    with builder.finish() as built:
        built.write_onnx(tmp_path / "built.onnx")
    feeds = {"x": random(2, 3, 8, 8, seed=4)}
    found = run_onnxruntime(tmp_path / "built.onnx", feeds)[0]
    assert nmse(network.run(feeds["x"]), found) < 1e-10
    network.close()
