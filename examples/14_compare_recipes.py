"""Sweep the sparsity: bytes in the file against digits recognised."""

import tempfile
from pathlib import Path

import mcomp

model = mcomp.models.create("lenet5")
digits = mcomp.data.load("mnist5k")
with tempfile.TemporaryDirectory() as folder:
    for sparsity in (0.5, 0.8, 0.9, 0.95):
        small = model.compress(
            f"prune.magnitude sparsity={sparsity} scope=global; share.kmeans bits=5; encode.huffman"
        )
        nbytes = small.save(Path(folder) / "small.mcomp")
        top1 = mcomp.evaluate(small, digits, limit=200).top1
        print(f"sparsity {sparsity}: {model.float_nbytes / nbytes:.1f}x, {top1:.1f} %")
