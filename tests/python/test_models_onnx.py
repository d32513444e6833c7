"""The study's networks as ONNX files: onnxruntime computes what we do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx_build import nmse, run_onnxruntime

import mcomp

QUICK = {"lenet5", "mobilenet_v1", "inception_v1", "resnet50"}
NAMES = [
    pytest.param(name, marks=() if name in QUICK else pytest.mark.slow)
    for name in mcomp.models.names()
]


@pytest.mark.parametrize("name", NAMES)
def test_the_exported_file_gives_our_outputs(name: str, tmp_path: Path):
    model = mcomp.models.create(name, seed=21, simplify=False)
    path = tmp_path / f"{name}.onnx"
    model.write_onnx(path)
    onnx.checker.check_model(str(path), full_check=True)
    simple = model.simplify()
    model_input = model.inputs[0].name
    model.close()
    images = np.random.default_rng(22).standard_normal((3, *simple.inputs[0].shape[1:]))
    images = images.astype(np.float32)
    for batch in (1, 3):
        given = np.ascontiguousarray(images[:batch])
        wanted = run_onnxruntime(path, {model_input: given}, optimized=True)[0]
        assert nmse(simple.run(given), wanted) < 1e-9


@pytest.mark.parametrize("name", ["lenet5", "mobilenet_v1", "inception_v2"])
def test_a_round_trip_keeps_network_and_weights(name: str, tmp_path: Path):
    options = {"mobilenet_v1": {"width": 0.25, "size": 64}, "inception_v2": {"size": 64}}
    model = mcomp.models.create(name, seed=23, simplify=False, **options.get(name, {}))
    model.write_onnx(tmp_path / "first.onnx")
    again = mcomp.read_onnx(tmp_path / "first.onnx", simplify=False)
    assert (again.parameters, again.macs) == (model.parameters, model.macs)
    assert again.metadata == model.metadata
    images = np.random.default_rng(24).standard_normal((2, *model.inputs[0].shape[1:]))
    images = images.astype(np.float32)
    assert np.array_equal(again.simplify().run(images), model.simplify().run(images))
