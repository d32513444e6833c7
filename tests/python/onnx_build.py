"""Small ONNX models for tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

FLOAT = TensorProto.FLOAT


def make_model(
    nodes: Iterable[onnx.NodeProto],
    constants: Mapping[str, np.ndarray] | None = None,
    *,
    inputs: Mapping[str, Sequence[int | str | None]] | None = None,
    outputs: Sequence[str] = ("y",),
    opset: int = 17,
    ir_version: int = 8,
    name: str = "g",
    metadata: Mapping[str, str] | None = None,
) -> onnx.ModelProto:
    """A model with float32 inputs, x [N, 3, 8, 8] where nothing else is said."""
    graph = helper.make_graph(
        list(nodes),
        name,
        [
            helper.make_tensor_value_info(key, FLOAT, shape)
            for key, shape in (inputs or {"x": ["N", 3, 8, 8]}).items()
        ],
        [helper.make_tensor_value_info(key, FLOAT, None) for key in outputs],
        [numpy_helper.from_array(np.asarray(a), key) for key, a in (constants or {}).items()],
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=ir_version
    )
    helper.set_model_props(model, dict(metadata or {}))
    return with_output_shapes(model)


def with_output_shapes(model: onnx.ModelProto) -> onnx.ModelProto:
    """The checker wants shapes of outputs; where none can be found they are left out."""
    try:
        inferred = onnx.shape_inference.infer_shapes(model)
    except Exception:  # of a model that is wrong, which is what some tests want
        return model
    for output, found in zip(model.graph.output, inferred.graph.output, strict=True):
        output.CopyFrom(found)
    return model


def node(
    op: str, inputs: Sequence[str], output: str = "y", name: str = "", **attributes: object
) -> onnx.NodeProto:
    return helper.make_node(op, list(inputs), [output], name=name, **attributes)


def ones(*shape: int) -> np.ndarray:
    return np.ones(shape, np.float32)


def random(*shape: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def integers(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def write(model: onnx.ModelProto, folder: Path, name: str = "model.onnx") -> Path:
    path = folder / name
    path.write_bytes(model.SerializeToString())
    return path


def run_onnxruntime(
    path: Path | onnx.ModelProto, feeds: Mapping[str, np.ndarray], *, optimized: bool = False
) -> list[np.ndarray]:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    if not optimized:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    source = path.SerializeToString() if isinstance(path, onnx.ModelProto) else str(path)
    session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    return session.run(None, dict(feeds))


def nmse(found: np.ndarray, expected: np.ndarray) -> float:
    """Squared error over squared signal, in double."""
    expected = expected.astype(np.float64)
    assert found.shape == expected.shape
    return float(((found - expected) ** 2).sum() / (expected**2).sum())
