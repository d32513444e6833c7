"""Accuracy and comparison against short oracles, and against the independent evaluator."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from cli_tools import images
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import mcomp
from mcomp.compare import common_layers
from mcomp.data import ArrayDataset
from mcomp.evaluate import percent, ranks
from mcomp.preprocess import Preprocess

GREY = {
    "resize": "none",
    "crop": "none",
    "input_range": "[0, 1]",
    "mean": "[0]",
    "std": "[1]",
    "layout": "NCHW L",
}


def classifier(
    weight: np.ndarray, metadata: dict[str, str] | None = None, name: str = "toy"
) -> mcomp.Model:
    """A network that multiplies a 2x2 image's pixels with a matrix [classes, 4]."""
    builder = mcomp.GraphBuilder(name)
    x = builder.add_input("x", (None, 1, 2, 2))
    flat = builder.add_node("Flatten", "flat", [x], {"axis": 1})
    w = builder.add_constant("weight", weight.astype(np.float32))
    hidden = builder.add_node("Gemm", "hidden", [flat, w], {"transB": 1})
    builder.mark_output(builder.add_node("Identity", "logits", [hidden]))
    for key, text in (GREY if metadata is None else metadata).items():
        builder.set_metadata(key, text)
    return builder.finish()


def dataset(labels: list[int], seed: int = 0) -> ArrayDataset:
    random = np.random.default_rng(seed)
    images = random.integers(0, 256, (len(labels), 2, 2), np.uint8)
    return ArrayDataset("toys", images, np.array(labels, np.int64))


@given(
    st.tuples(st.integers(1, 8), st.integers(1, 12)).flatmap(
        # Few distinct values, so that many are equal.
        lambda shape: hnp.arrays(np.float32, shape, elements=st.sampled_from([-1.0, 0.0, 0.5, 2.0]))
    ),
    st.integers(0, 2**32 - 1),
)
def test_ranks_are_places_in_a_stable_descending_sort(logits, seed):
    labels = np.random.default_rng(seed).integers(0, logits.shape[1], len(logits))
    expected = [
        int(np.flatnonzero(np.argsort(-row, kind="stable") == label)[0])
        for row, label in zip(logits, labels, strict=True)
    ]
    assert ranks(logits, labels).tolist() == expected


def test_percent_counts_places():
    assert percent(np.array([0, 4, 5, 0]), 1) == 50.0
    assert percent(np.array([0, 4, 5, 0]), 5) == 75.0


@pytest.mark.parametrize("batch", [1, 3, 7, 32])
def test_evaluate_is_what_the_outputs_say(batch):
    weight = np.random.default_rng(1).standard_normal((9, 4))
    labels = [index % 9 for index in range(20)]
    toys = dataset(labels)
    seen = []
    found = mcomp.evaluate(
        classifier(weight), toys, batch=batch, progress=lambda *step: seen.append(step)
    )
    logits = np.stack([toys.image(i).reshape(4) / 255 @ weight.T for i in range(20)])
    places = np.argsort(np.argsort(-logits, axis=1), axis=1)[np.arange(20), labels]
    assert found.n == 20
    assert found.predictions.tolist() == logits.argmax(axis=1).tolist()
    assert found.top1 == pytest.approx(100 * np.mean(places == 0))
    assert found.top5 == pytest.approx(100 * np.mean(places < 5))
    assert seen[-1] == ("evaluating", 20, 20)
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)
    first = mcomp.evaluate(classifier(weight), toys, batch=batch, limit=6)
    assert first.predictions.tolist() == found.predictions[:6].tolist()


def test_the_background_class_is_not_counted():
    weight = np.zeros((1001, 4))
    weight[0] = 9  # the background would win every time
    weight[2] = 1
    model = classifier(weight, GREY | {"labels": "imagenet1001"})
    found = mcomp.evaluate(model, dataset([1, 1, 0]))
    assert found.predictions.tolist() == [1, 1, 1]
    assert found.top1 == pytest.approx(200 / 3)
    override = Preprocess.from_metadata(GREY | {"labels": ""}, (None, 1, 2, 2))
    assert mcomp.evaluate(model, dataset([0]), preprocess=override).predictions.tolist() == [0]


