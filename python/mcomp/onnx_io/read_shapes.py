"""Operators that only rename axes or change their order: Flatten to Transpose."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from .._errors import InvalidArgument, ShapeError, Unsupported
from .node import Node, normalized_axis
from .operands import BatchTensor, Computed, Constant, Dequantized, Shape, Value
from .tensors import Array
from .text import shape_text


def read_flatten(node: Node) -> None:
    """Read a Flatten; of an activation all axes but the batch."""
    shape = _data(node).shape
    rank = len(shape)
    axis = node.integer("axis", 1)
    if not -rank <= axis <= rank:
        raise node.error(InvalidArgument, f"axis {axis} is outside rank {rank}")
    axis += rank if axis < 0 else 0
    if shape and shape[0] is None:
        if axis != 1:
            raise node.error(
                Unsupported, f"axis is {node.integer('axis', 1)}, must be 1: the batch stays apart"
            )
        before: int | None = None
    else:
        before = _count(shape[:axis])
    _give_reshaped(node, (before, _count(shape[axis:])))


def _count(shape: Shape) -> int:
    return math.prod(extent for extent in shape if extent is not None)


def _data(node: Node) -> Constant | Value:
    operand = node.operand(0)
    if isinstance(operand, BatchTensor):
        raise node.error(Unsupported, f"{node.input_label(0)} is computed from shapes")
    return operand


def _give_reshaped(node: Node, shape: Shape) -> None:
    """Let the output be the same elements in another shape."""
    data = _data(node)
    if isinstance(data, Value):
        if not shape or shape[0] is not None:
            raise node.error(
                Unsupported,
                f"makes {shape_text(shape)} of {shape_text(data.shape)}, the batch must stay the "
                "first axis",
            )
        node.emit_reshape(data, shape)
        return
    known = tuple(extent or 0 for extent in shape)
    _give_moved(node, data, known, lambda array: array.reshape(known))


def _give_moved(
    node: Node, data: Constant, shape: tuple[int, ...], move: Callable[[Array], Array]
) -> None:
    """Let the output be a constant's elements in another place; integers stay integers."""
    node.importer.count_moved(shape, data)
    unique_name = node.importer.unique_name
    output = node.proto.output[0]
    if isinstance(data, Dequantized) and data.has_one_scale:
        names = (unique_name(output), unique_name(f"{output}_quantized"))
        node.give(data.moved(names, shape, move))
    else:
        source = Computed(shape, lambda: move(data.read()), data.depth + 1)
        node.give(Constant(unique_name(output), source))


def read_reshape(node: Node) -> None:
    """Read a Reshape: the shape is an attribute up to operator set 4, then an input."""
    data = _data(node)
    if node.opset < 5:
        target: list[int | str | None] = list(node.integers("shape") or [])
    else:
        operand = node.operand(1)
        if isinstance(operand, BatchTensor):
            target = operand.extents()
        else:
            target = list(node.constant_integers(1))
    allow_zero = node.opset >= 14 and node.flag("allowzero")
    asked = f"reshapes {shape_text(data.shape)} to {shape_text(target)}"
    if any(extent == "?" or (isinstance(extent, int) and extent < -1) for extent in target):
        raise node.error(Unsupported, f"{asked}, in which an extent is no number and no batch")
    result: list[int | None] = []
    for axis, extent in enumerate(target):
        if extent == 0 and not allow_zero:
            if axis >= len(data.shape):
                raise node.error(ShapeError, f"{asked}, but there is no axis {axis} to copy")
            result.append(data.shape[axis])
        else:
            result.append(extent if isinstance(extent, int) else None)
    if isinstance(data, Value):
        result = _with_the_batch(node, data, result, asked)
    _give_reshaped(node, _completed(node, result, _count(data.shape), asked))


def _with_the_batch(
    node: Node, data: Value, target: list[int | None], asked: str
) -> list[int | None]:
    """Make the first extent the batch, where it is meant to be."""
    rest = target[1:]
    one_image = None not in rest and -1 not in rest and _count(tuple(rest)) == _count(data.shape)
    is_batch = bool(target) and (
        target[0] is None
        or (node.importer.fixed_batch is not None and target[0] == node.importer.fixed_batch)
        or (target[0] == -1 and one_image)
    )
    if not is_batch or None in rest:
        raise node.error(Unsupported, f"{asked}, the batch must stay the first axis")
    return [None, *rest]


