"""The study's networks: what the list says, and that random weights make live outputs."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from cli_tools import here

import mcomp

LARGE = ["vgg16", "vgg19", "inception_v3", "inception_v4", "resnet101", "resnet152"]
RANDOM = [name for name in mcomp.models.names() if not mcomp.models.info(name).trained]
SLOW = pytest.mark.slow
CASES = [pytest.param(name, marks=SLOW if name in LARGE else ()) for name in RANDOM]


def smooth_images(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Images of mean 0 and deviation 1, each with structures of another size in pixels."""
    images = np.random.default_rng(seed).standard_normal(shape)
    for image, pixels in zip(images, (3, 9, 27), strict=False):
        window = np.ones(pixels) / pixels
        for axis in (1, 2):
            image[...] = np.apply_along_axis(np.convolve, axis, image, window, "same")
    images -= images.mean(axis=(2, 3), keepdims=True)
    return (images / images.std(axis=(2, 3), keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("name", CASES)
def test_outputs_of_random_weights_are_alive(name: str):
    model = mcomp.models.create(name, seed=3)
    images = smooth_images((3, *model.inputs[0].shape[1:]), seed=17)
    logits = model.run(images).reshape(3, -1).astype(np.float64)
    assert logits.shape == (3, 1000)
    assert np.isfinite(logits).all()
    spread = logits.std(axis=1)
    assert (spread > 0.3).all(), spread
    # Probabilities neither even (0.001 each) nor all on one class.
    scores = np.exp(logits - logits.max(axis=1, keepdims=True))
    largest = (scores / scores.sum(axis=1, keepdims=True)).max(axis=1)
    assert (largest > 0.002).all(), largest
    assert (largest < 0.9).all(), largest
    # The image matters: what differs between images is not lost among what all have in common.
    assert logits.std(axis=0).mean() > 0.03 * spread.mean()


def test_activations_stay_in_range():
    model = mcomp.models.create("mobilenet_v1", seed=3, width=0.5, size=96, simplify=False)
    norms = [node.output for node in model.nodes if node.op == "BatchNormalization"]
    images = smooth_images((2, *model.inputs[0].shape[1:]), seed=18)
    for name, values in zip(norms, model.with_outputs(norms).run(images), strict=True):
        assert 0.05 < values.std() < 20, (name, values.std())


def test_seeds():
    def logits(seed: int) -> np.ndarray:
        model = mcomp.models.create("mobilenet_v1", seed=seed, width=0.25, size=32)
        return model.run(smooth_images((1, 3, 32, 32), seed=19))

    assert np.array_equal(logits(1), logits(1))
    assert not np.allclose(logits(1), logits(2))
    with pytest.raises(mcomp.InvalidArgument, match="seed"):
        mcomp.models.create("mobilenet_v1", seed=-1)


@pytest.mark.parametrize(("width", "size"), [(0.25, 32), (0.3, 128), (0.5, 160), (0.75, 192)])
def test_widths_and_sizes_of_mobilenet(width: float, size: int):
    model = mcomp.models.create("mobilenet_v1", width=width, size=size)
    assert model.inputs[0].shape == (None, 3, size, size)
    first, last = model.nodes[0], model.nodes[-1]
    assert first.shape == (None, int(32 * width), size // 2, size // 2)
    assert last.inputs[1] is not None
    assert model.constants[last.inputs[1]].shape == (1000, int(1024 * width))
    assert model.metadata["crop"] == f"center {size}x{size}"


@pytest.mark.parametrize("name", mcomp.models.names())
def test_sizes_of_the_list_are_those_that_can_be_made(name: str):
    info = mcomp.models.info(name)
    assert info.input[2] in info.sizes
    below = info.sizes[0] - 1
    with pytest.raises(mcomp.InvalidArgument, match=f"{name}: input size is {below}, "):
        mcomp.models.create(name, size=below)
    if info.min_width == 1:
        with pytest.raises(mcomp.InvalidArgument, match=f"{name}: width is 0.5, only 1"):
            mcomp.models.create(name, width=0.5)


@pytest.mark.parametrize("name", ["inception_v1", "inception_v2", "resnet50", "mobilenet_v1"])
def test_other_sizes_can_be_made(name: str):
    sizes = mcomp.models.info(name).sizes
    for size in sizes[:4]:
        model = mcomp.models.create(name, size=size)
        assert model.inputs[0].shape == (None, 3, size, size)
        assert model.parameters == mcomp.models.info(name).parameters


def test_published_figures():
    assert mcomp.models.info("mobilenet_v1").published == mcomp.models.Published(
        top1=70.6,
        top5=None,
        parameters=4_200_000,
        macs=569_000_000,
        depth=28,
        source="table 8, width 1.0, 224 pixels; depth: section 3.2",
    )
    for name in RANDOM:
        published = mcomp.models.info(name).published
        assert published.top1 is not None
        assert 65 < published.top1 < (published.top5 or 100) < 100.1
        assert "table" in published.source or "figure" in published.source


def test_the_command_lists_without_making_any_network():
    script = "import mcomp.cli, mcomp.models as m; m.create = None; mcomp.cli.main(['models'])"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    for name in mcomp.models.names():
        assert name in done.stdout


def test_the_command_tells_published_figures():
    entry = here("models", "resnet50", "--json").json["models"][0]
    assert entry["published"]["top1"] == 77.15
    assert entry["published"]["parameters"] is None
    assert "not published" in here("models", "resnet50").out
    wider = here("models", "mobilenet_v1", "--width", "0.5", "--size", "160", "--json").json
    assert wider["models"][0]["input"] == [1, 3, 160, 160]
    assert wider["models"][0]["published"]["top1"] is None
    assert wider["models"][0]["parameters"] == 1_331_592
    here("models", "--size", "96").assert_error("--size 96", "NAME")
    here("models", "vgg16", "--size", "96").assert_error("vgg16: input size is 96, only 224")
