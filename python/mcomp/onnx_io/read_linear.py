"""Gemm, MatMul and BatchNormalization."""

from __future__ import annotations

import numpy as np

from .._errors import InvalidArgument, ShapeError, Unsupported
from .node import Node
from .operands import Constant, Dequantized, Value
from .tensors import Array
from .text import shape_text


def read_gemm(node: Node) -> None:
    """Read a Gemm of an activation by a constant."""
    if node.flag("transA"):
        raise node.error(Unsupported, "transA is 1, which makes the batch the second axis")
    alpha, beta = node.real("alpha", 1.0), node.real("beta", 1.0)
    node.ignore("broadcast")  # up to operator set 6; the shape of c says it
    data = node.activation(0)
    if len(data.shape) != 2:
        raise node.error(
            ShapeError, f"{node.input_label(0)} is {shape_text(data.shape)}, a matrix has two axes"
        )
    weight = _matrix(node)
    transposed = node.flag("transB")
    channels = weight.shape[0 if transposed else 1]
    matrix, transposed = _weight(node, weight, transposed, alpha)
    inputs: list[int | None] = [data.value, matrix]
    attributes = {"transB": int(transposed)}
    if not node.has_input(2) or beta == 0:
        node.emit("Gemm", inputs, attributes)
    elif isinstance(node.operand(2), Constant):
        node.emit("Gemm", [*inputs, _bias(node, node.constant(2), channels, beta)], attributes)
    else:
        product = node.emit_before("Gemm", "product", inputs, attributes)
        addend = node.activation(2)
        if beta != 1:
            factor = node.emit_constant("beta", np.array(beta, np.float32))
            addend = node.emit_before("Mul", "scaled", [addend.value, factor])
        node.emit("Add", [product.value, addend.value])


def _matrix(node: Node) -> Constant:
    weight = node.constant(1)
    if len(weight.shape) != 2:
        raise node.error(
            ShapeError, f"{node.input_label(1)} is {shape_text(weight.shape)}, must have two axes"
        )
    return weight


def _weight(
    node: Node, weight: Constant, transposed: bool, alpha: float
) -> tuple[int | None, bool]:
    """Get a matrix times a number, and whether it has the outputs first.

    What the file transposes is read as it was before. Outputs become the first axis where each has
    a scale of its own.
    """
    if alpha != 1:
        scaled = np.multiply(weight.read(), np.float32(alpha), dtype=np.float32)
        return node.emit_constant("weight", scaled), transposed
    if weight.turned_from is not None:
        weight, transposed = weight.turned_from, not transposed
    if not isinstance(weight, Dequantized):
        return node.importer.add_constant(node, weight), transposed
    if not transposed and not weight.has_one_scale and weight.axis == 1:
        unique_name = node.importer.unique_name
        names = (unique_name(f"{weight.name}_transposed"), unique_name(f"{weight.name}_integers"))
        weight, transposed = weight.transposed(names), True
    return node.importer.add_dequantized(node, weight), transposed


def _bias(node: Node, bias: Constant, channels: int, beta: float) -> int | None:
    """Get a constant as one number for each output."""
    shape = bias.shape
    rows = shape[0] if len(shape) == 2 else 1
    if rows != 1 or len(shape) > 2:
        raise node.error(
            Unsupported,
            f"{node.input_label(2)} is {shape_text(shape)}, its first axis would be the batch",
        )
    if beta == 1 and shape in ((channels,), (1, channels)):
        return node.weight(2)
    values: Array = bias.read().reshape(-1)
    if values.size not in (1, channels):
        raise node.error(
            ShapeError, f"{node.input_label(2)} is {shape_text(shape)} for {channels} outputs"
        )
    scaled = np.multiply(np.broadcast_to(values, (channels,)), np.float32(beta), dtype=np.float32)
    return node.emit_constant("bias", scaled)


