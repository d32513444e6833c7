"""Operators that keep the shape: Relu, Clip, Softmax, Identity, Dropout."""

from __future__ import annotations

import numpy as np

from .._errors import InvalidArgument, Unsupported
from .node import Node, normalized_axis
from .operands import Value
from .text import shape_text


def read_relu(node: Node) -> None:
    """Read a Relu."""
    node.emit("Relu", [node.activation(0).value])


def read_clip(node: Node) -> None:
    """Read a Clip: bounds are attributes up to operator set 10, then inputs."""
    inputs: list[int | None] = [node.activation(0).value]
    if node.opset < 11:
        for name in ("min", "max"):
            attribute = node.attribute(name)
            if attribute is None:
                inputs.append(None)
            else:
                bound = np.float32(attribute.f)
                if np.isnan(bound):
                    raise node.error(InvalidArgument, f"{name} is not a number")
                inputs.append(node.emit_constant(name, np.array(bound)))
    else:
        inputs += [node.argument(1), node.argument(2)]
    while inputs[-1] is None:
        inputs.pop()
    node.emit("Clip", inputs)


def read_softmax(node: Node) -> None:
    """Read a Softmax: up to operator set 12 all axes from ``axis`` on are one."""
    data = node.activation(0)
    axis = normalized_axis(node, node.integer("axis", 1 if node.opset < 13 else -1), data.shape)
    if node.opset < 13:
        wide = [i for i in range(axis, len(data.shape)) if data.shape[i] != 1]
        if len(wide) > 1:
            raise node.error(
                Unsupported,
                f"goes over axes {wide} of {shape_text(data.shape)} at once, can go over one",
            )
        axis = wide[0] if wide else axis
    node.emit("Softmax", [data.value], {"axis": axis})


def read_identity(node: Node) -> None:
    """Read an Identity, of whatever it is."""
    operand = node.operand(0)
    if isinstance(operand, Value) and operand.is_activation and operand.view is None:
        node.emit("Identity", [operand.value])
    else:
        node.give(operand)


def read_dropout(node: Node) -> None:
    """Read a Dropout, which does nothing outside training."""
    node.check_single_output()
    node.ignore("ratio", "seed")
    if node.has_input(2) and bool(node.constant_scalar(2)):
        raise node.error(Unsupported, "training_mode is true")
    read_identity(node)
