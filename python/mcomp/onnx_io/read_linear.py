"""Gemm, MatMul, Add, Sum and BatchNormalization."""

from __future__ import annotations

import numpy as np

from .._errors import InvalidArgument, Unsupported
from .node import Node
from .operands import Constant, Value
from .text import shape_text


def read_gemm(node: Node) -> None:
    """Read a Gemm of an activation by a constant."""
    data = node.activation(0)
    alpha, beta = node.real("alpha", 1.0), node.real("beta", 1.0)
    if node.flag("transA") or alpha != 1:
        raise node.error(
            Unsupported, f"transA is {node.integer('transA', 0)}, alpha {alpha:g}, must be 0, 1"
        )
    inputs: list[int | None] = [data.value, node.argument(1)]
    if node.has_input(2) and beta != 0:
        if beta != 1:
            raise node.error(Unsupported, f"beta is {beta:g}, must be 0 or 1")
        inputs.append(_gemm_bias(node))
    node.emit("Gemm", inputs, {"transB": int(node.flag("transB"))})


def _gemm_bias(node: Node) -> int | None:
    """Get input 2; one number for all channels is written out."""
    bias, weight = node.operand(2), node.operand(1)
    if not isinstance(bias, Constant) or bias.shape not in ((), (1,), (1, 1)):
        return node.argument(2)
    shape = weight.shape if isinstance(weight, Constant | Value) else ()
    channels = shape[0 if node.flag("transB") else -1] if len(shape) == 2 else 1
    if channels == 1 and bias.shape == (1,):
        return node.argument(2)
    return node.emit_constant("bias", np.broadcast_to(bias.read().reshape(1), (channels or 1,)))


def read_mat_mul(node: Node) -> None:
    """Read a MatMul, with the bias that may follow it, as Gemm."""
    data = node.activation(0)
    weight = node.operand(1)
    shape = weight.shape if isinstance(weight, Constant | Value) else ()
    if len(data.shape) != 2 or len(shape) != 2:
        raise node.error(
            Unsupported,
            f"multiplies {shape_text(data.shape)} by {shape_text(shape)}, must be an activation "
            "[N, inputs] by a constant [inputs, outputs]",
        )
    inputs: list[int | None] = [data.value, node.argument(1)]
    add = _following_bias(node, shape[1])
    if add is None:
        node.emit("Gemm", inputs, {"transB": 0})
        return
    # MatMul and Add are one Gemm: so the bias counts as one.
    inputs.append(add.argument(1 if add.proto.input[0] == node.proto.output[0] else 0))
    output = add.proto.output[0]
    name = node.importer.name_node(node.proto, output)
    value = node.importer.add_node(node, "Gemm", name, inputs, {"transB": 0})
    node.importer.operands[output] = value
    node.importer.done.add(add.index)


def _following_bias(node: Node, channels: int | None) -> Node | None:
    """Find the Add of one constant number a channel that alone reads the node's output."""
    importer = node.importer
    index = importer.sole_reader(node.proto.output[0])
    if index is None or importer.graph.node[index].op_type != "Add":
        return None
    add = Node(importer, importer.graph.node[index], index)
    other = [name for name in add.proto.input if name != node.proto.output[0]]
    operand = importer.operands.get(other[0]) if other else None
    if not isinstance(operand, Constant) or operand.shape not in ((channels,), (1, channels)):
        return None
    return add


def read_add(node: Node) -> None:
    """Read an addition of activations, or of an activation and a constant."""
    node.emit("Add", _addends(node))


def read_sum(node: Node) -> None:
    """Read a sum of one or more as additions."""
    addends = _addends(node)
    if len(addends) == 1:
        node.emit("Identity", addends)
        return
    total = addends[0]
    for index, addend in enumerate(addends[1:-1], 2):
        total = node.emit_before("Add", f"sum{index}", [total, addend]).value
    node.emit("Add", [total, addends[-1]])


def _addends(node: Node) -> list[int | None]:
    operands = [node.operand(index) for index in range(node.input_count())]
    if not any(isinstance(operand, Value) and operand.is_activation for operand in operands):
        raise node.error(Unsupported, "adds constants only")
    return node.arguments()


def read_batch_normalization(node: Node) -> None:
    """Read a BatchNormalization of inference."""
    if any(node.proto.output[1:]):
        raise node.error(Unsupported, f"has {len(node.proto.output)} outputs, those of training")
    node.ignore("momentum")  # of training
    if node.opset < 9 and node.integer("spatial", 1) != 1:
        raise node.error(Unsupported, "spatial is 0, must be 1")
    if node.opset >= 14 and node.flag("training_mode"):
        raise node.error(Unsupported, "training_mode is 1, must be 0")
    epsilon = node.real("epsilon", 1e-5)
    variance = node.constant(4).read()
    if variance.dtype.kind == "f" and bool((variance.astype(np.float64) + epsilon <= 0).any()):
        raise node.error(
            InvalidArgument, f"{node.input_label(4)} and epsilon {epsilon:g} have a sum below 0"
        )
    node.emit("BatchNormalization", node.arguments(), {"epsilon": epsilon})
