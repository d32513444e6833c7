"""Forms in which operators come, read and compared with onnxruntime."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx_build import integers, make_model, nmse, node, ones, random, run_onnxruntime, write

import mcomp

X = ["N", 3, 8, 8]


def conv(**attributes: object) -> onnx.ModelProto:
    return make_model(
        [node("Conv", ["x", "w", "b"], name="conv1", **attributes)],
        {"w": random(4, 3, 3, 3), "b": random(4)},
    )


def batchnorm_constants(channels: int) -> dict[str, np.ndarray]:
    return {
        "scale": random(channels, seed=2),
        "shift": random(channels, seed=3),
        "mean": random(channels, seed=4),
        "variance": np.abs(random(channels, seed=5)) + np.float32(0.1),
    }


def flatten_chain(*nodes: onnx.NodeProto, **constants: np.ndarray) -> onnx.ModelProto:
    """A pooled image goes through nodes from p to f, then a Gemm."""
    return make_model(
        [
            node("GlobalAveragePool", ["x"], "p", name="pool1"),
            *nodes,
            node("Gemm", ["f", "v"], name="gemm1", transB=1),
        ],
        {"v": random(5, 3), **constants},
    )


FORMS: dict[str, Callable[[], onnx.ModelProto]] = {
    "same upper": lambda: conv(auto_pad="SAME_UPPER", strides=[2, 2]),
    "same lower": lambda: conv(auto_pad="SAME_LOWER", strides=[3, 2]),
    "valid": lambda: conv(auto_pad="VALID", strides=[2, 1]),
    "asymmetric pads": lambda: conv(pads=[0, 1, 2, 0], strides=[2, 2]),
    "clip by attributes": lambda: make_model(
        [node("Clip", ["x"], min=-0.5, max=0.25)], opset=7, ir_version=3
    ),
    "clip by inputs": lambda: make_model(
        [node("Clip", ["x", "", "high"])], {"high": np.float32(0.25)}, opset=11
    ),
    "slice by attributes": lambda: make_model(
        [node("Slice", ["x"], starts=[1, -5], ends=[8, 100], axes=[2, 3])], opset=9
    ),
    "pad by attributes": lambda: make_model(
        [node("Pad", ["x"], pads=[0, 0, 1, 2, 0, 1, 0, 0], value=0.5)], opset=10
    ),
    "domain in full": lambda: make_model(
        [
            helper.make_node("Mul", ["c", "c"], ["c2"], domain="ai.onnx"),
            helper.make_node("Add", ["x", "c2"], ["y"], domain="ai.onnx"),
        ],
        {"c": random(3, 1, 1)},
    ),
    "pad with axes": lambda: make_model(
        [node("Pad", ["x", "p", "", "a"])], {"p": integers(1, 2), "a": integers(-1)}, opset=18
    ),
    "old softmax": lambda: make_model(
        [node("GlobalAveragePool", ["x"], "p"), node("Softmax", ["p"], axis=1)], opset=11
    ),
    "dropout with a mask": lambda: make_model(
        [helper.make_node("Dropout", ["x"], ["d", "mask"]), node("Relu", ["d"])], opset=7
    ),
    "batch normalisation 7": lambda: make_model(
        [node("BatchNormalization", ["x", "scale", "shift", "mean", "variance"])],
        batchnorm_constants(3),
        opset=7,
    ),
    "convolution, bias and batch normalisation": lambda: make_model(
        [
            node("Conv", ["x", "w", "b"], "a"),
            node("BatchNormalization", ["a", "scale", "shift", "mean", "variance"]),
        ],
        {"w": random(4, 3, 3, 3), "b": random(4), **batchnorm_constants(4)},
    ),
    "reshape to -1": lambda: flatten_chain(node("Reshape", ["p", "s"], "f"), s=integers(-1, 3)),
    "reshape to 0": lambda: flatten_chain(node("Reshape", ["p", "s"], "f"), s=integers(0, -1)),
    "reshape by shape": lambda: flatten_chain(
        node("Shape", ["p"], "s0"),
        node("Gather", ["s0", "zero"], "n"),
        node("Unsqueeze", ["n", "axis"], "n1"),
        node("Concat", ["n1", "rest"], "s", axis=0),
        node("Reshape", ["p", "s"], "f"),
        zero=np.array(0, np.int64),
        axis=integers(0),
        rest=integers(-1),
    ),
    "transpose and reshape": lambda: flatten_chain(
        node("Transpose", ["p"], "t", perm=[0, 2, 3, 1]),
        node("Reshape", ["t", "s"], "f"),
        s=integers(-1, 3),
    ),
    "squeeze": lambda: flatten_chain(node("Squeeze", ["p", "a"], "f"), a=integers(2, 3)),
    "mean without its axes": lambda: make_model(
        [
            node("ReduceMean", ["x"], "f", name="mean1", axes=[-1, -2], keepdims=0),
            node("Gemm", ["f", "v"], transB=1),
        ],
        {"v": random(5, 3)},
    ),
    "mean with its axes": lambda: make_model(
        [node("ReduceMean", ["x", "a"])], {"a": integers(2, 3)}, opset=18
    ),
    "matmul and add": lambda: make_model(
        [node("MatMul", ["x", "w"], "m", name="m1"), node("Add", ["b", "m"], name="a1")],
        {"w": random(6, 4), "b": random(4)},
        inputs={"x": ["N", 6]},
    ),
    "gemm with one bias": lambda: make_model(
        [node("Gemm", ["x", "w", "b"])],
        {"w": random(6, 4), "b": random(1)},
        inputs={"x": ["N", 6]},
    ),
    "transposed weight": lambda: make_model(
        [node("Transpose", ["w"], "wt"), node("MatMul", ["x", "wt"])],
        {"w": random(4, 6)},
        inputs={"x": ["N", 6]},
    ),
    "half-precision weight": lambda: make_model(
        [node("Cast", ["w"], "w32", to=TensorProto.FLOAT), node("Conv", ["x", "w32"])],
        {"w": random(4, 3, 3, 3).astype(np.float16)},
    ),
    "weight of a Constant": lambda: make_model(
        [
            helper.make_node(
                "Constant", [], ["w"], value=numpy_helper.from_array(random(4, 3, 3, 3))
            ),
            node("Conv", ["x", "w"], name="w"),
        ]
    ),
    "sum of three": lambda: make_model([node("Sum", ["x", "x", "x"], name="sum1")]),
    "residual": lambda: make_model(
        [
            node("Conv", ["x", "w"], "a", name="c1", pads=[1, 1, 1, 1]),
            node("Relu", ["a"], "r", name="r1"),
            node("Conv", ["r", "w"], "c", name="c2", pads=[1, 1, 1, 1]),
            node("Add", ["r", "c"], "s", name="a1"),
            node("Relu", ["s"], name="r2"),
        ],
        {"w": random(3, 3, 3, 3)},
    ),
    "fixed batch": lambda: make_model(
        [node("Reshape", ["x", "s"], "f"), node("Relu", ["f"])],
        {"s": integers(2, 192)},
        inputs={"x": [2, 3, 8, 8]},
    ),
    "weight that is quantised in the file": lambda: make_model(
        [
            node("QuantizeLinear", ["w", "ws", "wz"], "wq", axis=0),
            node("DequantizeLinear", ["wq", "ws", "wz"], "wd", axis=0),
            node("Conv", ["x", "wd"], name="c1"),
        ],
        {
            "w": random(4, 3, 3, 3),
            "ws": np.array([0.01, 0.02, 0.03, 0.04], np.float32),
            "wz": np.zeros(4, np.int8),
        },
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_form(name: str, tmp_path: Path) -> None:
    proto = FORMS[name]()
    path = write(proto, tmp_path)
    shape = [value.dim_value for value in proto.graph.input[0].type.tensor_type.shape.dim[1:]]
    x = random(2, *shape, seed=9)
    expected = run_onnxruntime(proto, {"x": x})[0]
    for simplify in (True, False):
        with mcomp.read_onnx(path, simplify=simplify) as model:
            if not simplify and any(n.op == "DequantizeLinear" for n in model.nodes):
                continue  # constants are dequantised when the network is simplified
            for device in ("cpu", "ref"):
                assert nmse(model.run(x, device), expected) < 1e-10
            model.write_onnx(tmp_path / "again.onnx")
            with mcomp.read_onnx(tmp_path / "again.onnx", simplify=simplify) as again:
                assert np.array_equal(again.run(x, "ref"), model.run(x, "ref"))
            assert nmse(run_onnxruntime(tmp_path / "again.onnx", {"x": x})[0], expected) < 1e-10


def test_same_with_dilations_is_its_explicit_pads(tmp_path: Path) -> None:
    # onnxruntime does not take this form.
    x = random(2, 3, 8, 8, seed=9)
    automatic = conv(auto_pad="SAME_UPPER", dilations=[2, 2])
    explicit = conv(pads=[2, 2, 2, 2], dilations=[2, 2])
    with mcomp.read_onnx(write(automatic, tmp_path)) as model:
        assert nmse(model.run(x), run_onnxruntime(explicit, {"x": x})[0]) < 1e-10


def test_matmul_and_add_count_as_one_gemm(tmp_path: Path) -> None:
    with mcomp.read_onnx(write(FORMS["matmul and add"](), tmp_path), simplify=False) as model:
        assert [n.op for n in model.nodes] == ["Gemm"]
        assert model.parameters == 6 * 4 + 4


def external_model(location: str, *, offset: int = 0, length: int = 5760) -> onnx.ModelProto:
    model = make_model([node("Conv", ["x", "w"], name="conv1")])
    tensor = TensorProto(name="w", dims=[20, 3, 4, 6], data_type=1, data_location=1)
    for key, value in {"location": location, "offset": offset, "length": length}.items():
        tensor.external_data.add(key=key, value=str(value))
    model.graph.initializer.append(tensor)
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info("y", 1, ["N", 20, 5, 3]))
    return model


def test_external_data_beside_the_model(tmp_path: Path) -> None:
    weight = random(20, 3, 4, 6)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "w.bin").write_bytes(b"\1" * 64 + weight.tobytes())
    with mcomp.read_onnx(write(external_model("data/w.bin", offset=64), tmp_path)) as model:
        assert np.array_equal(model.constants["w"].values(), weight)


@pytest.mark.parametrize(
    ("location", "offset", "length", "kind"),
    [
        ("../w.bin", 0, 5760, mcomp.Unsupported),
        ("data/../../w.bin", 0, 5760, mcomp.Unsupported),
        ("/etc/passwd", 0, 5760, mcomp.Unsupported),
        ("link.bin", 0, 5760, mcomp.Unsupported),
        ("loop.bin", 0, 5760, mcomp.IoError),
        ("missing.bin", 0, 5760, mcomp.MissingFile),
        ("", 0, 5760, mcomp.InvalidArgument),
        ("short.bin", 0, 5760, mcomp.Corrupt),
        ("whole.bin", 1, 5760, mcomp.Corrupt),
        ("whole.bin", 0, 100, mcomp.Corrupt),
        ("whole.bin", -1, 5760, mcomp.InvalidArgument),
        (".", 0, 5760, mcomp.IoError),
    ],
)
def test_external_data_elsewhere_is_refused(
    location: str, offset: int, length: int, kind: type[Exception], tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    (folder / "data").mkdir(parents=True)
    (tmp_path / "w.bin").write_bytes(bytes(5760))
    (folder / "whole.bin").write_bytes(bytes(5760))
    (folder / "short.bin").write_bytes(bytes(5759))
    (folder / "link.bin").symlink_to(tmp_path / "w.bin")
    (folder / "loop.bin").symlink_to(folder / "loop.bin")
    path = write(external_model(location, offset=offset, length=length), folder)
    with pytest.raises(mcomp.MCompError) as caught:
        mcomp.read_onnx(path)
    assert type(caught.value) is kind
    assert "\n" not in str(caught.value)


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    model = mcomp.read_onnx(write(conv(), tmp_path))
    with pytest.raises(mcomp.IoError):
        model.write_onnx(tmp_path / "no folder" / "a.onnx")
    (tmp_path / "taken").mkdir()
    with pytest.raises(mcomp.IoError):
        model.write_onnx(tmp_path / "taken")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model.onnx", "taken"]


def test_an_output_that_stays_quantised_is_not_written(tmp_path: Path) -> None:
    builder = mcomp.GraphBuilder()
    x = builder.add_input("x", [None, 3, 8, 8])
    scale = builder.add_constant("s", np.array(0.5, np.float32))
    zero_point = builder.add_constant("z", np.array(3, np.uint8))
    quantized = builder.add_node("QuantizeLinear", "q", [x, scale, zero_point])
    turned = builder.add_node("Transpose", "turned", [quantized], {"perm": [0, 2, 3, 1]})
    builder.mark_output(turned)
    with (
        builder.finish() as model,
        pytest.raises(mcomp.Unsupported, match=r"output turned is uint8, must be float32"),
    ):
        model.write_onnx(tmp_path / "turned.onnx")
    assert not list(tmp_path.iterdir())


def test_recipe_and_metadata_travel(tmp_path: Path) -> None:
    proto = make_model(
        [node("Conv", ["x", "w"], name="c1")], {"w": random(8, 3, 3, 3)}, metadata={"labels": "ü"}
    )
    small = mcomp.read_onnx(write(proto, tmp_path)).compress("quantize.weights bits=8")
    small.write_onnx(tmp_path / "small.onnx")
    again = mcomp.read_onnx(tmp_path / "small.onnx")
    assert again.metadata["labels"] == "ü"
    assert again.metadata["mcomp.recipe"] == small.recipe
    assert again.constants["w"].encoding.startswith("uniform8")
    x = random(2, 3, 8, 8, seed=9)
    assert np.array_equal(again.run(x, "ref"), small.run(x, "ref"))


def test_shared_constants_stay_one(tmp_path: Path) -> None:
    proto = make_model(
        [node("Add", ["x", "c"], "a"), node("Add", ["a", "c"])], {"c": ones(3, 1, 1)}
    )
    with mcomp.read_onnx(write(proto, tmp_path), simplify=False) as model:
        assert list(model.constants) == ["c"]
