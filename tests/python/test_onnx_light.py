"""Nine real graphs of ImageNet networks, with constant weights, against their expected outputs.

Their exporters wrote weights as ConstantOfShape nodes, BatchNormalization apart from its scale and
shift, Reshape by an initialiser, LRN, channel shuffles by Transpose and a batch that is 1.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from onnx_build import run_onnxruntime

import mcomp

#: By network: whether it takes seconds, and the operators that must be in it.
NETWORKS: dict[str, tuple[bool, set[str]]] = {
    "bvlc_alexnet": (True, {"LRN", "Gemm"}),
    "densenet121": (True, {"Concat", "AveragePool"}),
    "inception_v1": (False, {"LRN", "Concat"}),
    "inception_v2": (True, {"Concat", "AveragePool"}),
    "resnet50": (True, {"Conv", "GlobalAveragePool"}),
    "shufflenet": (False, {"Transpose", "Reshape", "Concat"}),
    "squeezenet": (False, {"Concat", "GlobalAveragePool"}),
    "vgg19": (True, {"Gemm", "MaxPool"}),
    "zfnet512": (True, {"LRN", "Gemm"}),
}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] if is_slow else [])
        for name, (is_slow, _) in NETWORKS.items()
    ],
)
def test_light_network(name: str, shared: Path, tmp_path: Path) -> None:
    path = shared / "data" / "onnx-light" / f"light_{name}.onnx"
    proto = onnx.load(path)
    constants = {tensor.name for tensor in proto.graph.initializer}
    (entry,) = (value for value in proto.graph.input if value.name not in constants)
    shape = [dim.dim_value for dim in entry.type.tensor_type.shape.dim]
    answer = onnx.TensorProto.FromString(path.with_name(f"light_{name}_output_0.pb").read_bytes())
    expected = numpy_helper.to_array(answer)
    x = (np.arange(np.prod(shape)) / np.prod(shape)).reshape(shape).astype(np.float32)
    with mcomp.read_onnx(path) as model:
        operators = {node.op for node in model.nodes}
        assert operators >= NETWORKS[name][1]
        assert not operators & {"Dropout", "Identity"}
        # DenseNet normalises what it has concatenated, and rectifies it before the next Conv.
        assert ("BatchNormalization" in operators) == (name == "densenet121")
        assert model.inputs[0].shape == (None, *shape[1:])
        found = model.run(x)
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, rtol=1e-5)
        if name != "vgg19":  # 575 MB
            model.write_onnx(tmp_path / "again.onnx")
            again = run_onnxruntime(tmp_path / "again.onnx", {model.inputs[0].name: x})[0]
            np.testing.assert_allclose(again, expected, rtol=1e-5)


def test_all_nine_are_there(shared: Path) -> None:
    found = {path.stem for path in (shared / "data" / "onnx-light").glob("*.onnx")}
    assert found == {f"light_{name}" for name in NETWORKS}