@pytest.mark.parametrize("labels", ["imagenet1001", "imagenet1000", "digits10"])
def test_known_labels_of_another_number_of_outputs_are_refused(labels: str):
    model = classifier(np.ones((12, 4)), GREY | {"labels": labels})
    with pytest.raises(mcomp.InvalidArgument, match=f"'{labels}', .* outputs, .* has 12"):
        mcomp.evaluate(model, dataset([1, 1, 0]))
    override = Preprocess.from_metadata(GREY, (None, 1, 2, 2))
    assert mcomp.evaluate(model, dataset([0]), preprocess=override).n == 1


def test_lenet5_has_its_recorded_accuracy(root: Path, lenet5):
    found = mcomp.evaluate(lenet5, "mnist5k")
    assert found.n == 1000
    assert found.top1 >= 98.0
    on_reference = mcomp.evaluate(lenet5, "mnist5k", devices="ref", limit=50)
    assert on_reference.predictions.tolist() == found.predictions[:50].tolist()


def test_labels_beyond_the_classes_are_named():
    with pytest.raises(mcomp.InvalidArgument, match=r"toys image 1: label 3, .* 3 classes"):
        mcomp.evaluate(classifier(np.ones((3, 4))), dataset([0, 3, 1]))
    # The one beyond is not looked at.
    assert mcomp.evaluate(classifier(np.ones((3, 4))), dataset([0, 3, 1]), limit=1).n == 1


def test_wrong_requests_are_named(tmp_path: Path, lenet5):
    with pytest.raises(mcomp.InvalidArgument, match=r"limit must be .* not 0"):
        mcomp.evaluate(lenet5, "mnist5k", limit=0)
    with pytest.raises(mcomp.InvalidArgument, match=r"batch must be .* not 0"):
        mcomp.evaluate(lenet5, "mnist5k", batch=0)
    with pytest.raises(mcomp.InvalidArgument, match="limit must be an integer, not float"):
        mcomp.evaluate(lenet5, "mnist5k", limit=2.5)  # type: ignore[arg-type]
    with pytest.raises(mcomp.InvalidArgument, match="batch must be an integer, not float"):
        mcomp.compare(lenet5, lenet5, "mnist5k", batch=2.5)  # type: ignore[arg-type]
    with pytest.raises(mcomp.ShapeError, match=r"0\.png: prepared it is \[1, 9, 9\]"):
        mcomp.evaluate(lenet5, images(tmp_path, [1], side=9))
    with pytest.raises(mcomp.NotFound, match="nowhere"):
        mcomp.evaluate(lenet5, "mnist5k", devices="nowhere", limit=1)
    with pytest.raises(mcomp.InvalidArgument, match="no preprocessing"):
        mcomp.evaluate(classifier(np.ones((3, 4)), {}), dataset([0]))


def test_labels_of_other_things_are_refused():
    toys = ArrayDataset("toys", np.zeros((2, 2, 2), np.uint8), np.array([0, 1]), "digits10")
    other = classifier(np.ones((10, 4)), GREY | {"labels": "cifar10"}, "planes")
    words = "data 'toys' is labelled with 'digits10', .* network 'planes' are 'cifar10'"
    with pytest.raises(mcomp.InvalidArgument, match=words):
        mcomp.evaluate(other, toys)
    same = classifier(np.ones((10, 4)), GREY | {"labels": "digits10"})
    silent = classifier(np.ones((10, 4)))
    for model in (same, silent):
        assert mcomp.evaluate(model, toys).notes == ()
    with pytest.raises(mcomp.InvalidArgument, match=words):
        mcomp.compare(same, other, toys)


COLOUR = GREY | {"mean": "[0, 0, 0]", "std": "[1, 1, 1]", "layout": "NCHW RGB"}


def colour_classifier() -> mcomp.Model:
    """A network of 12 classes for coloured images of 2x2 pixels."""
    builder = mcomp.GraphBuilder("colours")
    x = builder.add_input("x", (None, 3, 2, 2))
    flat = builder.add_node("Flatten", "flat", [x], {"axis": 1})
    w = builder.add_constant("weight", np.eye(12, dtype=np.float32))
    builder.mark_output(builder.add_node("Gemm", "y", [flat, w]))
    for key, text in COLOUR.items():
        builder.set_metadata(key, text)
    return builder.finish()