def read_mat_mul(node: Node) -> None:
    """Read a MatMul: of two matrices, with the bias that may follow it, as Gemm."""
    first, second = node.operand(0), node.operand(1)
    if isinstance(first, Constant) and isinstance(second, Value):
        _constant_times_activation(node, first, second)
        return
    data = node.activation(0)
    if not isinstance(second, Constant):
        node.emit("MatMul", [data.value, node.activation(1).value])
        return
    if len(second.shape) == 1:
        column = node.emit_constant("column", second.read().reshape(-1, 1))
        product = node.emit_before("MatMul", "product", [data.value, column])
        node.emit_reshape(product, product.shape[:-1])
    elif len(second.shape) == 2 and len(data.shape) == 2:
        _matrix_product(node, data, second)
    elif len(second.shape) == 2:
        matrix, transposed = _weight(node, second, False, 1.0)
        node.emit("MatMul", [data.value, matrix], {"transB": 1} if transposed else {})
    else:
        node.emit("MatMul", [data.value, node.argument(1)])


def _matrix_product(node: Node, data: Value, weight: Constant) -> None:
    matrix, transposed = _weight(node, weight, False, 1.0)
    inputs: list[int | None] = [data.value, matrix]
    attributes = {"transB": int(transposed)}
    add = _following_bias(node, weight.shape[1])
    if add is None:
        node.emit("Gemm", inputs, attributes)
        return
    # MatMul and Add are one Gemm: so the bias counts as one.
    inputs.append(add.weight(1 if add.proto.input[0] == node.proto.output[0] else 0))
    output = add.proto.output[0]
    name = node.importer.name_node(node.proto, output)
    value = node.importer.add_node(node, "Gemm", name, inputs, attributes)
    node.importer.operands[output] = value
    node.importer.done.add(add.index)


def _following_bias(node: Node, channels: int) -> Node | None:
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


def _constant_times_activation(node: Node, first: Constant, second: Value) -> None:
    """Read a product whose first operand is the constant: both are transposed, so is the result."""
    rank = len(second.shape)
    if rank < 3 or len(first.shape) != 2:
        raise node.error(
            Unsupported,
            f"multiplies a constant {shape_text(first.shape)} by {shape_text(second.shape)}, "
            "which must have two axes beside the batch",
        )
    swap = {"perm": [*range(rank - 2), rank - 1, rank - 2]}
    data = node.emit_before("Transpose", "transposed", [second.value], swap)
    weight = node.emit_constant("weight", np.ascontiguousarray(first.read().T))
    product = node.emit_before("MatMul", "product", [data.value, weight])
    node.emit("Transpose", [product.value], swap)


def read_batch_normalization(node: Node) -> None:
    """Read a BatchNormalization of inference."""
    if any(node.proto.output[1:]):
        raise node.error(Unsupported, f"has {len(node.proto.output)} outputs, those of training")
    node.ignore("momentum")  # of training
    if node.opset < 7 and not node.integer("is_test", 0):
        raise node.error(Unsupported, "is_test is 0: its statistics are those of the batch")
    if node.opset >= 14 and node.flag("training_mode"):
        raise node.error(Unsupported, "training_mode is 1, must be 0")
    epsilon = node.real("epsilon", 1e-5)
    variance = node.constant(4).read()
    if variance.dtype.kind == "f" and bool((variance.astype(np.float64) + epsilon <= 0).any()):
        raise node.error(
            InvalidArgument, f"{node.input_label(4)} and epsilon {epsilon:g} have a sum below 0"
        )
    if node.opset < 9 and node.integer("spatial", 1) != 1:
        _normalize_elements(node, variance, epsilon)
        return
    inputs: list[int | None] = [node.activation(0).value]
    inputs += [node.argument(index) for index in range(1, 5)]
    node.emit("BatchNormalization", inputs, {"epsilon": epsilon})


def _normalize_elements(node: Node, variance: Array, epsilon: float) -> None:
    """Read one with statistics of each element of an image: a factor and an addend."""
    data = node.activation(0)
    scale, shift, mean = (node.constant(index).read().astype(np.float64) for index in (1, 2, 3))
    shape = [extent or 1 for extent in data.shape[1:]]
    if any(list(array.shape) != shape for array in (scale, shift, mean, variance)):
        raise node.error(ShapeError, f"spatial is 0, so all statistics must be {shape_text(shape)}")
    factor = scale / np.sqrt(variance.astype(np.float64) + epsilon)
    scaled = node.emit_before(
        "Mul", "scaled", [data.value, node.emit_constant("factor", factor.astype(np.float32))]
    )
    addend = (shift - mean * factor).astype(np.float32)
    node.emit("Add", [scaled.value, node.emit_constant("addend", addend)])
