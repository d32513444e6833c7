"""What all Python tests share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import numpy as np
import pytest

import mcomp

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
NO_SHARED = "the folder ../shared is absent"

hypothesis.settings.register_profile("local", deadline=None, print_blob=True)
hypothesis.settings.register_profile("ci", deadline=None, print_blob=True, derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "local")


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real networks beside the repository; absent, the test is skipped."""
    if not SHARED.is_dir():
        pytest.skip(NO_SHARED)
    return SHARED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = [
        report
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple) and NO_SHARED in report.longrepr[2]
    ]
    if skipped:
        terminalreporter.write_line(f"{len(skipped)} tests skipped: {NO_SHARED}", yellow=True)


@pytest.fixture(scope="session")
def lenet5() -> mcomp.Model:
    """LeNet-5 with its trained weights, simplified. Never close it."""
    return mcomp.models.create("lenet5")


@pytest.fixture
def digits() -> np.ndarray:
    """Three images for LeNet-5, float32 [3, 1, 28, 28] in [0, 1)."""
    return np.random.default_rng(5).random((3, 1, 28, 28), np.float32)


@pytest.fixture
def small_model() -> Callable[..., mcomp.Model]:
    """Makes a network of one Gemm: y = x * weight^T, with weights of a fixed seed."""

    def build(
        inputs: int = 6, outputs: int = 4, context: mcomp.Context | None = None
    ) -> mcomp.Model:
        weight = np.random.default_rng(7).standard_normal((outputs, inputs)).astype(np.float32)
        builder = mcomp.GraphBuilder("small", context=context)
        x = builder.add_input("x", (None, inputs))
        w = builder.add_constant("weight", weight)
        builder.mark_output(builder.add_node("Gemm", "y", [x, w], {"transB": 1}))
        return builder.finish()

    return build


@pytest.fixture
def slow_model() -> Iterator[mcomp.Model]:
    """A chain of convolutions that keeps the reference device busy for about a second a run."""
    generator = np.random.default_rng(11)
    builder = mcomp.GraphBuilder("slow")
    value = builder.add_input("x", (None, 16, 64, 64))
    for layer in range(20):
        weight = generator.standard_normal((16, 16, 3, 3)).astype(np.float32) / 12
        constant = builder.add_constant(f"weight{layer}", weight)
        value = builder.add_node(
            "Conv", f"conv{layer}", [value, constant], {"kernel_shape": [3, 3], "pads": [1] * 4}
        )
    builder.mark_output(value)
    with builder.finish() as model:
        yield model
