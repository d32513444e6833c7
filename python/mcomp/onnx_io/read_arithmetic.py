"""Add, Sub, Mul, Div, Sum and Mean of activations and constants."""

from __future__ import annotations

import numpy as np

from .broadcast import BROADCASTING_OPSET, old_shape
from .node import Node
from .operands import Constant


def read_binary(node: Node) -> None:
    """Read an Add, Sub, Mul or Div, of which at least one operand is an activation."""
    node.emit(node.proto.op_type, _operands(node))


def _operands(node: Node) -> list[int | None]:
    first, second = node.operand(0), node.operand(1)
    if node.opset >= BROADCASTING_OPSET:
        return [node.argument(0), node.argument(1)]
    shape = old_shape(node, first.shape, second.shape)
    if shape == second.shape:
        return [node.argument(0), node.argument(1)]
    if isinstance(second, Constant):
        array = second.read().reshape([extent or 0 for extent in shape])
        return [node.argument(0), node.emit_constant("aligned", array)]
    return [node.argument(0), node.emit_reshape(node.activation(1), shape, "aligned").value]


def read_sum(node: Node) -> None:
    """Read a Sum of one or more as additions."""
    addends = [node.argument(index) for index in range(node.input_count())]
    if len(addends) == 1:
        node.emit("Identity", addends)
        return
    node.emit("Add", [_partial_sum(node, addends), addends[-1]])


def _partial_sum(node: Node, addends: list[int | None]) -> int | None:
    """Add all but the last."""
    total = addends[0]
    for index, addend in enumerate(addends[1:-1], 2):
        total = node.emit_before("Add", f"sum{index}", [total, addend]).value
    return total


def read_mean(node: Node) -> None:
    """Read a Mean of one or more as additions and a multiplication."""
    addends = [node.argument(index) for index in range(node.input_count())]
    if len(addends) == 1:
        node.emit("Identity", addends)
        return
    total = node.emit_before("Add", "sum", [_partial_sum(node, addends), addends[-1]])
    share = node.emit_constant("share", np.array(1 / len(addends), np.float32))
    node.emit("Mul", [total.value, share])


def read_neg(node: Node) -> None:
    """Read a Neg."""
    node.emit(
        "Mul", [node.activation(0).value, node.emit_constant("minus", np.array(-1, np.float32))]
    )
