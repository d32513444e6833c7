"""The real networks of the shared folder, read from ONNX, against onnxruntime and their README."""

from __future__ import annotations

import importlib.util
import json
import re
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from onnx_build import nmse, run_onnxruntime
from PIL import Image

import mcomp

NAMES = [
    "mobilenet_v1_025_128",
    "mobilenet_v1_025_96_vww",
    "mobilenet_v1_100_224_qat",
    "mobilenet_v1_100_224_qat_float",
    "mobilenet_v2_100_224",
    "mobilenet_v2_100_224_ptq",
    "resnet20_cifar10",
    "resnet56_cifar10",
    "resnet8_cifar10",
    "resnet8_cifar10_int8",
    "resnet8_wide_cifar10",
    "squeezenet_1_0_deep_compression",
    "squeezenet_1_1",
]
EIGHT_BIT = {"mobilenet_v1_100_224_qat", "mobilenet_v2_100_224_ptq", "resnet8_cifar10_int8"}
#: Integers through 64 layers are chaotic: see test_ptq_is_as_near_as_onnxruntime_to_itself.
CHAOTIC = "mobilenet_v2_100_224_ptq"
#: Columns of the README's table, and the images they were measured on.
SETS = {
    "val300": "imagenet-val300",
    "dev128": "imagenet-dev128-ccby",
    "cifar1000": "cifar10-png/test",
}


