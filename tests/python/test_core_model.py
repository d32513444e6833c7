"""Networks: what they say of themselves, files, other outputs, compression."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mcomp

Build = Callable[..., mcomp.Model]
CHAIN = "prune.magnitude sparsity=0.9; share.kmeans bits=4; encode.huffman"
RECIPES = [
    "store.dense",
    "store.float dtype=float16",
    "store.float dtype=bfloat16",
    "prune.magnitude sparsity=0.5",
    "prune.magnitude sparsity=0.9 block=4x1; encode.huffman layout=gaps gap_bits=3",
    "quantize.weights bits=8",
    "quantize.weights bits=3 granularity=tensor scale=mse; encode.huffman",
    "share.kmeans bits=5; encode.huffman layout=dense",
    CHAIN,
]


def test_lenet5_is_what_its_paper_says(lenet5: mcomp.Model) -> None:
    assert lenet5.name == "lenet5"
    assert lenet5.parameters == 431_080
    assert lenet5.float_nbytes == 4 * 431_080
    assert lenet5.macs == 2_293_000
    assert [value.shape for value in lenet5.inputs] == [(None, 1, 28, 28)]
    assert [value.shape for value in lenet5.outputs] == [(None, 10)]
    assert lenet5.inputs[0].producer is None
    assert not lenet5.inputs[0].constant
    assert lenet5.metadata["layout"] == "NCHW L"
    assert lenet5.recipe == ""
    assert lenet5.notes == []
    info = mcomp.models.info("lenet5")
    assert info.trained
    assert info.input == (None, 1, 28, 28)


def test_nodes_and_values_agree(lenet5: mcomp.Model) -> None:
    by_name = {value.name: value for value in lenet5.values}
    assert len(by_name) == len(lenet5.values)
    made = {value.name for value in lenet5.inputs} | set(lenet5.constants)
    for index, node in enumerate(lenet5.nodes):
        assert all(name is None or name in made for name in node.inputs)
        assert by_name[node.output].producer == index
        assert by_name[node.output].shape == node.shape
        made.add(node.output)
    assert sum(node.macs for node in lenet5.nodes) == lenet5.macs
    conv2 = next(node for node in lenet5.nodes if node.name == "conv2")
    assert conv2.macs == 50 * 20 * 5 * 5 * 8 * 8
    assert lenet5.constants["conv2_weight"].shape == (50, 20, 5, 5)
    assert sum(math.prod(item.shape) for item in lenet5.constants.values()) == lenet5.parameters


def test_metadata_is_a_copy(lenet5: mcomp.Model) -> None:
    lenet5.metadata["layout"] = "changed"
    assert lenet5.metadata["layout"] == "NCHW L"


def test_simplify_says_what_it_did() -> None:
    raw = mcomp.models.create("lenet5", simplify=False)
    simple = raw.simplify()
    assert raw.simplify_info == {}
    assert simple.simplify_info["nodes_before"] == len(raw.nodes) == 8
    assert simple.simplify_info["nodes_after"] == len(simple.nodes)
    assert simple.simplify_info["activations_fused"] == 1
    x = np.random.default_rng(0).random((2, 1, 28, 28), np.float32)
    np.testing.assert_allclose(simple.run(x, "ref"), raw.run(x, "ref"), rtol=1e-5, atol=1e-5)


def test_attributes_come_back() -> None:
    builder = mcomp.GraphBuilder("attributes")
    x = builder.add_input("x", (None, 4, 6, 6))
    y = builder.add_node(
        "MaxPool", "pool", [x], {"kernel_shape": [3, 2], "strides": (1, 2), "ceil_mode": 0}
    )
    w = builder.add_constant("w", np.zeros((2, 2, 1, 1), np.float32))
    weights = {"group": np.int64(2), "dilations": np.array([1, 1])}
    y = builder.add_node("Conv", "conv", [y, w, None], weights)
    y = builder.add_node("Flatten", "flat", [y])
    v = builder.add_constant("v", np.ones((3, 24), np.float32))
    y = builder.add_node(
        "Gemm", "gemm", [y, v], {"transB": True, "activation_low": 0.1, "activation_high": math.inf}
    )
    builder.mark_output(y)
    pool, conv, _, gemm = builder.finish().nodes
    assert pool.attributes["kernel_shape"] == [3, 2]
    assert pool.attributes["strides"] == [1, 2]
    assert conv.attributes["group"] == 2
    assert conv.attributes["dilations"] == [1, 1]
    assert conv.inputs[:2] == ("pool", "w")
    assert set(conv.inputs[2:]) <= {None}
    assert gemm.attributes["transB"] == 1
    assert gemm.attributes["activation_low"] == float(np.float32(0.1))
    assert gemm.attributes["activation_high"] == math.inf


def test_quantised_values_and_text_attributes_come_back() -> None:
    builder = mcomp.GraphBuilder()
    x = builder.add_input("x", (None, 2, 3))
    scale = builder.add_constant("scale", np.float32(0.5))
    zero = builder.add_constant("zero", np.uint8(3))
    quantized = builder.add_node("QuantizeLinear", "q", [x, scale, zero])
    form = {"output_dtype": "u8", "output_scale": 0.5, "output_zero_point": 3}
    flat = builder.add_node("Flatten", "flat", [quantized], form)
    builder.mark_output(builder.add_node("DequantizeLinear", "y", [flat, scale, zero]))
    model = builder.finish()
    assert model.nodes[1].attributes == form
    value = next(item for item in model.values if item.name == "flat")
    assert (value.dtype, value.scale, value.zero_point) == ("uint8", 0.5, 3)
    x = np.float32([[[0.2, -1.5, 9], [-7, 0.75, 200]]])
    expected = [[0, -1.5, 9, -1.5, 1, 126]]
    for device in ("cpu", "ref"):
        np.testing.assert_array_equal(model.run(x, device), expected)
    inner = model.with_outputs(["flat"])
    assert inner.outputs[0].dtype == "float32"
    np.testing.assert_array_equal(inner.run(x), expected)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (1e300, "float32"),
        (2**63, "alpha"),
        (None, "alpha"),
        ([1, "two"], "alpha"),
        ({}, "alpha"),
        (b"text", "alpha"),
        (1j, "alpha"),
    ],
)
def test_bad_attributes_name_node_and_attribute(value: object, words: str) -> None:
    builder = mcomp.GraphBuilder()
    x = builder.add_input("x", (None, 3))
    w = builder.add_constant("w", np.eye(3, dtype=np.float32))
    with pytest.raises(mcomp.InvalidArgument, match=words) as caught:
        builder.add_node("Gemm", "g", [x, w], {"alpha": value})
    assert "node g" in str(caught.value)


@pytest.mark.parametrize(
    ("op", "inputs", "attributes", "kind"),
    [
        ("Conv3D", [0], {}, mcomp.Unsupported),
        ("Relu", [0], {"colour": 1}, mcomp.Unsupported),
        ("Relu", [0, 0], {}, mcomp.InvalidArgument),
        ("Relu", [], {}, mcomp.InvalidArgument),
        ("Relu", [99], {}, mcomp.MCompError),
        ("Relu", [-1], {}, mcomp.InvalidArgument),
        ("Relu", [2**40], {}, mcomp.InvalidArgument),
        ("Relu", ["x"], {}, mcomp.InvalidArgument),
        ("Gemm", [0, 0], {}, mcomp.MCompError),
    ],
)
def test_bad_nodes_are_refused_and_leave_the_builder_usable(
    op: str, inputs: list[int], attributes: dict[str, object], kind: type[Exception]
) -> None:
    builder = mcomp.GraphBuilder()
    x = builder.add_input("x", (None, 3, 4))
    with pytest.raises(kind):
        builder.add_node(op, "bad", inputs, attributes)
    builder.mark_output(builder.add_node("Relu", "good", [x]))
    assert [node.name for node in builder.finish().nodes] == ["good"]


@pytest.mark.parametrize(
    "shape", [(), (3, 3), (None, 0), (None, -2), (None, 2**63), (None, 1.5), (None,) * 2]
)
def test_bad_input_shapes(shape: tuple[int | None, ...]) -> None:
    builder = mcomp.GraphBuilder()
    with pytest.raises(mcomp.MCompError):
        builder.add_input("x", shape)


def test_names_are_unique() -> None:
    builder = mcomp.GraphBuilder()
    x = builder.add_input("x", (None, 3))
    with pytest.raises(mcomp.InvalidArgument, match="x"):
        builder.add_node("Relu", "x", [x])
    with pytest.raises(mcomp.InvalidArgument):
        builder.add_node("Relu", "", [x])


def test_with_outputs_gives_the_values_inside(lenet5: mcomp.Model, digits: np.ndarray) -> None:
    both = lenet5.with_outputs(["pool2", "conv1"])
    assert [value.name for value in both.outputs] == ["pool2", "conv1"]
    assert [node.name for node in both.nodes] == ["conv1", "pool1", "conv2", "pool2"]
    assert set(both.constants) == {"conv1_weight", "conv1_bias", "conv2_weight", "conv2_bias"}
    assert both.metadata == lenet5.metadata
    pool2, conv1 = both.run(digits)
    weight = lenet5.constants["conv1_weight"].values()
    windows = np.lib.stride_tricks.sliding_window_view(digits[:, 0], (5, 5), (1, 2))
    expected = np.einsum("nhwij,oij->nohw", windows.astype(np.float64), weight[:, 0])
    expected += lenet5.constants["conv1_bias"].values()[:, None, None]
    np.testing.assert_allclose(conv1, expected, rtol=1e-4, atol=1e-5)
    assert pool2.shape == (3, 50, 4, 4)
    (last,) = [lenet5.with_outputs(["ip2"]).run(digits)]
    np.testing.assert_array_equal(last, lenet5.run(digits))


def test_with_outputs_keeps_encodings_and_their_tensors(lenet5: mcomp.Model) -> None:
    small = lenet5.compress(CHAIN)
    inner = small.with_outputs(["ip1"])
    for name, constant in inner.constants.items():
        assert constant.encoding == small.constants[name].encoding
        assert constant.handle == small.constants[name].handle


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (["nothing"], mcomp.NotFound),
        (["input"], mcomp.NotFound),
        (["conv1_weight"], mcomp.NotFound),
        ([], mcomp.InvalidArgument),
        ("conv1", mcomp.InvalidArgument),
    ],
)
def test_outputs_that_cannot_be(
    lenet5: mcomp.Model, names: list[str], kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        lenet5.with_outputs(names)


@pytest.mark.parametrize("recipe", RECIPES)
def test_compressed_networks_are_the_same_in_memory_and_in_a_file(
    lenet5: mcomp.Model, digits: np.ndarray, tmp_path: Path, recipe: str
) -> None:
    small = lenet5.compress(recipe)
    path = tmp_path / "ä m.mcomp"
    assert small.save(path) == path.stat().st_size
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    again = mcomp.load(path)
    assert again.recipe == small.recipe == str(mcomp.Recipe(recipe))
    assert again.name == small.name
    assert again.metadata == small.metadata
    assert again.notes == small.notes
    assert again.report.to_dicts() == small.report.to_dicts()
    assert (again.parameters, again.float_nbytes, again.macs) == (431_080, 1_724_320, 2_293_000)
    for name, constant in small.constants.items():
        loaded = again.constants[name]
        assert loaded.encoding == constant.encoding
        assert loaded.values().tobytes() == constant.values().tobytes()
    for device in ("cpu", "ref"):
        assert again.run(digits, device).tobytes() == small.run(digits, device).tobytes()


@pytest.mark.parametrize("recipe", RECIPES)
def test_report_sums(lenet5: mcomp.Model, recipe: str) -> None:
    small = lenet5.compress(recipe)
    report = small.report
    assert len(report) == len(small.constants) == 8
    assert report.stored_nbytes == small.stored_nbytes
    assert sum(entry.values for entry in report) == small.parameters
    for entry in report:
        constant = small.constants[entry.name]
        values = constant.values()
        assert entry.shape == constant.shape == values.shape
        assert entry.values == values.size
        assert entry.nonzero == np.count_nonzero(values)
        assert entry.stored_nbytes == constant.stored_nbytes
        assert entry.encoding == constant.encoding
        before = lenet5.constants[entry.name].values().astype(np.float64)
        error = np.square(values - before).sum()
        if error == 0:
            assert entry.sqnr_db == math.inf
        else:
            expected = 10 * math.log10(np.square(before).sum() / error)
            assert entry.sqnr_db == pytest.approx(expected, rel=1e-6)
    assert isinstance(report[2:4], mcomp.Report)
    assert [entry.name for entry in report[2:4]] == [report[2].name, report[3].name]
    assert report.to_dicts()[0]["shape"] == [20, 1, 5, 5]


def test_sections_sum_to_the_file(lenet5: mcomp.Model, tmp_path: Path) -> None:
    path = tmp_path / "m.mcomp"
    nbytes = lenet5.compress(CHAIN).save(path)
    sections = mcomp.package_sections(path)
    assert sum(section.nbytes for section in sections) == nbytes == path.stat().st_size
    assert sections[0].name == "header"
    assert mcomp.package_format_version(path) == 0


def test_compressing_leaves_the_source_alone(lenet5: mcomp.Model) -> None:
    before = {name: item.values().copy() for name, item in lenet5.constants.items()}
    small = lenet5.compress(CHAIN, seed=7)
    assert small.stored_nbytes * 20 < lenet5.stored_nbytes
    for name, values in before.items():
        np.testing.assert_array_equal(lenet5.constants[name].values(), values)


def test_codebooks_and_symbols_give_the_values(lenet5: mcomp.Model) -> None:
    constant = lenet5.compress("share.kmeans bits=3; encode.huffman").constants["conv2_weight"]
    symbols, codebook = constant.symbols(), constant.codebook
    assert symbols is not None
    assert codebook is not None
    assert codebook.size <= 8
    assert symbols.max() < codebook.size
    np.testing.assert_array_equal(codebook[symbols], constant.values())
    assert constant.scales is None


def test_scales_and_symbols_give_the_values(lenet5: mcomp.Model) -> None:
    constant = lenet5.compress("quantize.weights bits=4").constants["conv2_weight"]
    symbols, scales = constant.symbols(), constant.scales
    assert symbols is not None
    assert scales is not None
    assert scales.shape == (50,)
    points = 8 if constant.zero_points is None else constant.zero_points.astype(np.int32)
    values = scales.reshape(-1, 1, 1, 1) * (symbols.astype(np.int32) - points).astype(np.float32)
    np.testing.assert_array_equal(values, constant.values())


@settings(max_examples=30)
@given(
    sparsity=st.floats(0, 1, width=32),
    rows=st.integers(1, 9),
    columns=st.integers(1, 9),
    seed=st.integers(0, 2**32 - 1),
)
def test_pruning_keeps_the_largest(sparsity: float, rows: int, columns: int, seed: int) -> None:
    weight = np.random.default_rng(seed).standard_normal((rows, columns)).astype(np.float32)
    builder = mcomp.GraphBuilder()
    x = builder.add_input("x", (None, columns))
    w = builder.add_constant("w", weight)
    builder.mark_output(builder.add_node("Gemm", "y", [x, w], {"transB": 1}))
    pruned = builder.finish().compress(f"prune.magnitude sparsity={sparsity!r}")
    values = pruned.constants["w"].values()
    kept = values != 0
    np.testing.assert_array_equal(values[kept], weight[kept])
    zeros = round(sparsity * weight.size)
    assert abs(int((~kept).sum()) - zeros) <= 1
    if kept.any() and not kept.all():
        assert np.abs(weight[kept]).min() >= np.abs(weight[~kept]).max()


def test_measurement_statistics_follow_from_the_samples(small_model: Build) -> None:
    measured = small_model().measure(min_runs=23, min_seconds=0)
    samples = np.sort(measured.samples)
    assert samples.size == 23
    assert samples.dtype == np.int64
    assert measured.min_ns == samples[0] > 0
    assert measured.median_ns == samples[math.ceil(0.5 * 23) - 1]
    assert measured.p90_ns == samples[math.ceil(0.9 * 23) - 1]
    assert measured.max_ns == samples[-1]
    assert measured.mean_ns == pytest.approx(samples.mean())
    assert (measured.joules_per_run is None) == (measured.energy_source == "")
    with pytest.raises(ValueError, match="read-only"):
        measured.samples[0] = 1


def test_measure_checks_its_array(small_model: Build) -> None:
    model = small_model()
    with pytest.raises(mcomp.ShapeError):
        model.measure(array=np.ones((2, 6), np.float32))
    quick = model.measure(batch=2, array=np.ones((2, 6), np.float32), min_seconds=0, min_runs=1)
    assert quick.samples.size == 1


def test_plan_and_profile_name_the_same_steps(lenet5: mcomp.Model) -> None:
    plan = lenet5.plan(batch=2)
    assert plan.batch == 2
    assert [step.node for step in plan.steps] == [node.name for node in lenet5.nodes]
    assert sum(step.macs for step in plan.steps) == 2 * lenet5.macs
    assert plan.predicted_ns == pytest.approx(sum(step.predicted_ns for step in plan.steps))
    assert all(step.why and step.kernel for step in plan.steps)
    assert plan.live_peak_nbytes <= plan.activations_nbytes
    with plan.session() as session:
        profile = session.profile(5)
        assert [item.step for item in profile] == list(plan.steps)
        assert all(item.samples.shape == (5,) for item in profile)
        assert profile.total_ns == sum(item.median_ns for item in profile)
        starts = [item.start_ns for item in profile]
        assert starts == sorted(starts)
        assert session.weights_nbytes == plan.weights_nbytes
        assert session.load_ns > 0


def test_context_options_reach_the_library() -> None:
    with mcomp.Context(threads=3, isa="scalar") as context:
        assert (context.threads, context.isa) == (3, "scalar")
        environment = context.environment
        assert environment["threads"] == "3"
        assert environment["isa"] == "scalar"
        assert environment["library"] == mcomp.__version__
        model = mcomp.models.create("lenet5", context=context)
        assert model.context is context
        assert not any("avx" in step.kernel for step in model.plan().steps)


def test_lists() -> None:
    passes = {item.name: item for item in mcomp.passes()}
    assert {"prune.magnitude", "share.kmeans", "quantize.weights"} <= set(passes)
    sparsity = next(p for p in passes["prune.magnitude"].parameters if p.name == "sparsity")
    assert (sparsity.type, sparsity.default, sparsity.min, sparsity.max) == ("real", "", 0, 1)
    scope = next(p for p in passes["prune.magnitude"].parameters if p.name == "scope")
    assert scope.choices == ("layer", "global")
    assert scope.default == "layer"
    assert all(item.summary and item.source for item in passes.values())
    assert {"Conv", "Gemm", "QuantizeLinear"} <= set(mcomp.operators())
    devices = {device.id: device for device in mcomp.devices()}
    assert devices["cpu"].available
    assert devices["ref"].kind == "reference"


def test_resident_memory_is_seen() -> None:
    # A process of its own: what other tests leave behind may be freed at any moment.
    script = """
