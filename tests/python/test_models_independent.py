"""The study's networks against files of the same networks that others wrote.

Their weights, found by name or structure, make our graph give the outputs that onnxruntime has for
their graph.
"""

from __future__ import annotations

from pathlib import Path

import independent_networks
import numpy as np
import pytest
from onnx_build import nmse, run_onnxruntime

import mcomp

RESNETS = {"resnet50": (3, 4, 6, 3), "resnet101": (3, 4, 23, 3), "resnet152": (3, 8, 36, 3)}
VGGS = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}


def images(batch: int, size: int) -> np.ndarray:
    return np.random.default_rng(31).standard_normal((batch, 3, size, size)).astype(np.float32)


def check_same(
    name: str, path: Path, feed: str = "x", size: int = 224, batches: tuple[int, ...] = (1, 3)
) -> str:
    """Compare outputs; tells how the weights were matched."""
    info = mcomp.models.info(name)
    model = mcomp.models.create(
        name, size=None if size == info.input[2] else size, weights=path, seed=99
    )
    for batch in batches:
        given = images(batch, size)
        wanted = run_onnxruntime(path, {feed: given}, optimized=True)[0]
        assert wanted.std() > 1e-3
        assert nmse(model.run(given), wanted) < 1e-9
    return model.metadata["weights"]


def test_inception_v1(tmp_path: Path):
    path = independent_networks.googlenet(tmp_path / "googlenet.onnx")
    assert check_same("inception_v1", path).endswith("names of Caffe, default preprocessing")


def test_resnet50_small(tmp_path: Path):
    path = independent_networks.resnet(RESNETS["resnet50"], tmp_path / "small.onnx", 64)
    matched = check_same("resnet50", path, size=64)
    assert matched.endswith("names of torchvision and timm, default preprocessing")


@pytest.mark.slow
@pytest.mark.parametrize("name", RESNETS)
def test_resnet(name: str, tmp_path: Path):
    path = independent_networks.resnet(RESNETS[name], tmp_path / f"{name}.onnx")
    assert check_same(name, path).endswith("names of torchvision and timm, default preprocessing")


@pytest.mark.slow
@pytest.mark.parametrize("name", VGGS)
def test_vgg(name: str, tmp_path: Path):
    path = independent_networks.vgg(VGGS[name], tmp_path / f"{name}.onnx")
    assert check_same(name, path).endswith("names of torchvision, default preprocessing")


@pytest.mark.parametrize(
    ("name", "feed", "library"),
    [
        ("inception_v2", "data_0", "Caffe"),
        ("resnet50", "gpu_0/data_0", "Caffe2"),
        pytest.param("vgg19", "data_0", "Caffe", marks=pytest.mark.slow),
    ],
)
def test_graphs_of_the_onnx_zoo(name: str, feed: str, library: str, shared: Path, tmp_path: Path):
    source = shared / "data" / "onnx-light" / f"light_{name}.onnx"
    path = independent_networks.with_random_constants(source, tmp_path / "zoo.onnx", seed=5)
    # These files fix the batch to 1.
    assert check_same(name, path, feed, batches=(1,)).endswith(
        f"names of {library}, default preprocessing"
    )


@pytest.mark.slow
@pytest.mark.parametrize("form", ["named", "folded", "safetensors"])
@pytest.mark.parametrize("name", ["inception_v3", "inception_v4", "resnet50"])
def test_networks_of_torchvision_and_timm(name: str, form: str, tmp_path: Path):
    torch = pytest.importorskip("torch")
    if name == "inception_v4":
        network = pytest.importorskip("timm").create_model(name)
    else:
        options = {"aux_logits": False, "init_weights": True} if name == "inception_v3" else {}
        models = pytest.importorskip("torchvision").models
        network = getattr(models, name)(weights=None, **options)
    generator = torch.Generator().manual_seed(3)
    for module in network.eval().modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            channels = module.num_features
            module.bias.data = torch.randn(channels, generator=generator) * 0.1
            module.running_mean = torch.randn(channels, generator=generator) * 0.1
            module.running_var = torch.rand(channels, generator=generator) * 0.5 + 0.75
    size = mcomp.models.info(name).input[2]
    path = tmp_path / "network.onnx"
    options = {"input_names": ["x"], "dynamic_axes": {"x": {0: "N"}}, "opset_version": 13}
    if form == "named":
        options["training"] = torch.onnx.TrainingMode.PRESERVE
        options["do_constant_folding"] = False
    torch.onnx.export(network, torch.zeros(1, 3, size, size), str(path), **options)
    if form != "safetensors":
        matched = check_same(name, path, size=size)
        assert ("structure" in matched) == (form == "folded")
        return
    weights = tmp_path / "network.safetensors"
    pytest.importorskip("safetensors.torch").save_file(network.state_dict(), str(weights))
    model = mcomp.models.create(name, weights=weights)
    wanted = run_onnxruntime(path, {"x": images(1, size)}, optimized=True)[0]
    assert nmse(model.run(images(1, size)), wanted) < 1e-9
