"""Weights of other libraries on the study's networks: found by name, structure or order."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from cli_tools import here
from onnx import numpy_helper
from onnx_build import nmse, run_onnxruntime

import mcomp
from mcomp.weights.layers import read_layers
from mcomp.weights.naming import CONVENTIONS

SMALL = {"width": 0.25, "size": 32}


def small(seed: int, **options: object) -> mcomp.Model:
    return mcomp.models.create("mobilenet_v1", seed=seed, **SMALL, **options)


def arrays_of(model: mcomp.Model) -> dict[str, np.ndarray]:
    return {name: np.array(item.values()) for name, item in model.constants.items()}


def write_safetensors(path: Path, arrays: dict[str, np.ndarray], dtype: str = "F32") -> Path:
    """Write the format from its definition."""
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    blobs, offset = [], 0
    for name, array in arrays.items():
        if dtype == "BF16":
            blob = (array.astype("<f4").view("<u4") >> 16).astype("<u2").tobytes()
        else:
            blob = array.astype({"F32": "<f4", "F16": "<f2", "F64": "<f8"}[dtype]).tobytes()
        ends = [offset, offset + len(blob)]
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": ends}
        blobs.append(blob)
        offset += len(blob)
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(blobs))
    return path


def keras_names(name: str) -> str:
    """Rename a constant of MobileNet as Keras calls it, by other means than the table."""
    name = name.replace("/bn", "_bn").replace("/conv", "")
    name = re.sub(r"conv(\d+)_depthwise", r"conv_dw_\1", name)
    name = re.sub(r"conv(\d+)_pointwise", r"conv_pw_\1", name)
    name = name.replace("conv0", "conv1").replace("fc_", "conv_preds_")
    return name.replace("_scale", "_gamma").replace("_shift", "_beta")


def weights_of(model: mcomp.Model, rename: Callable[[str], str] = str) -> dict[str, np.ndarray]:
    """List the constants that are weights, renamed."""
    return {
        rename(name): array
        for name, array in arrays_of(model).items()
        if not name.endswith(("_low", "_high"))
    }


def refused(kind: type[mcomp.MCompError], path: Path, *words: str) -> str:
    with pytest.raises(kind) as caught:
        small(0, weights=path)
    message = str(caught.value)
    assert "\n" not in message
    for word in (str(path), *words):
        assert word in message, message
    return message


@pytest.mark.parametrize("ending", ["npz", "safetensors"])
def test_our_own_names(tmp_path: Path, ending: str):
    source = small(1, simplify=False)
    path = tmp_path / f"weights.{ending}"
    if ending == "npz":
        np.savez_compressed(path, **weights_of(source))
    else:
        write_safetensors(path, weights_of(source))
    found = small(2, weights=path, simplify=False)
    for name, array in arrays_of(source).items():
        assert np.array_equal(found.constants[name].values(), array), name
    assert found.metadata["weights"] == (
        f"weights.{ending}, matched by names of mcomp, default preprocessing"
    )
    assert (found.parameters, found.macs) == (source.parameters, source.macs)


@pytest.mark.parametrize(("dtype", "bits"), [("F64", 24), ("F16", 11), ("BF16", 8)])
def test_other_floats_become_float32(tmp_path: Path, dtype: str, bits: int):
    source = small(1, simplify=False)
    path = write_safetensors(tmp_path / "w.safetensors", weights_of(source), dtype)
    found = small(2, weights=path, simplify=False)
    wanted = source.constants["fc_weight"].values()
    values = found.constants["fc_weight"].values()
    error = np.abs(values - wanted).max() / np.abs(wanted).max()
    assert error <= 2.0**-bits * 2
    assert (error > 0) == (dtype != "F64")


def test_keras_names_of_a_trained_network(shared: Path):
    path = shared / "models" / "mobilenet_v1_025_128.onnx"
    model = mcomp.models.create("mobilenet_v1", width=0.25, size=128, weights=path)
    assert "names of Keras" in model.metadata["weights"]
    images = np.random.default_rng(8).standard_normal((3, 3, 128, 128)).astype(np.float32)
    wanted = run_onnxruntime(path, {"input": images})[0]
    assert nmse(model.run(images), wanted.reshape(3, 1000)) < 1e-9
    with pytest.raises(mcomp.ShapeError, match=r"conv1_weight has shape \[8, 3, 3, 3\].*0\.25$"):
        mcomp.models.create("mobilenet_v1", weights=path)


PREPROCESSING = {
    "resize": "40x36 bilinear antialiased",
    "crop": "center 32x32",
    "input_range": "[0, 255]",
    "mean": "[127.5, 127.5, 127.5]",
    "std": "[127.5, 127.5, 127.5]",
    "layout": "NCHW BGR",
}


def preprocessing_of(model: mcomp.Model) -> dict[str, str]:
    keys = (*PREPROCESSING, "labels")
    return {key: text for key, text in model.metadata.items() if key in keys}


def with_metadata(path: Path, texts: dict[str, str]) -> Path:
    """Write a small MobileNet that says this of itself and nothing else."""
    small(1, simplify=False).write_onnx(path)
    model = onnx.load(path)
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, texts)
    onnx.save(model, path)
    return path


@pytest.mark.parametrize("labels", [{"labels": "imagenet1000"}, {}])
def test_the_whole_preprocessing_of_an_onnx_file_is_taken_over(tmp_path: Path, labels: dict):
    told = PREPROCESSING | labels
    path = with_metadata(tmp_path / "w.onnx", told | {"note": "not ours"})
    found = small(2, weights=path)
    assert preprocessing_of(found) == told
    assert "note" not in found.metadata
    small_one = ["models", "mobilenet_v1", "--width", "0.25", "--size", "32"]
    done = here(*small_one, "--weights", path, "-o", tmp_path / "out.onnx")
    assert done.err == ""
    assert "preprocessing of the file" in done.out
    assert preprocessing_of(mcomp.read_onnx(tmp_path / "out.onnx")) == told


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({}, "says nothing of preprocessing"),
        ({"labels": "dogs"}, "says nothing of preprocessing"),
        ({"mean": "[0, 0, 0]"}, "lacks 'resize'"),
        (PREPROCESSING | {"std": "[1, 1, 0]"}, "std is [1.0, 1.0, 0.0]"),
        (PREPROCESSING | {"mean": "[" * 5000}, "mean is '[[["),
        (PREPROCESSING | {"crop": "none"}, "images [3, 36, 40], the network takes [3, 32, 32]"),
        (
            PREPROCESSING | {"layout": "NCHW L", "mean": "[0]", "std": "[1]"},
            "images [1, 32, 32], the network takes [3, 32, 32]",
        ),
    ],
)
def test_no_part_of_a_preprocessing_is_taken_over(tmp_path: Path, told: dict, why: str):
    path = with_metadata(tmp_path / "w.onnx", told)
    assert preprocessing_of(small(2, weights=path)) == preprocessing_of(small(2))
    small_one = ["models", "mobilenet_v1", "--width", "0.25", "--size", "32"]
    done = here(*small_one, "--weights", path)
    assert "the default preprocessing of mobilenet_v1 was kept" in done.err
    assert why in done.err
    assert len(done.err) < 1000


def test_a_size_that_follows_from_the_image_fits(tmp_path: Path):
    told = PREPROCESSING | {"resize": "shorter 32 bilinear antialiased", "crop": "none"}
    found = small(2, weights=with_metadata(tmp_path / "w.onnx", told))
    assert preprocessing_of(found) == told


def test_safetensors_keep_the_default_preprocessing(tmp_path: Path):
    path = write_safetensors(tmp_path / "w.safetensors", weights_of(small(1, simplify=False)))
    done = here("models", "mobilenet_v1", "--width", "0.25", "--size", "32", "--weights", path)
    assert "not read from .safetensors files" in done.err
    assert preprocessing_of(small(2, weights=path)) == preprocessing_of(small(2))


def test_a_trained_network_is_as_good_with_our_graph(shared: Path):
    path = shared / "models" / "mobilenet_v1_025_128.onnx"
    images = mcomp.data.load(shared / "data" / "imagenet-val300")
    model = mcomp.models.create("mobilenet_v1", width=0.25, size=128, weights=path)
    assert preprocessing_of(model) == preprocessing_of(mcomp.read_onnx(path))
    assert mcomp.evaluate(model, images).top1 == pytest.approx(100 * 160 / 300)


def test_weights_of_another_width_are_told(tmp_path: Path):
    path = tmp_path / "w.npz"
    arrays = weights_of(mcomp.models.create("mobilenet_v1", width=0.5, size=32, simplify=False))
    np.savez(path, **arrays)
    refused(
        mcomp.ShapeError, path, "conv0/conv_weight has shape [16", "of width 0.5: try --width 0.5"
    )
    arrays["fc_weight"] = arrays["fc_weight"][:, :-1]
    np.savez(path, **arrays)
    with pytest.raises(mcomp.ShapeError) as caught:
        small(0, weights=path)
    assert "try --width" not in str(caught.value)


def test_a_batch_norm_folded_by_the_other_library(tmp_path: Path):
    source = small(1)
    folded = {
        keras_names(re.sub(r"/conv_(weight|bias)$", r"_\1", name)): array
        for name, array in arrays_of(source).items()
    }
    np.savez(tmp_path / "folded.npz", **folded)
    found = small(2, weights=tmp_path / "folded.npz")
    images = np.random.default_rng(9).standard_normal((2, 3, 32, 32)).astype(np.float32)
    assert nmse(found.run(images), source.run(images)) < 1e-10


def test_a_bias_before_batch_norm_and_a_scale_behind(tmp_path: Path):
    """Caffe has both; they are joined into the BatchNorm."""
    source = mcomp.models.create("inception_v2", size=64, seed=1, simplify=False)
    arrays = weights_of(source)
    layer = "inception_3a/3x3"
    rename = {
        "conv1/": "conv1/7x7_s2/",
        "conv2_reduce/": "conv2/3x3_reduce/",
        "conv2/": "conv2/3x3/",
    }
    caffe: dict[str, np.ndarray] = {}
    for name, array in arrays.items():
        for ours, theirs in rename.items():
            if name.startswith(ours):
                name = theirs + name.removeprefix(ours)
                break
        name = name.replace("pool_projection", "pool_proj").replace("double_3x3_1", "double3x3a")
        name = name.replace("double_3x3_2", "double3x3b").replace("double_3x3", "double3x3")
        name = name.replace("/conv_weight", "_w").replace("fc_weight", "loss3/classifier_w")
        name = name.replace("fc_bias", "loss3/classifier_b").replace("_shift", "_bias")
        caffe[name.replace("_variance", "_var") + "_0"] = array
    np.savez(tmp_path / "plain.npz", **caffe)
    images = np.random.default_rng(9).standard_normal((1, 3, 64, 64)).astype(np.float32)
    wanted = source.simplify().run(images)
    found = mcomp.models.create("inception_v2", size=64, weights=tmp_path / "plain.npz")
    assert np.array_equal(found.run(images), wanted)

    factor, offset, bias = (np.random.default_rng(i).uniform(1, 2, 64) for i in range(3))
    stem = f"{layer}/bn"
    caffe[f"{layer}_b_0"] = bias.astype(np.float32)
    caffe[f"{stem}_mean_0"] = (caffe[f"{stem}_mean_0"] + bias).astype(np.float32)
    caffe[f"{stem}/sc_w_0"] = factor.astype(np.float32)
    caffe[f"{stem}/sc_b_0"] = offset.astype(np.float32)
    shift = (caffe[f"{stem}_bias_0"] - offset) / factor
    caffe[f"{stem}_scale_0"] = (caffe[f"{stem}_scale_0"] / factor).astype(np.float32)
    caffe[f"{stem}_bias_0"] = shift.astype(np.float32)
    np.savez(tmp_path / "scaled.npz", **caffe)
    found = mcomp.models.create("inception_v2", size=64, weights=tmp_path / "scaled.npz")
    assert nmse(found.run(images), wanted) < 1e-10


@pytest.mark.parametrize("name", sorted(set(CONVENTIONS) - {"vgg16", "vgg19"}))
def test_every_layer_has_a_name_of_its_own_in_every_convention(name: str):
    layers = read_layers(mcomp.models.create(name, simplify=False))
    for convention in CONVENTIONS[name]:
        stems = [convention.stems(layer.name) for layer in layers]
        assert None not in stems, [one.name for one in layers if convention.stems(one.name) is None]
        assert len({stem[0] for stem in stems if stem}) == len(layers)
        norms = [stem[1] for stem, layer in zip(stems, layers, strict=True) if stem and layer.norm]
        assert len(set(norms)) == len(norms)
        assert all(norms)


@pytest.mark.parametrize(
    ("network", "library", "layer", "stems"),
    [
        ("vgg16", "torchvision", "conv5_3", ("features.28", "")),
        ("vgg19", "torchvision", "conv5_4", ("features.34", "")),
        ("vgg19", "timm", "fc7", ("pre_logits.fc2", "")),
        ("vgg19", "Caffe", "conv3_4", ("conv3_4", "")),
        ("inception_v1", "Caffe", "inception_4b/5x5_reduce", ("inception_4b/5x5_reduce", "")),
        (
            "inception_v3",
            "torchvision and timm",
            "mixed_7b/3x3_double_3/3x1",
            ("Mixed_7b.branch3x3dbl_3b.conv", "Mixed_7b.branch3x3dbl_3b.bn"),
        ),
        (
            "inception_v4",
            "timm",
            "inception_c3/3x3_double_2",
            ("features.21.branch2_1.conv", "features.21.branch2_1.bn"),
        ),
        (
            "resnet152",
            "torchvision and timm",
            "conv4_36/conv3",
            ("layer3.35.conv3", "layer3.35.bn3"),
        ),
        (
            "resnet50",
            "Caffe2",
            "conv3_2/conv2",
            ("gpu_0/res3_1_branch2b", "gpu_0/res3_1_branch2b_bn"),
        ),
    ],
)
def test_names_of_the_libraries(network: str, library: str, layer: str, stems: tuple[str, str]):
    convention = next(one for one in CONVENTIONS[network] if one.name == library)
    assert convention.stems(layer) == stems


def test_missing_and_left_over_tensors_are_named(tmp_path: Path):
    path = tmp_path / "w.npz"
    arrays = weights_of(small(1, simplify=False), keras_names)
    arrays["conv_pw_3_scale"] = arrays.pop("conv_pw_3_weight")
    arrays["ema"] = np.zeros(3, np.float32)
    np.savez(path, **arrays)
    refused(
        mcomp.InvalidArgument,
        path,
        "names of Keras",
        "1 missing: conv_pw_3_weight",
        "2 left over: conv_pw_3_scale, ema",
    )


@pytest.mark.parametrize("ending", ["npz", "safetensors"])
def test_long_names_of_a_file_are_cut(tmp_path: Path, ending: str):
    path = tmp_path / f"w.{ending}"
    arrays = weights_of(small(1, simplify=False), keras_names)
    arrays |= {f"{number}" + "n" * 20_000: np.zeros(3, np.float32) for number in range(9)}
    if ending == "npz":
        np.savez(path, **arrays)
    else:
        write_safetensors(path, arrays)
    told = refused(mcomp.InvalidArgument, path, "9 left over: 0nnn", "nnn..., 1nnn", "and 3 more")
    assert len(told) < len(str(path)) + 1000


def test_numbers_that_are_no_weights_are_refused(tmp_path: Path):
    path = tmp_path / "w.npz"
    arrays = weights_of(small(1, simplify=False), keras_names)
    good = arrays["conv1_bn_mean"]
    arrays["conv1_bn_mean"] = np.full_like(good, np.nan)
    np.savez(path, **arrays)
    refused(mcomp.InvalidArgument, path, "conv1_bn_mean", "NaN")
    arrays["conv1_bn_mean"] = good.astype(np.int32)
    np.savez(path, **arrays)
    refused(mcomp.InvalidArgument, path, "conv1_bn_mean", "int32")
    arrays["conv1_bn_mean"] = good[:-1]
    np.savez(path, **arrays)
    refused(mcomp.ShapeError, path, "conv1_bn_mean has shape [7]", "takes [8]")


def renamed(path: Path, change: Callable[[onnx.ModelProto], None] = lambda model: None) -> Path:
    """Write a small MobileNet whose constants have names that say nothing."""
    small(1, simplify=False).write_onnx(path)
    model = onnx.load(path)
    names = {item.name: f"onnx::{i}" for i, item in enumerate(model.graph.initializer)}
    for item in model.graph.initializer:
        item.name = names[item.name]
    for node in model.graph.node:
        for place, name in enumerate(node.input):
            node.input[place] = names.get(name, name)
    change(model)
    onnx.save(model, path)
    return path


def test_unknown_names_are_matched_by_structure(tmp_path: Path):
    path = renamed(tmp_path / "unknown.onnx")
    found = small(2, weights=path)
    assert found.metadata["weights"] == (
        "unknown.onnx, matched by structure, preprocessing of the file"
    )
    images = np.random.default_rng(9).standard_normal((2, 3, 32, 32)).astype(np.float32)
    assert nmse(found.run(images), small(1).run(images)) < 1e-10


def test_another_structure_is_refused(tmp_path: Path):
    def other_stride(model: onnx.ModelProto) -> None:
        convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
        for index, stride in ((3, 1), (5, 2)):  # a halving comes later
            attribute = next(a for a in convolutions[index].attribute if a.name == "strides")
            attribute.ints[:] = [stride, stride]

    path = renamed(tmp_path / "other.onnx", other_stride)
    refused(mcomp.InvalidArgument, path, "structure is not that of mobilenet_v1")


def test_named_weights_of_a_convolution_that_slides_otherwise_are_refused(tmp_path: Path):
    path = tmp_path / "w.onnx"
    small(1, simplify=False).write_onnx(path)
    model = onnx.load(path)
    node = next(node for node in model.graph.node if node.op_type == "Conv")
    next(a for a in node.attribute if a.name == "strides").ints[:] = [1, 1]
    onnx.save(model, path)
    refused(mcomp.InvalidArgument, path, "strides are [1, 1]", "conv0 has [2, 2]")


def test_another_epsilon_is_made_up_for(tmp_path: Path):
    path = tmp_path / "w.onnx"
    small(1, simplify=False).write_onnx(path)
    model = onnx.load(path)
    for node in model.graph.node:
        if node.op_type == "BatchNormalization":
            next(a for a in node.attribute if a.name == "epsilon").f = 1e-5
    tiny = next(t for t in model.graph.initializer if t.name == "conv1_pointwise/bn_variance")
    tiny.CopyFrom(numpy_helper.from_array(np.full(16, 4e-4, np.float32), tiny.name))
    onnx.save(model, path)
    images = np.random.default_rng(9).standard_normal((2, 3, 32, 32)).astype(np.float32)
    wanted = run_onnxruntime(path, {"input": images})[0]
    assert nmse(small(2, weights=path).run(images), wanted) < 1e-9


def test_arrays_without_names(tmp_path: Path):
    lenet5 = mcomp.models.create("lenet5", simplify=False)
    scaled = [array / 2 for array in arrays_of(lenet5).values()]
    np.savez(tmp_path / "w.npz", *scaled)
    found = mcomp.models.create("lenet5", weights=tmp_path / "w.npz", simplify=False)
    assert found.metadata["weights"] == "w.npz, matched by order, default preprocessing"
    assert np.array_equal(found.constants["ip2_bias"].values(), scaled[-1])
    np.savez(tmp_path / "w.npz", *scaled[::-1])
    with pytest.raises(mcomp.InvalidArgument, match="not, in order"):
        mcomp.models.create("lenet5", weights=tmp_path / "w.npz")
    np.savez(tmp_path / "w.npz", *weights_of(small(1, simplify=False)).values())
    refused(mcomp.InvalidArgument, tmp_path / "w.npz", "more than one way")


def damaged_safetensors() -> list[tuple[str, bytes, str]]:
    def whole(header: object, data: bytes = b"\0" * 8, length: int | None = None) -> bytes:
        text = header if isinstance(header, bytes) else json.dumps(header).encode()
        return (len(text) if length is None else length).to_bytes(8, "little") + text + data

    def one(**entry: object) -> bytes:
        good = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
        return whole({"w": {**good, **entry}})

    return [
        ("short", b"\1\2\3", "too few"),
        ("length", whole({}, length=2**63), "does not fit"),
        ("json", whole(b"{]"), "no JSON text"),
        ("deep", whole(b"[" * 100_000), "no JSON text"),
        ("utf8", whole(b"\xff\xfe"), "no JSON text"),
        ("list", whole([1]), "no JSON object"),
        ("entry", whole({"w": 3}), "no JSON object"),
        ("twice", whole(b'{"w": {}, "w": {}}'), "twice"),
        ("dtype", one(dtype="F99"), "F99"),
        ("dtype type", one(dtype=[1]), "[1]"),
        ("shape", one(shape=[-2]), "-2"),
        ("shape type", one(shape={"a": 1}), "no list"),
        ("shape bool", one(shape=[True]), "True"),
        ("rank", one(shape=[1] * 7), "at most 6"),
        ("huge", one(shape=[2**40, 2**40]), "too many"),
        ("nbytes", one(shape=[3]), "8 bytes for shape [3]"),
        ("behind", one(data_offsets=[0, 9]), "not within"),
        ("reversed", one(data_offsets=[8, 0]), "not within"),
        ("offsets", one(data_offsets=["a", 8]), "not within"),
        ("long name", whole({"w" * 20_000: 3}), "tensor 'www"),
        ("long dtype", one(dtype="F" * 20_000), "dtype 'FFF"),
        ("long extent", one(shape=["1" * 20_000]), "no whole number"),
        ("long shape", one(shape=[10**4000] * 6), "too many"),
        ("long offsets", one(data_offsets=["8" * 20_000]), "not within"),
    ]


@pytest.mark.parametrize(("what", "data", "word"), damaged_safetensors())
def test_damaged_safetensors(tmp_path: Path, what: str, data: bytes, word: str):
    path = tmp_path / "w.safetensors"
    path.write_bytes(data)
    assert len(refused(mcomp.Corrupt, path, word)) < len(str(path)) + 600


def test_damaged_npz(tmp_path: Path):
    path = tmp_path / "w.npz"
    path.write_bytes(b"PK\3\4 no archive")
    refused(mcomp.Corrupt, path, "npz")
    np.savez(path, w=np.array([object()]))
    refused(mcomp.Corrupt, path, "array 'w'")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("w.npy", b"no array")
    refused(mcomp.Corrupt, path, "npz")
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, 1000000), }"
    header += b" " * (117 - len(header)) + b"\n"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("w.npy", b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header)
    refused(mcomp.Corrupt, path, "0 bytes for shape")


def write_npy(path: Path, header: str, data: bytes = b"") -> None:
    """Write an archive of one array, as the format is defined."""
    text = header.encode() + b"\n"
    with zipfile.ZipFile(path, "w") as archive:
        head = b"\x93NUMPY\1\0" + len(text).to_bytes(2, "little")
        archive.writestr("w.npy", head + text + data)


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1 + 1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': f(2)}",
        "{'descr': '<f4', 'fortran_order': False}",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (2,)}",
        "{'descr': (), 'fortran_order': False, 'shape': (2,)}",
        "{'descr': [()], 'fortran_order': False, 'shape': (2,)}",
        "{'descr': [3], 'fortran_order': False, 'shape': (2,)}",
        "{1: 2, 'a': 3}",
        "{[]: 1}",
        "(" * 5000,
        "-" * 9000 + "1",
        "{'descr'",
        "[]",
        "\x00",
        " " * 20_000,
    ],
)
def test_headers_of_npz_are_refused_in_our_words(tmp_path: Path, header: str):
    path = tmp_path / "w.npz"
    write_npy(path, header)
    told = refused(mcomp.Corrupt, path, "array 'w': its .npy header is not one of descr")
    assert " object at " not in told
    assert len(told) < len(str(path)) + 200


def test_long_types_of_npz_are_cut(tmp_path: Path):
    path = tmp_path / "w.npz"
    fields = [(f"f{number}", "<f4") for number in range(500)]
    header = str({"descr": fields, "fortran_order": False, "shape": (2,)}).replace(", ", ",")
    write_npy(path, header, b"\0" * 9)
    told = refused(mcomp.Corrupt, path, "9 bytes for shape [2] of [('f0', '<f4')")
    assert len(told) < len(str(path)) + 200
    arrays = weights_of(small(1, simplify=False), keras_names)
    arrays["conv1_bn_mean"] = np.zeros(8, fields)
    np.savez(path, **arrays)
    told = refused(mcomp.InvalidArgument, path, "conv1_bn_mean", "is not a type of float")
    assert len(told) < len(str(path)) + 300


@pytest.mark.parametrize("names", [("w.npy", "w.npy"), ("w.npy", "w")])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_arrays_of_one_name_are_refused(tmp_path: Path, names: tuple[str, str]):
    path = tmp_path / "w.npz"
    array = io.BytesIO()
    np.save(array, np.zeros(3, np.float32))
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, array.getvalue())
    refused(mcomp.Corrupt, path, "array 'w' stands twice")


def test_files_that_cannot_be_read(tmp_path: Path):
    refused(mcomp.MissingFile, tmp_path / "absent.npz", "No such file")
    (tmp_path / "w.pth").write_bytes(b"")
    refused(mcomp.InvalidArgument, tmp_path / "w.pth", ".onnx, .safetensors, .npz")
    (tmp_path / "folder.npz").mkdir()
    refused(mcomp.IoError, tmp_path / "folder.npz", "not a regular file")


def test_the_command_writes_a_network_with_the_weights_of_a_file(tmp_path: Path):
    source = small(1, simplify=False)
    np.savez(tmp_path / "w.npz", **weights_of(source, keras_names))
    small_one = ["models", "mobilenet_v1", "--width", "0.25", "--size", "32"]
    done = here(*small_one, "--weights", tmp_path / "w.npz", "-o", tmp_path / "out.onnx", "--json")
    assert done.json["weights"] == "w.npz, matched by names of Keras, default preprocessing"
    assert done.err.count("\n") == 1
    assert "note: " in done.err
    assert "w.npz: the default preprocessing of mobilenet_v1 was kept" in done.err
    assert "not read from .npz files" in done.err
    written = mcomp.read_onnx(tmp_path / "out.onnx", simplify=False)
    images = np.random.default_rng(9).standard_normal((1, 3, 32, 32)).astype(np.float32)
    assert np.array_equal(written.run(images), source.run(images))

    done = here(*small_one, "--weights", renamed(tmp_path / "unknown.onnx"))
    assert "no known names of weights" in done.err
    assert "matched by structure" in done.out
    here(*small_one, "--weights", tmp_path / "no.npz").assert_error("no.npz", "No such file")
    here("models", "--weights", tmp_path / "w.npz").assert_error("--weights", "NAME")