import mcomp, numpy as np
if not mcomp.peak_resident_reset():
    raise SystemExit(77)
before = mcomp.resident_nbytes()
block = np.ones(64 * 2**20, np.uint8)
with_block = mcomp.resident_nbytes()
del block
print(with_block - before, mcomp.peak_resident_nbytes() - before)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    if done.returncode == 77:
        pytest.skip("the system cannot start the peak anew")
    assert done.returncode == 0, done.stderr
    grown, peak = map(int, done.stdout.split())
    assert grown > 60 * 2**20
    assert peak > 60 * 2**20


@pytest.mark.parametrize(("beta", "bias"), [(0.75, 0.0), (2.5, 1e-30), (-0.5, 1.0), (0.75, 2.0)])
def test_lrn_of_odd_parameters_is_the_same_on_both_devices(beta: float, bias: float) -> None:
    builder = mcomp.GraphBuilder("lrn")
    x = builder.add_input("x", (None, 2, 1, 2))
    attributes = {"size": 3, "alpha": 1.0, "beta": beta, "bias": bias}
    builder.mark_output(builder.add_node("LRN", "y", [x], attributes))
    values = np.array([1e-25, 1, 1e-10, 1], np.float32).reshape(1, 2, 1, 2)
    with builder.finish() as model:
        ref, cpu = model.run(values, "ref"), model.run(values, "cpu")
    np.testing.assert_allclose(cpu, ref, rtol=1e-5)
