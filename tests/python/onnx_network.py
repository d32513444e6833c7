"""A legal network that grows at random, drawn by hypothesis so that a failure shrinks."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import onnx
from hypothesis import strategies as st
from onnx import helper

Shape = tuple[int, ...]
#: Elements of one image that a value may have; extents that inputs may have.
ELEMENTS_MAX = 1500
_EXTENTS = st.integers(1, 9)


class Network:
    """Nodes and constants of a network that grows; shapes are without the batch.

    Parameters
    ----------
    draw : callable
        Hypothesis' choice.
    """

    def __init__(self, draw: Callable) -> None:
        self.draw = draw
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, np.ndarray] = {}
        self.shapes: dict[str, Shape] = {}
        self.inputs: dict[str, Shape] = {}
        for index in range(draw(st.sampled_from([1, 1, 1, 2]))):
            rank = draw(st.sampled_from([3, 3, 3, 3, 2, 1, 4]))
            shape = tuple(draw(st.lists(_EXTENTS, min_size=rank, max_size=rank)))
            while math.prod(shape) > ELEMENTS_MAX:
                shape = tuple(max(1, extent // 2) for extent in shape)
            self.inputs[f"x{index}"] = self.shapes[f"x{index}"] = shape

    # Choices.

    def pick(self) -> str:
        """A value: the newest, or sometimes another, so that there are chains and branches."""
        names = list(self.shapes)
        return names[-1 - self.draw(st.sampled_from([0, 0, 0, *range(len(names))]))]

    def one_of(self, *choices: object) -> object:
        return self.draw(st.sampled_from(choices))

    def number(self, low: int, high: int) -> int:
        return self.draw(st.integers(low, high))

    def yes(self) -> bool:
        return self.draw(st.booleans())

    def constant(self, *shape: int, away_from_0: bool = False) -> str:
        """Numbers of a seed that is drawn, so that shrinking does not touch each."""
        name = f"c{len(self.constants)}"
        generator = np.random.default_rng(self.number(0, 7))
        array = np.asarray(generator.standard_normal(shape), np.float32)
        if away_from_0:
            array = np.asarray(np.abs(array) + np.float32(0.5), np.float32)
        self.constants[name] = array
        return name

    def integers(self, *values: int) -> str:
        name = f"c{len(self.constants)}"
        self.constants[name] = np.array(values, np.int64)
        return name

    def add(self, op: str, inputs: list[str], shape: Shape, **attributes: object) -> str:
        return self.add_several(op, inputs, [shape], **attributes)[0]

    def add_several(
        self, op: str, inputs: list[str], shapes: list[Shape], **attributes: object
    ) -> list[str]:
        names = [f"v{len(self.nodes)}_{i}" for i in range(len(shapes))]
        label = f"node{len(self.nodes)}" if self.yes() else ""
        self.nodes.append(helper.make_node(op, inputs, names, name=label, **attributes))
        self.shapes |= dict(zip(names, shapes, strict=True))
        return names

    def model(self) -> onnx.ModelProto:
        """The network; its outputs are the newest value and some others."""
        made = [name for name in self.shapes if name not in self.inputs]
        outputs = [made[-1]]
        if len(made) > 1 and self.yes():
            outputs.append(made[self.number(0, len(made) - 2)])

        def info(name: str) -> onnx.ValueInfoProto:
            return helper.make_tensor_value_info(name, 1, ["N", *self.shapes[name]])

        graph = helper.make_graph(
            self.nodes,
            "random",
            [info(name) for name in self.inputs],
            [info(name) for name in outputs],
            [onnx.numpy_helper.from_array(array, name) for name, array in self.constants.items()],
        )
        opsets = [helper.make_opsetid("", 17)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8)