def _completed(node: Node, target: Sequence[int | None], count: int, asked: str) -> Shape:
    """Fill in the extent that is -1, and check the number of elements."""
    known = math.prod(extent for extent in target if extent not in (None, -1))
    free = list(target).count(-1)
    fits = known == count if free == 0 else free == 1 and known > 0 and count % known == 0
    if not fits:
        raise node.error(ShapeError, f"{asked}, which has another number of elements")
    return tuple(count // known if extent == -1 else extent for extent in target)


def read_squeeze(node: Node) -> None:
    """Read a Squeeze."""
    shape = _data(node).shape
    axes = read_axes(node)
    if axes is None:
        if shape and shape[0] is None and node.importer.fixed_batch == 1:
            raise node.error(Unsupported, "has no axes, so it removes the batch, which is 1")
        axes = [axis for axis, extent in enumerate(shape) if extent == 1]
    removed = {normalized_axis(node, axis, shape) for axis in axes}
    for axis in removed:
        if shape[axis] is None:
            raise node.error(Unsupported, f"removes the batch of {shape_text(shape)}")
        if shape[axis] != 1:
            raise node.error(
                ShapeError, f"axis {axis} of {shape_text(shape)} is not 1, cannot be squeezed"
            )
    _give_reshaped(node, tuple(e for axis, e in enumerate(shape) if axis not in removed))


def read_unsqueeze(node: Node) -> None:
    """Read an Unsqueeze."""
    shape = _data(node).shape
    axes = read_axes(node)
    if axes is None:
        raise node.error(InvalidArgument, "axes are missing")
    rank = len(shape) + len(axes)
    added = {normalized_axis(node, axis, (1,) * rank) for axis in axes}
    if len(added) != len(axes):
        raise node.error(InvalidArgument, f"axes {axes[:8]} are repeated")
    rest = iter(shape)
    _give_reshaped(node, tuple(1 if axis in added else next(rest) for axis in range(rank)))


def read_axes(node: Node, input_since: int = 13) -> list[int] | None:
    """Get axes: an attribute, from an operator set on an input; None where they are left out."""
    if node.opset < input_since:
        return node.integers("axes")
    return node.constant_integers(1) if node.has_input(1) else None


def read_transpose(node: Node) -> None:
    """Read a Transpose."""
    data = _data(node)
    shape = data.shape
    order = node.integers("perm")
    if order is None:
        order = list(range(len(shape)))[::-1]
    if sorted(order) != list(range(len(shape))):
        raise node.error(InvalidArgument, f"perm {order[:8]} does not fit {shape_text(shape)}")
    moved = tuple(shape[axis] for axis in order)
    if isinstance(data, Constant):
        _transpose_constant(node, data, order, tuple(extent or 0 for extent in moved))
        return
    if order[0] != 0:
        raise node.error(
            Unsupported, f"perm {order} of {shape_text(shape)} moves the batch from the first axis"
        )
    # Where only axes of extent 1 change place, the elements stay in order.
    wide = [axis for axis in order if shape[axis] != 1]
    if wide == sorted(wide):
        node.emit_reshape(data, moved)
    else:
        node.emit("Transpose", [data.value], {"perm": order})


def _transpose_constant(
    node: Node, data: Constant, order: list[int], shape: tuple[int, ...]
) -> None:
    if order != [1, 0]:
        _give_moved(node, data, shape, lambda array: np.transpose(array, order))
        return
    node.importer.count_moved(shape, data)
    unique_name = node.importer.unique_name
    output = node.proto.output[0]
    if isinstance(data, Dequantized):
        node.give(data.transposed((unique_name(output), unique_name(f"{output}_quantized"))))
    else:
        source = Computed(shape, lambda: np.transpose(data.read()), data.depth + 1)
        node.give(Constant(unique_name(output), source, turned_from=data))
