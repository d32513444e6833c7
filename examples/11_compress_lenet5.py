"""Compress LeNet-5, write it, load it back, and see what it cost."""

import tempfile
from pathlib import Path

import mcomp

RECIPE = "prune.magnitude sparsity=0.9 scope=global; share.kmeans bits=5; encode.huffman"

model = mcomp.models.create("lenet5")
small = model.compress(RECIPE)
print(small.report)

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "lenet5.mcomp"
    nbytes = small.save(path)
    print(f"{model.float_nbytes:,} bytes as float32, {nbytes:,} in the file")
    loaded = mcomp.load(path)

digits = mcomp.data.load("mnist5k")
for name, network in (("as trained", model), ("compressed", loaded)):
    print(f"{name}: {mcomp.evaluate(network, digits).top1:.1f} % of {len(digits)} test digits")
