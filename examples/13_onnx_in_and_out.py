"""Write a network to ONNX, read it back, and compare what both compute."""

import tempfile
from pathlib import Path

import numpy as np

import mcomp

model = mcomp.models.create("lenet5")
inputs = np.random.default_rng(0).random((1, 1, 28, 28), dtype=np.float32)
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "lenet5.onnx"
    model.write_onnx(path)
    again = mcomp.read_onnx(path)
print(f"{again.name}: {len(again.nodes)} nodes, {again.parameters:,} parameters")
print("the same bits:", np.array_equal(model.run(inputs), again.run(inputs)))
