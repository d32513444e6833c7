"""The layers of a network that have weights, each with its BatchNorm."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..graph_info import NodeInfo
from ..model import Model


@dataclass(frozen=True)
class Norm:
    """A BatchNormalization's constants, by name."""

    scale: str
    shift: str
    mean: str
    variance: str
    epsilon: float


@dataclass(frozen=True)
class Layer:
    """A Conv or Gemm.

    Attributes
    ----------
    name : str
        Of the node, without a block's ``/conv`` at the end.
    node : NodeInfo
    weight : str
        The constant's name.
    bias : str or None
    norm : Norm or None
        Of the BatchNormalization that follows.
    """

    name: str
    node: NodeInfo
    weight: str
    bias: str | None
    norm: Norm | None


def read_layers(model: Model) -> list[Layer]:
    """List the layers of one of the study's networks, not simplified, in its order."""
    norms = {
        str(node.inputs[0]): _norm(node) for node in model.nodes if node.op == "BatchNormalization"
    }
    return [
        Layer(
            name=re.sub(r"/conv$", "", node.name),
            node=node,
            weight=str(node.inputs[1]),
            bias=node.inputs[2] if len(node.inputs) > 2 else None,
            norm=norms.get(node.output),
        )
        for node in model.nodes
        if node.op in ("Conv", "Gemm")
    ]


def _norm(node: NodeInfo) -> Norm:
    scale, shift, mean, variance = (str(name) for name in node.inputs[1:5])
    return Norm(scale, shift, mean, variance, float(str(node.attributes["epsilon"])))
