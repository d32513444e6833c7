"""Random networks: as written, simplified, written again, and by onnxruntime, on both devices."""

from __future__ import annotations

import collections
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, seed, settings
from onnx_build import run_onnxruntime
from onnx_compare import inputs_of, run_all
from onnx_networks import networks

import mcomp

#: Normalised squared error against onnxruntime.
BOUND = 1e-9
#: What checked networks were made of, and what a few hundred must have had.
USED: collections.Counter[str] = collections.Counter()
OPERATORS = {
    *("Add", "AveragePool", "BatchNormalization", "Clip", "Concat", "Conv", "DequantizeLinear"),
    *("Div", "Flatten", "Gemm", "GlobalAveragePool", "GlobalMaxPool", "HardSigmoid", "HardSwish"),
    *("Identity", "LRN", "LeakyRelu", "MatMul", "MaxPool", "Mul", "PRelu", "Pad", "ReduceMean"),
    *("Relu", "Reshape", "Sigmoid", "Slice", "Softmax", "Split", "Squeeze", "Sub", "Transpose"),
    "Unsqueeze",
}


def near(found: np.ndarray, expected: np.ndarray) -> bool:
    """Whether the error is small, relative to the output, or to 1 where that is all but 0."""
    assert found.shape == expected.shape
    signal = float((expected.astype(np.float64) ** 2).sum())
    error = float(((found.astype(np.float64) - expected) ** 2).sum())
    return error <= BOUND * max(signal, 1e-6 * expected.size)


def check_network(proto: onnx.ModelProto, folder: Path) -> None:
    """Every way through the package gives what onnxruntime gives."""
    path = folder / "m.onnx"
    path.write_bytes(proto.SerializeToString())
    feeds = inputs_of(proto)
    expected = run_onnxruntime(proto, feeds)
    if not all(np.isfinite(array).all() and np.abs(array).max() < 1e6 for array in expected):
        return
    USED.update(node.op_type for node in proto.graph.node)
    names = [value.name for value in proto.graph.output]
    has_integers = any(n.op_type == "DequantizeLinear" for n in proto.graph.node)
    with mcomp.read_onnx(path) as simplified, mcomp.read_onnx(path, simplify=False) as written:
        # A mean that drops its axes may become a pool and a Flatten.
        dropping = sum(node.attributes.get("keepdims") == 0 for node in written.nodes)
        assert len(simplified.nodes) <= len(written.nodes) + dropping
        for model in (simplified, written):
            assert [value.name for value in model.outputs] == names
            if model is written and has_integers:
                continue  # weights are dequantised when the network is simplified
            for device in ("ref", "cpu"):
                for one, right in zip(run_all(model, feeds, device), expected, strict=True):
                    assert near(one, right), (device, model is simplified)
        again_path = folder / "again.onnx"
        simplified.write_onnx(again_path)
        for one, right in zip(run_onnxruntime(again_path, feeds), expected, strict=True):
            assert near(one, right), "written again, by onnxruntime"
        with mcomp.read_onnx(again_path) as again:
            results = zip(
                run_all(simplified, feeds, "ref"), run_all(again, feeds, "ref"), strict=True
            )
            assert all(np.array_equal(one, other) for one, other in results)


@settings(max_examples=200, suppress_health_check=list(HealthCheck))
@given(proto=networks())
def test_random_network(proto: onnx.ModelProto, tmp_path_factory: pytest.TempPathFactory) -> None:
    check_network(proto, tmp_path_factory.mktemp("random"))


@pytest.mark.slow
@pytest.mark.parametrize("part", range(8))
def test_many_random_networks(part: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Two thousand more, of seeds that are printed."""
    number = int(np.random.SeedSequence().generate_state(1)[0])
    print(f"seed {number}")

    @seed(number)
    @settings(max_examples=250, suppress_health_check=list(HealthCheck), database=None)
    @given(proto=networks())
    def run(proto: onnx.ModelProto) -> None:
        check_network(proto, tmp_path_factory.mktemp("random"))

    run()
    assert set(USED) >= OPERATORS
