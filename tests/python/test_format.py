"""docs/format.md against the library: a reader written from the page finds the same in every file.

The files of tests/golden were written once and are read for ever: by the library, to the values and
outputs beside them, and written again with the same bytes in every section, inflated.
"""

from __future__ import annotations

import math
from pathlib import Path

import format_reader
import numpy as np
import pytest

import mcomp

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
FILES = sorted(GOLDEN.glob("*.mcomp"))

RECIPES = [
    "store.dense",
    "store.float dtype=float16",
    "store.float dtype=bfloat16",
    "quantize.weights bits=3 granularity=tensor",
    "quantize.weights bits=8",
    "share.kmeans bits=1",
    "share.kmeans bits=6",
    "prune.magnitude sparsity=0.9",
    "prune.magnitude sparsity=1",
    "prune.magnitude sparsity=0.5 block=4x1; store.float dtype=float16",
    "prune.magnitude sparsity=0.7 block=3x2; quantize.weights bits=5",
    "prune.magnitude block=2:4",
    "prune.magnitude block=3:7; share.kmeans bits=4",
    "prune.magnitude block=1:16; quantize.weights bits=8",
    "encode.huffman",
    "quantize.weights bits=4; encode.huffman",
    "share.kmeans bits=5; encode.huffman",
    "prune.magnitude sparsity=0.9; encode.huffman layout=gaps gap_bits=2",
    "prune.magnitude sparsity=0.97; share.kmeans bits=5; encode.huffman layout=gaps",
    "prune.magnitude sparsity=0.8; share.kmeans bits=3; encode.huffman layout=dense",
    "prune.magnitude sparsity=0.8 block=1x4; share.kmeans bits=4; encode.huffman layout=gaps",
    "prune.magnitude block=2:4; quantize.weights bits=6; encode.huffman",
]


def network() -> mcomp.Model:
    """Two convolutions and a Gemm with odd shapes, metadata and weights of a fixed seed."""
    random = np.random.default_rng(20)

    def weight(*shape: int) -> np.ndarray:
        return random.standard_normal(shape).astype(np.float32)

    builder = mcomp.GraphBuilder("gölden")
    builder.set_metadata("labels", "none")
    x = builder.add_input("image", [None, 5, 6, 7])
    w1, b1 = builder.add_constant("w1", weight(11, 5, 3, 2)), builder.add_constant("b1", weight(11))
    conv = builder.add_node("Conv", "conv", [x, w1, b1], {"strides": [2, 2], "pads": [1, 0, 1, 1]})
    w2 = builder.add_constant("w2", weight(11, 1, 3, 3))
    deep = builder.add_node("Conv", "deep", [conv, w2], {"group": 11, "pads": [1, 1, 1, 1]})
    flat = builder.add_node("Flatten", "flat", [builder.add_node("Relu", "relu", [deep])])
    columns = builder.shape(flat)[1]
    assert columns is not None
    w3 = builder.add_constant("w3", weight(10, columns))
    builder.mark_output(builder.add_node("Gemm", "gemm", [flat, w3], {"transB": 1}))
    return builder.finish().simplify()


def image() -> np.ndarray:
    """Two inputs of the network."""
    return np.random.default_rng(21).standard_normal((2, 5, 6, 7)).astype(np.float32)


def check_same(model: mcomp.Model, file: format_reader.File) -> None:
    """Compare what the library knows of a network with what the independent reader found."""
    assert (file.name, file.parameters, file.float_nbytes) == (
        model.name,
        model.parameters,
        model.float_nbytes,
    )
    assert file.metadata == model.metadata
    assert (file.recipe, file.notes) == (model.recipe, list(model.notes))
    assert [node.name for node in file.nodes] == [node.name for node in model.nodes]
    assert [node.op for node in file.nodes] == [node.op for node in model.nodes]
    assert [tensor.name for tensor in file.tensors] == list(model.constants)
    sqnr = {tensor.name: tensor.sqnr_db for tensor in model.report}
    for tensor, sqnr_db in zip(file.tensors, file.sqnr_db, strict=True):
        np.testing.assert_array_equal(
            tensor.values.astype(np.float32).view(np.uint32),
            model.constants[tensor.name].values().view(np.uint32),
            err_msg=f"{tensor.name} {model.constants[tensor.name].encoding}",
        )
        if tensor.name in sqnr:
            assert sqnr[tensor.name] == sqnr_db or math.isnan(sqnr_db)


@pytest.mark.parametrize("recipe", RECIPES)
def test_page_and_library_agree(recipe: str, tmp_path: Path) -> None:
    path = tmp_path / "network.mcomp"
    model = network().compress(recipe)
    model.save(path)
    check_same(model, format_reader.read(path))


def test_page_and_library_agree_about_the_source_without_a_recipe(tmp_path: Path) -> None:
    path = tmp_path / "network.mcomp"
    model = network()
    model.save(path)
    file = format_reader.read(path)
    check_same(model, file)
    assert all(tensor.encoding is None for tensor in file.tensors)
    assert file.inputs == {"image": [-1, 5, 6, 7]}


def test_there_are_golden_files() -> None:
    assert len(FILES) == len(RECIPES), "write them: python tests/python/write_golden.py"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_golden_file(path: Path, tmp_path: Path) -> None:
    model = mcomp.load(path)
    file = format_reader.read(path)
    check_same(model, file)
    expected = np.load(GOLDEN / "expected.npz")
    for tensor in file.tensors:
        key = f"{path.stem}/{tensor.name}"
        np.testing.assert_array_equal(tensor.values, expected[key], err_msg=key)
    output = model.run(image(), devices="ref")
    np.testing.assert_allclose(output, expected[f"{path.stem}/output"], rtol=1e-6, atol=1e-6)
    again = tmp_path / "again.mcomp"
    model.save(again)
    assert format_reader.read_sections(again) == format_reader.read_sections(path)
