"""Operators on each element by itself, and Softmax."""

from __future__ import annotations

import math

import numpy as np

from .._errors import Unsupported
from .node import Node, normalized_axis
from .operands import Constant, Value
from .text import shape_text


def read_relu(node: Node) -> None:
    """Read a Relu."""
    node.emit("Relu", [node.activation(0).value])


def read_sigmoid(node: Node) -> None:
    """Read a Sigmoid."""
    node.emit("Sigmoid", [node.activation(0).value])


def read_hard_sigmoid(node: Node) -> None:
    """Read a HardSigmoid."""
    slope, offset = node.real("alpha", 0.2), node.real("beta", 0.5)
    node.emit("HardSigmoid", [node.activation(0).value], {"alpha": slope, "beta": offset})


def read_hard_swish(node: Node) -> None:
    """Read a HardSwish."""
    node.emit("HardSwish", [node.activation(0).value])


def read_leaky_relu(node: Node) -> None:
    """Read a LeakyRelu."""
    node.emit("LeakyRelu", [node.activation(0).value], {"alpha": node.real("alpha", 0.01)})


def read_prelu(node: Node) -> None:
    """Read a PRelu: up to operator set 6 one slope a channel, then broadcast as in numpy."""
    data = node.activation(0)
    slope = node.constant(1)
    if node.opset < 7 and len(slope.shape) == 1:
        channels = slope.read().reshape((-1, *[1] * (len(data.shape) - 2)))
        node.emit("PRelu", [data.value, node.emit_constant("slope", channels)])
        return
    node.emit("PRelu", [data.value, node.argument(1)])


def read_clip(node: Node) -> None:
    """Read a Clip: bounds are attributes up to operator set 10, then inputs."""
    inputs: list[int | None] = [node.activation(0).value]
    if node.opset < 11:
        for name in ("min", "max"):
            attribute = node.attribute(name)
            if attribute is None:
                inputs.append(None)
            else:
                bound = np.array(node.real(name, 0.0), np.float32)
                inputs.append(node.emit_constant(name, bound))
    else:
        inputs += [node.argument(1), node.argument(2)]
    while inputs[-1] is None:
        inputs.pop()
    node.emit("Clip", inputs)


def read_bound(node: Node) -> None:
    """Read a Max or Min of an activation and numbers as Clip."""
    values = [operand for operand in node.operands() if isinstance(operand, Value)]
    bounds = [operand for operand in node.operands() if isinstance(operand, Constant)]
    if len(values) != 1 or len(bounds) + 1 != node.input_count():
        raise node.error(Unsupported, "must be of one activation and of constants")
    is_max = node.proto.op_type == "Max"
    numbers = []
    for bound in bounds:
        if math.prod(bound.shape) != 1 or len(bound.shape) > len(values[0].shape):
            raise node.error(
                Unsupported, f"a bound is {shape_text(bound.shape)}, must be one number"
            )
        numbers.append(float(bound.read().reshape(())))
    if not numbers:
        node.emit("Identity", [values[0].value])
        return
    number = np.array(max(numbers) if is_max else min(numbers), np.float32)
    constant = node.emit_constant("bound", number)
    inputs = [values[0].value, constant] if is_max else [values[0].value, None, constant]
    node.emit("Clip", inputs)


def read_softmax(node: Node) -> None:
    """Read a Softmax: up to operator set 12 all axes from ``axis`` on are one."""
    data = node.activation(0)
    axis = normalized_axis(node, node.integer("axis", 1 if node.opset < 13 else -1), data.shape)
    if axis == 0:
        raise node.error(Unsupported, "axis is the batch")
    if node.opset >= 13:
        node.emit("Softmax", [data.value], {"axis": axis})
        return
    wide = [i for i in range(axis, len(data.shape)) if data.shape[i] != 1]
    if len(wide) <= 1:
        node.emit("Softmax", [data.value], {"axis": wide[0] if wide else axis})
        return
    count = math.prod(extent or 1 for extent in data.shape[axis:])
    flat = node.emit_reshape(data, (*data.shape[:axis], count), "flat")
    soft = node.emit_before("Softmax", "of_all", [flat.value], {"axis": axis})
    node.emit_reshape(soft, data.shape)


def read_identity(node: Node) -> None:
    """Read an Identity, of whatever it is."""
    operand = node.operand(0)
    if isinstance(operand, Value):
        node.emit("Identity", [operand.value])
    else:
        node.give(operand)


def read_dropout(node: Node) -> None:
    """Read a Dropout, which does nothing outside training."""
    node.check_single_output()
    node.ignore("ratio", "seed")
    if node.opset < 7 and not node.integer("is_test", 0):
        raise node.error(Unsupported, "is_test is 0: it drops elements at random, as in training")
    if node.opset >= 12 and node.has_input(2) and bool(node.constant_scalar(2)):
        raise node.error(Unsupported, "training_mode is true")
    read_identity(node)