def test_images_of_another_kind_are_told():
    labels = np.array([0, 11], np.int64)
    grey = ArrayDataset("grey", np.zeros((2, 2, 2), np.uint8), labels)
    coloured = ArrayDataset("coloured", np.zeros((2, 2, 2, 3), np.uint8), labels)
    with pytest.warns(UserWarning, match="images of data 'grey' are grey, network 'colours'"):
        found = mcomp.evaluate(colour_classifier(), grey)
    assert len(found.notes) == 1
    assert mcomp.evaluate(colour_classifier(), coloured).notes == ()
    for_grey = classifier(np.ones((12, 4)))
    assert mcomp.evaluate(for_grey, grey).notes == ()
    with pytest.warns(UserWarning, match="'coloured' are coloured, network 'toy' takes grey"):
        compared = mcomp.compare(for_grey, for_grey, coloured)
    assert len(compared.notes) == 1  # of two networks that say the same


def test_a_few_images_of_another_kind_are_nothing_special():
    class Mixed(ArrayDataset):
        def image(self, index: int) -> np.ndarray:
            picture = super().image(index)
            return picture[..., 0] if index else picture

    mixed = Mixed("mixed", np.zeros((3, 2, 2, 3), np.uint8), np.array([0, 11, 5], np.int64))
    assert mcomp.evaluate(colour_classifier(), mixed).notes == ()
    assert mcomp.evaluate(classifier(np.ones((12, 4))), mixed).notes == ()


def test_labels_that_leave_half_of_the_classes_out_are_told():
    model = classifier(np.ones((12, 4)))
    with pytest.warns(UserWarning, match=r"labels of data 'toys' go up to 5, .* 12 classes"):
        assert len(mcomp.evaluate(model, dataset([5, 4] * 5)).notes) == 1
    assert mcomp.evaluate(model, dataset([6, 4] * 5)).notes == ()
    assert mcomp.evaluate(model, dataset([5, 4] * 4)).notes == ()  # too few to tell


def test_nan_outputs_are_refused_not_ranked_first():
    weight = np.full((3, 4), 3e38)
    weight[1] = -3e38
    builder = mcomp.GraphBuilder("overflowing")
    x = builder.add_input("x", (None, 1, 2, 2))
    flat = builder.add_node("Flatten", "flat", [x], {"axis": 1})
    w = builder.add_constant("weight", weight.astype(np.float32))
    first = builder.add_node("Gemm", "infinite", [flat, w], {"transB": 1})
    v = builder.add_constant("signs", np.array([[1, 1, -1]] * 3, np.float32))
    builder.mark_output(builder.add_node("Gemm", "y", [first, v], {"transB": 1}))
    for key, text in GREY.items():
        builder.set_metadata(key, text)
    with pytest.raises(mcomp.InvalidArgument, match=r"toys image 0: .*NaN"):
        mcomp.evaluate(builder.finish(), dataset([0]))


def test_a_network_against_itself(lenet5):
    found = mcomp.compare(lenet5, lenet5, "mnist5k", limit=40)
    assert (found.n, found.drop, found.drop_stderr, found.agree) == (40, 0.0, 0.0, 100.0)
    assert found.output_nmse == 0.0
    assert [layer.name for layer in found.layers] == list(common_layers(lenet5, lenet5))
    assert len(found.layers) == len(lenet5.nodes) - 1
    assert all(layer.nmse == 0.0 for layer in found.layers)


@pytest.mark.parametrize("batch", [2, 32])
def test_compare_is_what_the_outputs_say(batch):
    random = np.random.default_rng(4)
    first, second = random.standard_normal((2, 5, 4))
    labels = random.integers(0, 5, 30).tolist()
    toys = dataset(labels)
    found = mcomp.compare(classifier(first), classifier(second), toys, batch=batch)
    x = np.stack([toys.image(i).reshape(4) / 255 for i in range(30)])
    a, b = x @ first.T, x @ second.T
    right_a, right_b = a.argmax(1) == labels, b.argmax(1) == labels
    assert right_a.sum() != right_b.sum()
    assert found.top1_a == pytest.approx(100 * right_a.mean())
    assert found.top1_b == pytest.approx(100 * right_b.mean())
    assert found.drop == pytest.approx(100 * (right_a.mean() - right_b.mean()))
    assert found.drop_stderr == pytest.approx(100 * math.sqrt((right_a != right_b).sum()) / 30)
    assert found.agree == pytest.approx(100 * (a.argmax(1) == b.argmax(1)).mean())
    nmse = ((a - b) ** 2).sum() / (a**2).sum()
    assert found.output_nmse == pytest.approx(nmse, rel=1e-5)
    by_name = {layer.name: layer.nmse for layer in found.layers}
    assert by_name["flat"] == 0.0
    assert by_name["hidden"] == pytest.approx(nmse, rel=1e-5)
    without = mcomp.compare(classifier(first), classifier(second), toys, layers=False)
    assert without.layers == ()
    assert without.output_nmse == pytest.approx(found.output_nmse)


