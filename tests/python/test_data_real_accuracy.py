"""Every real network on every labelled image: minutes, for the long run of tests."""

from __future__ import annotations

from pathlib import Path

import pytest

import mcomp

VAL = "imagenet-val300"
DEV = "imagenet-dev128-ccby"
CIFAR = "cifar10-png/test"

# Top-1 and top-5 in percent by an independent runtime, ONNX Runtime 1.32 on a CPU.
FIGURES = {
    ("mobilenet_v2_100_224", VAL): (82.33, 95.67),
    ("mobilenet_v2_100_224", DEV): (84.38, 97.66),
    ("mobilenet_v2_100_224_ptq", VAL): (82.00, 96.00),
    ("mobilenet_v2_100_224_ptq", DEV): (81.25, 94.53),
    ("mobilenet_v1_100_224_qat", VAL): (80.67, 94.67),
    ("mobilenet_v1_100_224_qat", DEV): (83.59, 95.31),
    ("mobilenet_v1_100_224_qat_float", VAL): (80.00, 95.00),
    ("mobilenet_v1_100_224_qat_float", DEV): (83.59, 95.31),
    ("mobilenet_v1_025_128", VAL): (53.33, 79.67),
    ("mobilenet_v1_025_128", DEV): (42.97, 64.06),
    ("squeezenet_1_1", VAL): (72.00, 90.00),
    ("squeezenet_1_1", DEV): (64.06, 85.16),
    ("squeezenet_1_0_deep_compression", VAL): (70.33, 90.67),
    ("squeezenet_1_0_deep_compression", DEV): (60.16, 79.69),
    ("resnet56_cifar10", CIFAR): (92.6, 99.8),
    ("resnet20_cifar10", CIFAR): (91.5, 99.8),
    ("resnet8_wide_cifar10", CIFAR): (91.5, 99.6),
    ("resnet8_cifar10", CIFAR): (88.1, 99.7),
    ("resnet8_cifar10_int8", CIFAR): (87.7, 99.6),
}
EIGHT_BIT = {"mobilenet_v2_100_224_ptq", "mobilenet_v1_100_224_qat", "resnet8_cifar10_int8"}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "data"), FIGURES)
def test_accuracy_within_an_image(shared: Path, name: str, data: str):
    with mcomp.read_onnx(shared / "models" / f"{name}.onnx") as model:
        found = mcomp.evaluate(model, shared / "data" / data)
    top1, top5 = FIGURES[name, data]
    images = 3 if name in EIGHT_BIT else 1
    allowed = images * 100 / found.n + 0.005 + 1e-9  # the figures are rounded to 0.01
    assert abs(found.top1 - top1) <= allowed, found
    assert abs(found.top5 - top5) <= allowed, found
