"""Images become inputs exactly as the metadata say."""

from __future__ import annotations

import importlib.util
import json
import warnings
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import mcomp
from mcomp.data import read_picture
from mcomp.preprocess import Preprocess

PLAIN = {
    "resize": "none",
    "crop": "none",
    "input_range": "[0, 255]",
    "mean": "[0, 0, 0]",
    "std": "[1, 1, 1]",
    "layout": "NCHW RGB",
}
SHAPE = (None, 3, 32, 32)


def of(**changes: str) -> Preprocess:
    return Preprocess.from_metadata(PLAIN | changes, SHAPE)


@pytest.fixture(scope="module")
def reference(shared: Path) -> ModuleType:
    """The independent evaluator beside the real networks."""
    path = shared / "models" / "eval.py"
    description = importlib.util.spec_from_file_location("reference_eval", path)
    module = importlib.util.module_from_spec(description)
    description.loader.exec_module(module)
    return module


numbers3 = st.lists(st.floats(-200, 200, width=32), min_size=3, max_size=3)
positive3 = st.lists(st.floats(0.015625, 300, width=32), min_size=3, max_size=3)
sides = st.integers(1, 40)


@settings(deadline=None, max_examples=150)
@given(
    mode=st.sampled_from(["L", "RGB", "RGBA", "P", "1", "LA", "CMYK"]),
    size=st.tuples(sides, sides),
    resize=st.none() | st.tuples(sides, sides),
    crop=st.none() | st.tuples(sides, sides),
    input_range=st.sampled_from(["[0, 255]", "[0, 1]", "[-1, 1]"]),
    mean=numbers3,
    std=positive3,
    layout=st.sampled_from(["NCHW RGB", "NCHW BGR"]),
    seed=st.integers(0, 2**32 - 1),
)
def test_same_bits_as_the_reference(
    reference, tmp_path_factory, mode, size, resize, crop, input_range, mean, std, layout, seed
):
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 4), np.uint8)
    image = Image.fromarray(pixels, "RGBA").convert(mode)
    path = tmp_path_factory.getbasetemp() / ("picture.tiff" if mode == "CMYK" else "picture.png")
    image.save(path)
    width, height = resize or size
    if crop:
        crop = (min(crop[0], width), min(crop[1], height))
    metadata = {
        "resize": f"{resize[0]}x{resize[1]} bilinear antialiased" if resize else "none",
        "crop": f"center {crop[0]}x{crop[1]}" if crop else "none",
        "input_range": input_range,
        "mean": json.dumps(mean),
        "std": json.dumps(std),
        "layout": layout,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, of transparent palettes
        expected = reference.prepare(Image.open(path), metadata)
    found = Preprocess.from_metadata(metadata, SHAPE).apply(read_picture(path))
    assert found.dtype == np.float32
    assert found.flags.c_contiguous
    assert found.shape == expected.shape
    assert found.tobytes() == np.ascontiguousarray(expected).tobytes()


def test_each_step_by_hand():
    picture = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    found = of(
        crop="center 2x2",
        input_range="[0, 1]",
        mean="[0.5, 0.25, 0]",
        std="[2, 1, 4]",
        layout="NCHW BGR",
    ).apply(picture)
    assert found.shape == (3, 2, 2)
    middle = picture[1:3, 2:4].astype(np.float64) / 255
    expected = np.stack([(middle[..., 2] - 0.5) / 2, middle[..., 1] - 0.25, middle[..., 0] / 4])
    np.testing.assert_allclose(found, expected, atol=1e-7)


def test_grey_input_keeps_grey_pictures_and_weighs_colours():
    grey = of(layout="NCHW L", mean="[0]", std="[1]")
    picture = np.arange(12, dtype=np.uint8).reshape(3, 4)
    np.testing.assert_array_equal(grey.apply(picture)[0], picture)
    colours = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)
    # ITU-R 601: 0.299, 0.587, 0.114
    np.testing.assert_array_equal(grey.apply(colours)[0], [[76, 150, 29]])


def test_shorter_side_keeps_the_proportion():
    picture = np.zeros((30, 90, 3), np.uint8)
    assert of(resize="shorter 10 bilinear antialiased").apply(picture).shape == (3, 10, 30)


def test_usual_where_a_network_says_nothing():
    found = Preprocess.from_metadata({"labels": "imagenet1001", "source": "x"}, (None, 3, 224, 224))
    assert found.assumed
    assert found.background_classes == 1
    assert found.resize == "shorter 256 bilinear antialiased"
    assert found.crop == "center 224x224"
    x = found.apply(np.full((300, 500, 3), 255, np.uint8))
    assert x.shape == (3, 224, 224)
    expected = (1 - np.array([0.485, 0.456, 0.406])) / np.array([0.229, 0.224, 0.225])
    np.testing.assert_allclose(x[:, 100, 100], expected, rtol=1e-6)


