"""Random networks: as written, simplified, and by onnxruntime, on both devices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx_build import make_model, nmse, node, run_onnxruntime

import mcomp


class Network:
    """Nodes and constants of a network that grows at random."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, np.ndarray] = {}
        # By name: channels and side of square images.
        self.values: dict[str, tuple[int, int]] = {"x": (3, 12)}

    def constant(self, *shape: int, positive: bool = False) -> str:
        name = f"c{len(self.constants)}"
        array = self.random.standard_normal(shape).astype(np.float32)
        self.constants[name] = np.abs(array) + np.float32(0.5) if positive else array
        return name

    def add(self, op: str, inputs: list[str], channels: int, side: int, **attributes) -> str:
        name = f"v{len(self.nodes)}"
        label = name if self.random.random() < 0.5 else f"node_{name}"
        self.nodes.append(node(op, inputs, name, label, **attributes))
        self.values[name] = (channels, side)
        return name

    def pick(self) -> str:
        # Mostly the newest, so that chains grow; sometimes one that others read too.
        names = list(self.values)
        return names[-1] if self.random.random() < 0.7 else names[self.random.integers(len(names))]

    def grow(self) -> None:
        data = self.pick()
        channels, side = self.values[data]
        kind = self.random.integers(9)
        if kind <= 2:
            made = int(self.random.choice([channels, 4, 5]))
            depthwise = self.random.random() < 0.3
            made = channels if depthwise else made
            weight = self.constant(made, 1 if depthwise else channels, 3, 3)
            bias = [self.constant(made)] if self.random.random() < 0.5 else []
            group = channels if depthwise else 1
            inputs = [data, weight, *bias]
            self.add("Conv", inputs, made, side, group=group, pads=[1, 1, 1, 1])
        elif kind == 3:
            statistics = [self.constant(channels) for _ in range(3)]
            variance = self.constant(channels, positive=True)
            self.add("BatchNormalization", [data, *statistics, variance], channels, side)
        elif kind == 4:
            self.add("Relu", [data], channels, side)
        elif kind == 5:
            low, high = f"low{len(self.nodes)}", f"high{len(self.nodes)}"
            self.constants[low], self.constants[high] = np.float32(-0.3), np.float32(0.8)
            self.add("Clip", [data, low, high], channels, side)
        elif kind == 6:
            same = [name for name, shape in self.values.items() if shape == (channels, side)]
            other = same[self.random.integers(len(same))]
            if self.random.random() < 0.3:
                other = self.constant(channels, 1, 1)
            self.add("Add", [data, other], channels, side)
        elif kind == 7:
            same = [name for name, shape in self.values.items() if shape[1] == side]
            other = same[self.random.integers(len(same))]
            if channels + self.values[other][0] < 20:
                self.add("Concat", [data, other], channels + self.values[other][0], side, axis=1)
        else:
            op = str(self.random.choice(["MaxPool", "AveragePool", "Identity"]))
            window = {} if op == "Identity" else {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
            self.add(op, [data], channels, side, **window)

    def model(self) -> tuple[onnx.ModelProto, list[str]]:
        """The network, with its last value and sometimes an earlier one as outputs."""
        last = self.add("GlobalAveragePool", [list(self.values)[-1]], 1, 1)
        last = self.add("Flatten", [last], 1, 1)
        outputs = [last]
        made = [name for name in self.values if name not in ("x", last)]
        if self.random.random() < 0.5:
            outputs.append(made[self.random.integers(len(made))])
        return make_model(
            self.nodes, self.constants, inputs={"x": ["N", 3, 12, 12]}, outputs=outputs
        ), outputs


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32 - 1), length=st.integers(1, 14))
def test_random_network(seed: int, length: int, tmp_path_factory) -> None:
    network = Network(seed)
    for _ in range(length):
        network.grow()
    proto, outputs = network.model()
    path: Path = tmp_path_factory.mktemp("random") / "m.onnx"
    path.write_bytes(proto.SerializeToString())
    x = network.random.standard_normal((2, 3, 12, 12)).astype(np.float32)
    expected = run_onnxruntime(proto, {"x": x})
    with mcomp.read_onnx(path) as simplified, mcomp.read_onnx(path, simplify=False) as written:
        assert len(simplified.nodes) <= len(written.nodes)
        for model in (simplified, written):
            assert [value.name for value in model.outputs] == outputs
            for device in ("cpu", "ref"):
                found = model.run(x, device)
                for one, right in zip(
                    found if isinstance(found, list) else [found], expected, strict=True
                ):
                    assert not right.any() or nmse(one, right) < 1e-9
        simplified.write_onnx(path.with_name("again.onnx"))
        with mcomp.read_onnx(path.with_name("again.onnx")) as again:
            one, other = simplified.run(x, "ref"), again.run(x, "ref")
            assert np.array_equal(
                np.concatenate([np.ravel(a) for a in _all(one)]),
                np.concatenate([np.ravel(a) for a in _all(other)]),
            )


def _all(found: np.ndarray | list[np.ndarray]) -> list[np.ndarray]:
    return found if isinstance(found, list) else [found]