@cache
def evaluation(shared: Path) -> ModuleType:
    """The shared folder's eval.py: preprocessing and ranks that owe nothing to this project."""
    spec = importlib.util.spec_from_file_location("shared_eval", shared / "models" / "eval.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def network(shared: Path, name: str) -> mcomp.Model:
    return mcomp.read_onnx(shared / "models" / f"{name}.onnx")


def images(
    shared: Path, model: mcomp.Model, data: str, start: int, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Preprocessed images float32 [n, 3, H, W] and their labels."""
    module = evaluation(shared)
    samples = module.read_labels(shared / "data" / data)[start : start + count]
    images = [module.prepare(Image.open(path), model.metadata) for path, _ in samples]
    return (
        np.ascontiguousarray(np.stack(images), np.float32),
        np.array([label for _, label in samples]),
    )


def some_pictures(shared: Path, name: str, count: int) -> tuple[np.ndarray, np.ndarray]:
    model = network(shared, name)
    data = "val300" if model.inputs[0].shape[2] > 32 else "cifar1000"
    return images(shared, model, SETS[data], 0, count)


def hits(shared: Path, model: mcomp.Model, logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """How many images are right among the first one and the first five."""
    if model.metadata["labels"] == "imagenet1001":
        logits = logits[:, 1:]
    ranks = evaluation(shared).ranks(logits, labels)
    return np.array([(ranks < 1).sum(), (ranks < 5).sum()])


@pytest.mark.parametrize("name", NAMES)
def test_outputs_are_those_of_onnxruntime(name: str, shared: Path) -> None:
    model = network(shared, name)
    path = shared / "models" / f"{name}.onnx"
    x, _ = some_pictures(shared, name, 4)
    as_written = run_onnxruntime(path, {"input": x})[0]
    optimized = run_onnxruntime(path, {"input": x}, optimized=True)[0]
    found = model.run(x, "cpu")
    on_ref = model.run(x[:1], "ref")
    errors = {
        "cpu, as written": nmse(found, as_written),
        "cpu, optimised": nmse(found, optimized),
        "ref, as written": nmse(on_ref, as_written[:1]),
        "onnxruntime optimised, as written": nmse(optimized, as_written),
    }
    print(name, {key: f"{value:.1e}" for key, value in errors.items()})
    if name in EIGHT_BIT:
        assert np.array_equal(on_ref, found[:1])
        # Without VNNI, optimised onnxruntime adds pairs of products in 16 bits, which saturate; so
        # the graph as written is what counts.
        assert name == CHAOTIC or errors["cpu, as written"] < 3e-3
    else:
        assert errors["cpu, as written"] < 1e-9
        assert errors["cpu, optimised"] < 1e-9
        assert errors["ref, as written"] < 1e-9


def test_ptq_is_as_near_as_onnxruntime_to_itself(shared: Path) -> None:
    """One last bit of a weight's scale moves onnxruntime's own result as far as ours is from it."""
    path = shared / "models" / f"{CHAOTIC}.onnx"
    x, _ = some_pictures(shared, CHAOTIC, 8)
    proto = onnx.load(path)
    scales = {n.input[1] for n in proto.graph.node if n.op_type == "DequantizeLinear"}
    for tensor in proto.graph.initializer:
        if tensor.name in scales and tensor.dims:
            moved = np.nextafter(numpy_helper.to_array(tensor), np.float32(1))
            tensor.CopyFrom(numpy_helper.from_array(moved, tensor.name))
    as_written = run_onnxruntime(path, {"input": x})[0]
    own_noise = nmse(run_onnxruntime(proto, {"input": x})[0], as_written)
    error = nmse(network(shared, CHAOTIC).run(x), as_written)
    print(f"ours {error:.1e}, onnxruntime's own {own_noise:.1e}")
    assert error < 2 * own_noise
    assert error < 1e-2


@pytest.mark.parametrize("name", sorted(set(NAMES) - EIGHT_BIT))
def test_simplified_computes_what_the_file_says(name: str, shared: Path) -> None:
    path = shared / "models" / f"{name}.onnx"
    x, _ = some_pictures(shared, name, 2)
    with mcomp.read_onnx(path, simplify=False) as as_written:
        assert len(as_written.nodes) == len(onnx.load(path).graph.node)
        assert nmse(network(shared, name).run(x), as_written.run(x)) < 1e-10


@pytest.mark.parametrize("name", NAMES)
def test_counts_metadata_and_names(name: str, shared: Path) -> None:
    model = network(shared, name)
    proto = onnx.load(shared / "models" / f"{name}.onnx")
    metadata = {entry.key: entry.value for entry in proto.metadata_props}
    assert model.metadata == metadata
    assert model.parameters == int(metadata["parameters"])
    assert model.macs == int(metadata["macs"])
    assert model.name == proto.graph.name
    assert [value.name for value in model.inputs] == ["input"]
    assert [value.name for value in model.outputs] == ["logits"]
    names = {node.name for node in proto.graph.node} | {"logits"}
    assert {node.name for node in model.nodes} <= names


@pytest.mark.parametrize("name", sorted(EIGHT_BIT))
def test_eight_bit_networks_compute_in_integers(name: str, shared: Path) -> None:
    model = network(shared, name)
    operators = [node.op for node in model.nodes]
    assert operators.count("QuantizeLinear") == 1
    assert operators.count("DequantizeLinear") == 1
    dtypes = {value.name: value.dtype for value in model.values}
    assert all(
        dtypes[node.output] in ("uint8", "int8")
        for node in model.nodes
        if node.op in ("Conv", "Gemm", "Add", "GlobalAveragePool")
    )


@pytest.mark.parametrize("name", NAMES)
def test_round_trips_keep_every_bit(name: str, shared: Path, tmp_path: Path) -> None:
    model = network(shared, name)
    x, _ = some_pictures(shared, name, 1)
    expected = model.run(x, "cpu")
    assert model.save(tmp_path / "a.mcomp") == (tmp_path / "a.mcomp").stat().st_size
    assert model.write_onnx(tmp_path / "a.onnx") == (tmp_path / "a.onnx").stat().st_size
    onnx.checker.check_model(str(tmp_path / "a.onnx"), full_check=True)
    for again in (mcomp.load(tmp_path / "a.mcomp"), mcomp.read_onnx(tmp_path / "a.onnx")):
        with again:
            assert np.array_equal(again.run(x, "cpu"), expected)
            assert again.metadata == model.metadata
            assert again.name == model.name
            assert again.macs == model.macs
            assert [node.name for node in again.nodes] == [node.name for node in model.nodes]
            assert list(again.constants) == list(model.constants)
            assert again.inputs == model.inputs
            assert again.outputs == model.outputs
    written = run_onnxruntime(tmp_path / "a.onnx", {"input": x})[0]
    if name not in EIGHT_BIT:
        assert nmse(written, expected) < 1e-9
    elif name != CHAOTIC:
        assert nmse(written, expected) < 3e-3


@pytest.mark.parametrize("name", ["resnet20_cifar10", "resnet8_cifar10_int8"])
def test_round_trips_keep_every_bit_on_ref(name: str, shared: Path, tmp_path: Path) -> None:
    model = network(shared, name)
    x, _ = some_pictures(shared, name, 1)
    model.write_onnx(tmp_path / "a.onnx")
    with mcomp.read_onnx(tmp_path / "a.onnx") as again:
        assert np.array_equal(again.run(x, "ref"), model.run(x, "ref"))


@pytest.mark.parametrize("name", ["mobilenet_v1_025_128", "resnet8_cifar10_int8"])
def test_batches_of_one_and_three(name: str, shared: Path) -> None:
    model = network(shared, name)
    x, _ = some_pictures(shared, name, 3)
    for device in ("cpu", "ref"):
        together = model.run(x, device)
        alone = np.concatenate([model.run(x[i : i + 1], device) for i in range(3)])
        assert np.array_equal(together, alone)


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"mobilenet_v1_025_96_vww"}))
def test_accuracy_on_some_pictures(name: str, shared: Path) -> None:
    model = network(shared, name)
    x, labels = some_pictures(shared, name, 24)
    path = shared / "models" / f"{name}.onnx"
    expected = hits(shared, model, run_onnxruntime(path, {"input": x})[0], labels)
    found = hits(shared, model, model.run(x), labels)
    assert np.abs(found - expected).max() <= (3 if name in EIGHT_BIT else 1)
    assert found[1] >= 12


def readme_rows(shared: Path) -> dict[str, dict[str, tuple[float, float]]]:
    """Top-1 and top-5 in percent by network and set, from the table of the README."""
    lines = (shared / "models" / "README.md").read_text().splitlines()
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in lines if line[:1] == "|"
    ]
    found: dict[str, dict[str, tuple[float, float]]] = {}
    for row in rows[2:]:
        cells = dict(zip(rows[0], row, strict=True))
        for column in SETS:
            match = re.fullmatch(r"([0-9.]+) / ([0-9.]+)", cells[column])
            if match:
                figures = (float(match[1]), float(match[2]))
                found.setdefault(cells["file (.onnx)"], {})[column] = figures
    return found


def test_readme_has_figures_of_all_networks_but_one(shared: Path) -> None:
    rows = readme_rows(shared)
    assert set(rows) == set(NAMES) - {"mobilenet_v1_025_96_vww"}
    assert sum(len(figures) for figures in rows.values()) == 19


@pytest.mark.slow
@pytest.mark.parametrize("column", SETS)
@pytest.mark.parametrize("name", sorted(set(NAMES) - {"mobilenet_v1_025_96_vww"}))
def test_accuracy_is_the_readmes(name: str, column: str, shared: Path) -> None:
    figures = readme_rows(shared)[name]
    if column not in figures:
        return
    model = network(shared, name)
    total, count = np.zeros(2, int), 0
    while True:
        x, labels = (
            images(shared, model, SETS[column], count, 32)
            if count < len(evaluation(shared).read_labels(shared / "data" / SETS[column]))
            else (np.empty(0), np.empty(0))
        )
        if not len(labels):
            break
        total += hits(shared, model, model.run(x), labels)
        count += len(labels)
    expected = np.rint(np.array(figures[column]) / 100 * count).astype(int)
    print(json.dumps({"name": name, "set": column, "found": total.tolist(), "of": count}))
    assert np.abs(total - expected).max() <= (3 if name in EIGHT_BIT else 1)