def test_no_usual_way_for_other_inputs():
    with pytest.raises(mcomp.InvalidArgument, match="no preprocessing"):
        Preprocess.from_metadata({}, (None, 1, 28, 28))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"resize": "227"}, "resize"),
        ({"resize": "0x5 bilinear antialiased"}, "resize"),
        ({"resize": "99999x5 bilinear antialiased"}, "resize"),
        ({"crop": "top 3x3"}, "crop"),
        ({"input_range": "[0]"}, "input_range"),
        ({"input_range": "[1, 1]"}, "input_range"),
        ({"mean": "[0, 0]"}, "mean"),
        ({"mean": "[0, 0, NaN]"}, "mean"),
        ({"mean": "["}, "mean"),
        ({"mean": "[" * 100000}, "mean"),
        ({"mean": "[0, 0, " + "9" * 5000 + "]"}, "mean"),
        ({"input_range": "[0, 1e-320]"}, "input_range"),
        ({"std": "[1, 0, 1]"}, "std"),
        ({"std": "[1e-320, 1, 1]"}, r"std .* must not hold 0 in float32"),
        ({"std": "[1, 1e-45, 1]"}, r"std .* infinite in float32"),
        ({"std": "[1, 1, -1e-37]"}, r"std .* infinite in float32"),
        ({"std": '["a", 1, 1]'}, "std"),
        ({"layout": "NHWC RGB"}, "layout"),
    ],
)
def test_wrong_metadata_is_named(changes, words):
    with pytest.raises(mcomp.InvalidArgument, match=words):
        of(**changes)


def test_the_smallest_deviation_that_is_taken_gives_finite_inputs():
    picture = np.full((2, 2, 3), 255, np.uint8)
    assert np.isfinite(of(std="[1, 1, -1e-35]").apply(picture)).all()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("resize", None), ("crop", 3), ("layout", []), ("labels", None), ("input_range", "[0, 1]"),
        ("mean", ("a", 0, 0)), ("std", 1.0), ("std", (1e300, 1, 1)), ("input_range", (0, 1, 2)),
    ],
)  # fmt: skip
def test_wrong_fields_are_named(key, value):
    fields = {key: getattr(of(), key) for key in PLAIN}
    with pytest.raises(mcomp.InvalidArgument, match=key):
        Preprocess(**{**fields, key: value})


@pytest.mark.parametrize("key", list(PLAIN))
def test_a_missing_key_is_named(key):
    partial = {k: v for k, v in PLAIN.items() if k != key}
    with pytest.raises(mcomp.InvalidArgument, match=key):
        Preprocess.from_metadata(partial, SHAPE)


def test_pictures_that_do_not_fit():
    with pytest.raises(mcomp.ShapeError, match="3x2 pixels is smaller than its crop 4x4"):
        of(crop="center 4x4").apply(np.zeros((2, 3, 3), np.uint8))
    with pytest.raises(mcomp.ShapeError, match="float32"):
        of().apply(np.zeros((2, 3, 3), np.float32))
    with pytest.raises(mcomp.ShapeError, match="would be resized"):
        of(resize="shorter 100 bilinear antialiased").apply(np.zeros((1, 3000, 3), np.uint8))


def test_file_overrides_key_by_key(tmp_path: Path):
    path = tmp_path / "p.toml"
    path.write_text('mean = [1, 2, 3]\nlabels = "imagenet1001"\n')
    found = Preprocess.from_file(path, PLAIN | {"labels": "cifar10"}, SHAPE)
    assert found.mean == (1.0, 2.0, 3.0)
    assert found.std == (1.0, 1.0, 1.0)
    assert found.labels == "imagenet1001"
    usual = Preprocess.from_file(path, {}, (None, 3, 224, 224))
    assert usual.mean == (1.0, 2.0, 3.0)
    assert usual.resize == "shorter 256 bilinear antialiased"


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("mean = [1, 2, 3]\n", mcomp.InvalidArgument, "'resize'"),
        ("means = [1, 2, 3]\n", mcomp.InvalidArgument, "'means'"),
        ("mean = \n", mcomp.Corrupt, "TOML"),
        ("resize = 3\n", mcomp.InvalidArgument, "resize"),
        ("labels = 3\n", mcomp.InvalidArgument, "labels"),
        (
            "std = [1e-45, 1, 1]\nmean = [0, 0, 0]\ninput_range = [0, 1]\nresize = 'none'\n"
            "crop = 'none'\nlayout = 'NCHW RGB'\n",
            mcomp.InvalidArgument,
            "std",
        ),
    ],
)
def test_wrong_files_are_named(tmp_path: Path, text, kind, words):
    path = tmp_path / "p.toml"
    path.write_text(text)
    with pytest.raises(kind, match=words) as caught:
        Preprocess.from_file(path)
    assert "p.toml" in str(caught.value)


def test_a_file_that_cannot_be_read(tmp_path: Path):
    with pytest.raises(mcomp.IoError, match=r"absent\.toml"):
        Preprocess.from_file(tmp_path / "absent.toml")
    (tmp_path / "latin.toml").write_bytes(b"labels = '\xff'")
    with pytest.raises(mcomp.Corrupt, match=r"latin\.toml"):
        Preprocess.from_file(tmp_path / "latin.toml")
