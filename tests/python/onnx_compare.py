"""Small models read in every way and compared with onnxruntime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx_build import nmse, random, run_onnxruntime, write

import mcomp


def inputs_of(proto: onnx.ModelProto, batch: int = 2) -> dict[str, np.ndarray]:
    """Random inputs for a model whose first axis is the batch."""
    constants = {tensor.name for tensor in proto.graph.initializer}
    feeds = {}
    for seed, value in enumerate(proto.graph.input):
        if value.name not in constants:
            dims = value.type.tensor_type.shape.dim
            shape = [dims[0].dim_value or batch, *(dim.dim_value for dim in dims[1:])]
            feeds[value.name] = random(*shape, seed=seed + 9)
    return feeds


def run_all(model: mcomp.Model, feeds: dict[str, np.ndarray], device: str) -> list[np.ndarray]:
    """All outputs as a list."""
    found = model.run({value.name: feeds[value.name] for value in model.inputs}, device)
    return found if isinstance(found, list) else [found]


def check_against(
    proto: onnx.ModelProto,
    folder: Path,
    expected_of: onnx.ModelProto | None = None,
    bound: float = 1e-10,
) -> mcomp.Model:
    """Read, simplified and as written, run on both devices, written again and read again.

    Every result must be onnxruntime's on this model, or on another that means the same.

    Returns
    -------
    mcomp.Model
        The simplified network.
    """
    path = write(proto, folder)
    feeds = inputs_of(proto)
    expected = run_onnxruntime(proto if expected_of is None else expected_of, feeds)
    for simplify in (False, True):
        model = mcomp.read_onnx(path, simplify=simplify)
        for device in ("cpu", "ref"):
            check_outputs(run_all(model, feeds, device), expected, bound)
        again_path = folder / "again.onnx"
        model.write_onnx(again_path)
        onnx.checker.check_model(str(again_path), full_check=True)
        with mcomp.read_onnx(again_path, simplify=simplify) as again:
            for one, other in zip(
                run_all(again, feeds, "ref"), run_all(model, feeds, "ref"), strict=True
            ):
                assert np.array_equal(one, other)
        check_outputs(run_onnxruntime(again_path, feeds), expected, bound)
    return model


def check_outputs(found: list[np.ndarray], expected: list[np.ndarray], bound: float) -> None:
    """Each output is near, relative to its own size; one that is all 0 is all 0."""
    for one, right in zip(found, expected, strict=True):
        assert one.shape == right.shape
        if right.any():
            assert nmse(one, right) < bound
        else:
            assert not one.any()