def test_a_fused_addition_is_not_the_convolution_alone():
    def build(residual: bool) -> mcomp.Model:
        builder = mcomp.GraphBuilder("residual" if residual else "plain")
        x = builder.add_input("x", (None, 1, 2, 2))
        w = builder.add_constant("weight", np.full((1, 1, 1, 1), 0.5, np.float32))
        inputs = [x, w, None, x] if residual else [x, w]
        value = builder.add_node("Conv", "conv", inputs, {"kernel_shape": [1, 1]})
        builder.mark_output(builder.add_node("Flatten", "y", [value], {"axis": 1}))
        for key, text in GREY.items():
            builder.set_metadata(key, text)
        return builder.finish()

    assert list(common_layers(build(True), build(True))) == ["conv"]
    assert list(common_layers(build(True), build(False))) == []


def test_compare_against_silence_is_infinite():
    found = mcomp.compare(classifier(np.zeros((3, 4))), classifier(np.ones((3, 4))), dataset([0]))
    assert found.output_nmse == math.inf


def test_networks_of_different_classes_are_not_compared():
    with pytest.raises(mcomp.ShapeError, match=r"3 classes, .* 4"):
        mcomp.compare(classifier(np.ones((3, 4))), classifier(np.ones((4, 4))), dataset([0]))


def test_each_network_has_its_own_preprocessing():
    weight = np.random.default_rng(6).standard_normal((4, 4))
    scaled = classifier(weight / 255, GREY | {"input_range": "[0, 255]"})
    found = mcomp.compare(classifier(weight), scaled, dataset([0, 1, 2, 3, 0]))
    assert found.agree == 100.0
    assert found.output_nmse < 1e-12


def test_quantised_layers_are_compared_as_what_they_mean():
    def build(scale: float, name: str) -> mcomp.Model:
        builder = mcomp.GraphBuilder(name)
        x = builder.add_input("x", (None, 1, 2, 2))
        inner = {"scale": scale, "zero_point": 3, "dtype": "uint8"}
        q = builder.add_node("QuantizeLinear", "q", [x, *_quantisation(builder, inner)])
        y = builder.add_node("DequantizeLinear", "y", [q])
        builder.mark_output(builder.add_node("Flatten", "logits", [y], {"axis": 1}))
        for key, text in GREY.items():
            builder.set_metadata(key, text)
        return builder.finish()

    found = mcomp.compare(build(1 / 64, "fine"), build(1 / 32, "coarse"), dataset([0, 1, 2]))
    by_name = {layer.name: layer.nmse for layer in found.layers}
    assert 0 < by_name["q"] < 1e-3
    assert by_name["q"] == pytest.approx(found.output_nmse)


def _quantisation(builder: mcomp.GraphBuilder, inner: dict) -> list[int]:
    return [
        builder.add_constant("scale", np.array(inner["scale"], np.float32)),
        builder.add_constant("zero_point", np.array(inner["zero_point"], inner["dtype"])),
    ]


@pytest.mark.parametrize(
    ("name", "data", "limit"),
    [
        ("resnet8_cifar10", "cifar10-png/test", 100),
        ("resnet8_cifar10_int8", "cifar10-png/test", 100),
        ("mobilenet_v1_025_128", "imagenet-val300", 40),
    ],
)
def test_real_networks_rank_as_the_independent_evaluator(shared: Path, name, data, limit):
    import importlib.util

    description = importlib.util.spec_from_file_location("eval_py", shared / "models" / "eval.py")
    reference = importlib.util.module_from_spec(description)
    description.loader.exec_module(reference)
    path = shared / "models" / f"{name}.onnx"
    expected = reference.evaluate(path, data, limit=limit)
    model = mcomp.read_onnx(path)
    found = mcomp.evaluate(model, shared / "data" / data, limit=limit)
    one = 100 / limit
    allowed = 3 * one if name.endswith("int8") else one
    assert found.n == expected["n"]
    assert abs(found.top1 - expected["top1"]) <= allowed + 0.01
    assert abs(found.top5 - expected["top5"]) <= allowed + 0.01
