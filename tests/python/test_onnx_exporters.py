"""Graphs as exporters write them: shapes computed by nodes, channels last, residues of training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx_build import integers, make_model, node, random, write
from onnx_compare import check_against

import mcomp

TO_NCHW, TO_NHWC = [0, 3, 1, 2], [0, 2, 3, 1]


def constant(name: str, array: np.ndarray) -> onnx.NodeProto:
    tensor = numpy_helper.from_array(np.asarray(array))
    return helper.make_node("Constant", [], [name], value=tensor)


def channels_last() -> onnx.ModelProto:
    """As tf2onnx writes a Keras network: each operator between two transposes."""
    return make_model(
        [
            # ZeroPadding2D on NHWC, then a convolution with stride 2 and its BiasAdd.
            node("Pad", ["x", "pads"], "padded", name="zero_padding"),
            node("Transpose", ["padded"], "a0", name="conv/t0", perm=TO_NCHW),
            node("Conv", ["a0", "w1"], "a1", name="conv/Conv2D", strides=[2, 2]),
            node("Transpose", ["a1"], "a2", name="conv/t1", perm=TO_NHWC),
            node("Add", ["a2", "b1"], "a3", name="conv/BiasAdd"),
            # FusedBatchNormV3 on NHWC.
            node("Transpose", ["a3"], "n0", perm=TO_NCHW),
            node("BatchNormalization", ["n0", "s", "b1", "m", "v"], "n1", name="bn", epsilon=1e-3),
            node("Transpose", ["n1"], "n2", perm=TO_NHWC),
            # ReLU6.
            node("Clip", ["n2", "zero", "six"], "r", name="relu6"),
            # Depth-wise convolution: its weight is transposed and reshaped in the graph.
            node("Transpose", ["dw"], "dw0", perm=[3, 2, 0, 1]),
            node("Reshape", ["dw0", "dw_shape"], "dw1"),
            node("Transpose", ["r"], "d0", perm=TO_NCHW),
            node("Conv", ["d0", "dw1"], "d1", name="depthwise", group=4, pads=[1, 1, 1, 1]),
            node("Transpose", ["d1"], "d2", perm=TO_NHWC),
            node("Add", ["d2", "r"], "sum", name="add"),
            # Squeeze and excitation with a mean over height and width, on NHWC.
            node("ReduceMean", ["sum"], "se0", name="se/mean", axes=[1, 2]),
            node("Sigmoid", ["se0"], "se1"),
            node("Mul", ["sum", "se1"], "se2", name="se/mul"),
            node("Concat", ["se2", "sum"], "cat", name="concat", axis=-1),
            # Head: global mean, Dense by MatMul and Add, softmax.
            node("Transpose", ["cat"], "h0", perm=TO_NCHW),
            node("GlobalAveragePool", ["h0"], "h1"),
            node("Squeeze", ["h1", "hw"], "h2"),
            node("MatMul", ["h2", "w2"], "h3", name="dense/MatMul"),
            node("Add", ["h3", "b2"], "h4", name="dense/BiasAdd"),
            node("Softmax", ["h4"], "y", name="softmax", axis=-1),
        ],
        {
            "pads": integers(0, 0, 0, 0, 0, 1, 1, 0),
            "w1": random(4, 3, 3, 3),
            "b1": random(4),
            "s": random(4, seed=2),
            "m": random(4, seed=3),
            "v": np.abs(random(4, seed=4)) + np.float32(0.5),
            "zero": np.float32(0),
            "six": np.float32(6),
            "dw": random(3, 3, 1, 4).transpose(0, 1, 3, 2).reshape(3, 3, 4, 1),
            "dw_shape": integers(4, 1, 3, 3),
            "hw": integers(2, 3),
            "w2": random(8, 5),
            "b2": random(5),
        },
        inputs={"x": ["N", 10, 8, 3]},
    )


def shape_nodes(*nodes: onnx.NodeProto, **constants: np.ndarray) -> onnx.ModelProto:
    """Nodes compute the target t of a Reshape of x [N, 6, 4, 5] from its shape s."""
    return make_model(
        [node("Shape", ["x"], "s"), *nodes, node("Reshape", ["x", "t"], "r"), node("Relu", ["r"])],
        constants,
        inputs={"x": ["N", 6, 4, 5]},
    )


def scalar(value: int) -> np.ndarray:
    return np.array(value, np.int64)


FORMS: dict[str, Callable[[], onnx.ModelProto]] = {
    "channels last": channels_last,
    "view(x.size(0), -1)": lambda: shape_nodes(
        node("Gather", ["s", "zero"], "n", axis=0),
        node("Unsqueeze", ["n", "axis"], "n1"),
        node("Concat", ["n1", "rest"], "t", axis=0),
        zero=scalar(0),
        axis=integers(0),
        rest=integers(-1),
    ),
    "channel shuffle of sizes": lambda: shape_nodes(
        *(node("Gather", ["s", f"i{i}"], f"e{i}") for i in range(4)),
        node("Div", ["e1", "two"], "half"),
        node("Cast", ["half"], "half32", to=TensorProto.INT32),
        node("Cast", ["half32"], "half64", to=TensorProto.INT64),
        *(
            node("Unsqueeze", [name, "axis"], f"u_{name}")
            for name in ("e0", "two", "half64", "e2", "e3")
        ),
        node("Concat", ["u_e0", "u_two", "u_half64", "u_e2", "u_e3"], "t", axis=0),
        **{f"i{i}": scalar(i) for i in range(4)},
        two=scalar(2),
        axis=integers(0),
    ),
    "flattened height and width": lambda: shape_nodes(
        node("Slice", ["s", "zero", "two"], "front"),
        node("Slice", ["s", "two", "end"], "back"),
        node("ReduceProd", ["back"], "area", keepdims=1),
        node("Concat", ["front", "area"], "t", axis=0),
        zero=integers(0),
        two=integers(2),
        end=integers(1000),
    ),
    "product and quotient of the batch": lambda: shape_nodes(
        helper.make_node("Split", ["s", "sizes"], ["n", "others"]),
        node("Mul", ["n", "six"], "n6"),
        node("Div", ["n6", "six"], "again"),
        node("Sub", ["again", "zero"], "same"),
        node("Concat", ["same", "rest"], "t", axis=0),
        sizes=integers(1, 3),
        six=integers(6),
        zero=integers(0),
        rest=integers(24, 5),
    ),
    "target that a part of the shape makes": lambda: shape_nodes(
        helper.make_node("Shape", ["x"], ["back"], start=1),
        node("ReduceProd", ["back"], "count", keepdims=1),
        node("Concat", ["minus", "count"], "t", axis=0),
        minus=integers(-1),
    ),
    "constants that constants make": lambda: make_model(
        [
            constant("w0", random(6, 4)),
            constant("scale", np.float32(0.5)),
            node("Mul", ["w0", "scale"], "w1"),
            node("Sqrt", ["v"], "v1"),
            node("Reciprocal", ["v1"], "v2"),
            node("Unsqueeze", ["v2", "axis"], "v3"),
            node("Mul", ["w1", "v3"], "w2"),
            node("Transpose", ["w2"], "w3"),
            node("Gemm", ["x", "w3"], "g", transB=1),
            node("Range", ["zero", "four", "one"], "range"),
            node("Cast", ["range"], "floats", to=TensorProto.FLOAT),
            node("Equal", ["floats", "scale"], "equal"),
            node("Where", ["equal", "floats", "scale"], "chosen"),
            node("Expand", ["chosen", "shape"], "expanded"),
            node("Add", ["g", "expanded"]),
        ],
        {
            "v": np.abs(random(6)) + np.float32(0.5),
            "axis": integers(1),
            "zero": scalar(0),
            "four": scalar(4),
            "one": scalar(1),
            "shape": integers(1, 4),
        },
        inputs={"x": ["N", 6]},
    ),
    "batch that is fixed": lambda: make_model(
        [
            node("Shape", ["x"], "s"),
            node("Reshape", ["x", "t"], "r"),
            node("Transpose", ["r"], "a", perm=[0, 2, 1]),
            node("Reshape", ["a", "s"], "b"),
            node("Add", ["b", "c"]),
        ],
        {"t": integers(2, 24, 5), "c": random(1, 1, 1, 5)},
        inputs={"x": [2, 6, 4, 5]},
    ),
    "unused nodes": lambda: make_model(
        [
            node("Identity", ["x"], "unused"),
            node("Shape", ["x"], "s"),
            node("Identity", ["s"], "also_unused"),
            node("Relu", ["x"]),
        ]
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_form(name: str, tmp_path: Path) -> None:
    model = check_against(FORMS[name](), tmp_path)
    operators = {n.op for n in model.nodes}
    assert not operators & {"Shape", "Gather", "Cast", "Identity"}
    model.close()


def test_transposes_of_channels_last_go_away(tmp_path: Path) -> None:
    """One at the input is left of seven, and nothing of padding, scales, shifts and ReLU6."""
    path = write(channels_last(), tmp_path)
    with mcomp.read_onnx(path, simplify=False) as written, mcomp.read_onnx(path) as model:
        before = [n.op for n in written.nodes]
        after = [n.op for n in model.nodes]
    assert before.count("Transpose") == 7
    assert after.count("Transpose") == 1
    assert not {"Pad", "BatchNormalization", "Add", "Clip", "ReduceMean"} & set(after)
    assert len(after) <= len(before) // 2


def test_what_is_computed_of_the_batch_is_right_for_every_batch(tmp_path: Path) -> None:
    path = write(FORMS["channel shuffle of sizes"](), tmp_path)
    with mcomp.read_onnx(path) as model:
        assert model.outputs[0].shape == (None, 2, 3, 4, 5)
        for batch in (1, 2, 5):
            x = random(batch, 6, 4, 5)
            expected = np.maximum(x, 0).reshape(batch, 2, 3, 4, 5)
            assert np.array_equal(model.run(x), expected)


@pytest.mark.parametrize(
    ("nodes", "words"),
    [
        ([node("Add", ["s", "one"], "t")], ["[?, 7, 5, 6]", "no batch"]),
        ([node("Mul", ["s", "two"], "t")], ["[?, 12, 8, 10]"]),
        ([node("Concat", ["six", "s"], "t", axis=0)], ["[6, N, 6, 4, 5]", "batch"]),
    ],
)
def test_other_functions_of_the_batch_are_refused(
    nodes: list[onnx.NodeProto], words: list[str], tmp_path: Path
) -> None:
    given = {"one": integers(1), "two": integers(2), "six": integers(6)}
    with pytest.raises(mcomp.MCompError) as caught:
        mcomp.read_onnx(write(shape_nodes(*nodes, **given), tmp_path))
    for word in words:
        assert word in str(caught.value)
