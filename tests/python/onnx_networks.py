"""Legal networks at random, as a strategy of hypothesis."""

from __future__ import annotations

from collections.abc import Callable

import onnx
from hypothesis import strategies as st
from onnx_growers import GROWERS
from onnx_network import Network


@st.composite
def networks(draw: Callable, nodes_max: int = 30) -> onnx.ModelProto:
    """A legal network of up to about so many nodes."""
    net = Network(draw)
    for _ in range(draw(st.integers(1, nodes_max))):
        if len(net.nodes) >= nodes_max:
            break
        data = net.pick()
        draw(st.sampled_from(GROWERS))(net, data, net.shapes[data])
    if not net.nodes:
        net.add("Relu", ["x0"], net.shapes["x0"])
    return net.model()
