"""Operators that move elements or only rename axes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .._errors import InvalidArgument, ShapeError, Unsupported
from .node import Node, normalized_axis
from .operands import Constant, Extent, Shape, ShapeVector, Value
from .tensors import Array
from .text import shape_text


def read_flatten(node: Node) -> None:
    """Read a Flatten of all axes but the batch."""
    operand = node.operand(0)
    if not isinstance(operand, Value):
        raise node.error(Unsupported, f"{node.input_label(0)} must not be a constant")
    rank = len(operand.seen_shape)
    axis = node.integer("axis", 1)
    if not -rank <= axis <= rank:
        raise node.error(InvalidArgument, f"axis {axis} is outside rank {rank}")
    if axis % rank != 1 and not (rank == 1 and axis == 1):
        raise node.error(Unsupported, f"axis is {axis}, must be 1: the batch stays apart")
    node.emit("Flatten", [operand.value], {"axis": 1})


def read_reshape(node: Node) -> None:
    """Read a Reshape of a constant, or one that flattens."""
    data = node.operand(0)
    allow_zero = node.flag("allowzero")
    if isinstance(data, Constant):
        node.give_constant(_reshape_constant(node, data, node.constant_integers(1), allow_zero))
        return
    target = _target(node)
    if not isinstance(data, Value) or not data.is_activation:
        raise node.error(Unsupported, f"{node.input_label(0)} is computed, cannot be reshaped")
    give_view(node, data, _resolve(node, data, target, allow_zero))


def _target(node: Node) -> list[int | None]:
    operand = node.operand(1)
    if isinstance(operand, ShapeVector):
        return list(operand.extents)
    return list(node.constant_integers(1))


def _reshape_constant(node: Node, data: Constant, target: Sequence[int], allow_zero: bool) -> Array:
    if not allow_zero:
        kept = data.shape + (0,) * len(target)
        target = [kept[i] if extent == 0 else extent for i, extent in enumerate(target)]
    try:
        return data.read().reshape(list(target))
    except ValueError as error:
        raise node.error(
            ShapeError, f"cannot reshape {shape_text(data.shape)} to {shape_text(target)}"
        ) from error


def _resolve(node: Node, data: Value, target: list[int | None], allow_zero: bool) -> Shape:
    """Find the shape that a Reshape asks for; its first extent must be the batch."""
    seen = data.seen_shape
    asked = shape_text(target)
    result: list[int | None] = []
    for i, extent in enumerate(target):
        if extent == 0 and not allow_zero:
            if i >= len(seen):
                raise node.error(ShapeError, f"copies axis {i} of {shape_text(seen)}")
            extent = seen[i]
        result.append(extent)
    rest = result[1:]
    if not result or None in rest or any(e is not None and e < -1 for e in result):
        raise node.error(Unsupported, f"reshapes to {asked}, the batch must stay the first axis")
    known = math.prod(extent for extent in rest if extent is not None and extent != -1)
    free = rest.count(-1)
    count = data.image_count
    first_is_batch = result[0] in (None, node.importer.fixed_batch)
    if result[0] == -1 and free == 0:
        first_is_batch = known == count
    if not first_is_batch:
        raise node.error(
            Unsupported,
            f"reshapes {shape_text(seen)} to {asked}, the batch must stay the first axis",
        )
    if free > 1 or (free == 0 and known != count) or (free == 1 and (not known or count % known)):
        raise node.error(ShapeError, f"cannot reshape {shape_text(seen)} to {asked}")
    return (None, *(count // known if extent == -1 else extent for extent in rest))


def give_view(node: Node, data: Value, shape: Shape) -> None:
    """Let the output be the same elements in another shape."""
    if shape == data.shape:
        node.emit("Identity", [data.value])
    elif len(shape) == 2:
        node.emit("Flatten", [data.value], {"axis": 1})
    else:
        node.give(Value(data.value, data.shape, shape))


def read_transpose(node: Node) -> None:
    """Read a Transpose of a constant, or one that leaves the elements in order."""
    data = node.operand(0)
    if isinstance(data, ShapeVector | Extent):
        raise node.error(Unsupported, f"{node.input_label(0)} is computed from shapes")
    shape = data.shape if isinstance(data, Constant) else data.seen_shape
    order = node.integers("perm")
    if order is None:
        order = list(range(len(shape)))[::-1]
    if sorted(order) != list(range(len(shape))):
        raise node.error(InvalidArgument, f"perm {order[:8]} does not fit {shape_text(shape)}")
    if isinstance(data, Constant):
        node.give_constant(data.read().transpose(order))
        return
    # Where only axes of extent 1 change place, the elements stay in order.
    wide = [axis for axis in order if shape[axis] != 1]
    if wide != sorted(wide) or not data.is_activation or order[0] != 0:
        raise node.error(
            Unsupported,
            f"perm {order} moves the elements of {shape_text(shape)}, which only a constant can do",
        )
    give_view(node, data, tuple(shape[axis] for axis in order))


def read_concat(node: Node) -> None:
    """Read a Concat of activations, constants or shapes."""
    operands = [node.operand(index) for index in range(node.input_count())]
    if any(isinstance(operand, ShapeVector) for operand in operands):
        node.give(_concat_shapes(node))
        return
    if all(isinstance(operand, Constant) for operand in operands):
        arrays = [operand.read() for operand in operands if isinstance(operand, Constant)]
        try:
            node.give_constant(np.concatenate(arrays, node.integer("axis", 0)))
        except (ValueError, TypeError) as error:
            raise node.error(ShapeError, f"cannot join these constants: {error}") from error
        return
    values = [node.activation(index) for index in range(len(operands))]
    axis = normalized_axis(node, node.integer("axis", 0), values[0].shape)
    node.emit("Concat", [value.value for value in values], {"axis": axis})


def _concat_shapes(node: Node) -> ShapeVector:
    node.ignore("axis")
    extents: list[int | None] = []
    for index in range(node.input_count()):
        operand = node.operand(index)
        if isinstance(operand, ShapeVector):
            extents += operand.extents
        else:
            extents += node.constant_integers(index)
    return ShapeVector(tuple(extents))


def read_slice(node: Node) -> None:
    """Read a Slice: numbers are attributes up to operator set 9, then inputs."""
    if node.opset < 10:
        lists = [node.integers("starts"), node.integers("ends"), node.integers("axes")]
    else:
        lists = [node.constant_integers(i) if node.has_input(i) else None for i in range(1, 5)]
    operand = node.operand(0)
    if isinstance(operand, ShapeVector | Constant):
        _slice_known(node, operand, lists)
        return
    data = node.activation(0)
    inputs: list[int | None] = [data.value]
    names = ("starts", "ends", "axes", "steps")
    for index, values in enumerate(lists):
        if node.opset >= 10:
            inputs.append(node.argument(index + 1))
        elif values is not None:
            inputs.append(node.emit_constant(names[index], np.array(values, np.int64)))
    while inputs[-1] is None:
        inputs.pop()
    node.emit("Slice", inputs)


def _slice_known(
    node: Node, operand: ShapeVector | Constant, lists: list[list[int] | None]
) -> None:
    """Slice a shape or a constant."""
    starts, ends = lists[0] or [], lists[1] or []
    axes = lists[2] if lists[2] is not None else list(range(len(starts)))
    steps = (lists[3] if len(lists) > 3 else None) or [1] * len(starts)
    shape = (len(operand.extents),) if isinstance(operand, ShapeVector) else operand.shape
    if not len(starts) == len(ends) == len(axes) == len(steps) or 0 in steps:
        raise node.error(ShapeError, "starts, ends, axes and steps do not fit together")
    chosen = [slice(None)] * len(shape)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        chosen[normalized_axis(node, axis, shape)] = slice(start, end, step)
    if isinstance(operand, ShapeVector):
        node.give(ShapeVector(operand.extents[chosen[0]]))
    else:
        node.give_constant(operand.read()[tuple(chosen)])


def read_pad(node: Node) -> None:
    """Read a Pad: pads and value are attributes up to operator set 10, then inputs."""
    data = node.activation(0)
    mode = node.text("mode", "constant")
    if mode != "constant":
        raise node.error(Unsupported, f"mode is {mode!r:.40}, must be constant")
    if node.opset >= 11:
        inputs = [data.value, *(node.argument(index) for index in range(1, node.input_count()))]
        while inputs[-1] is None:
            inputs.pop()
    else:
        value = np.float32(node.real("value", 0.0))
        if np.isnan(value):
            raise node.error(InvalidArgument, "value is not a number")
        pads = np.array(node.integers("pads") or [], np.int64)
        inputs = [
            data.value,
            node.emit_constant("pads", pads),
            node.emit_constant("value", np.array(value)),
        ]
    node.emit("Pad", inputs)


def read_squeeze(node: Node) -> None:
    """Read a Squeeze of a constant, a shape, or one whose result is flattened."""
    data = node.operand(0)
    axes = _axes(node)
    if isinstance(data, ShapeVector):
        if len(data.extents) != 1 or axes not in (None, [0], [-1]):
            raise node.error(ShapeError, f"squeezes a shape of {len(data.extents)} extents")
        node.give(Extent(data.extents[0]))
        return
    if isinstance(data, Extent):
        raise node.error(ShapeError, "squeezes a scalar")
    shape = data.shape if isinstance(data, Constant) else data.seen_shape
    if axes is None:
        axes = [axis for axis, extent in enumerate(shape) if extent == 1]
    removed = {normalized_axis(node, axis, shape) for axis in axes}
    for axis in removed:
        if shape[axis] != 1:
            raise node.error(
                Unsupported if axis == 0 else ShapeError,
                f"axis {axis} of {shape_text(shape)} is not 1, cannot be squeezed",
            )
    _give_shape(node, data, tuple(e for axis, e in enumerate(shape) if axis not in removed))


def read_unsqueeze(node: Node) -> None:
    """Read an Unsqueeze of a constant, a shape, or one whose result is flattened."""
    data = node.operand(0)
    axes = _axes(node)
    if axes is None:
        raise node.error(InvalidArgument, "axes are missing")
    if isinstance(data, Extent):
        if axes not in ([0], [-1]):
            raise node.error(ShapeError, f"axes are {axes} of a scalar")
        node.give(ShapeVector((data.extent,)))
        return
    if isinstance(data, ShapeVector):
        raise node.error(Unsupported, f"{node.input_label(0)} is computed from shapes")
    shape = data.shape if isinstance(data, Constant) else data.seen_shape
    rank = len(shape) + len(axes)
    added = {normalized_axis(node, axis, (1,) * rank) for axis in axes}
    if len(added) != len(axes):
        raise node.error(InvalidArgument, f"axes {axes[:8]} are repeated")
    rest = iter(shape)
    _give_shape(node, data, tuple(1 if axis in added else next(rest) for axis in range(rank)))


def _axes(node: Node) -> list[int] | None:
    """Get axes: an attribute up to operator set 12, then an input."""
    if node.opset < 13:
        return node.integers("axes")
    return node.constant_integers(1) if node.has_input(1) else None


def _give_shape(node: Node, data: Constant | Value, shape: Shape) -> None:
    if isinstance(data, Constant):
        node.give_constant(data.read().reshape([extent or 0 for extent in shape]))
        return
    if not data.is_activation or not shape or shape[0] is not None:
        raise node.error(
            Unsupported,
            f"makes {shape_text(shape)} of {node.input_label(0)}, the batch must stay first",
        )
    give_view(node, data, shape)


def read_reduce_mean(node: Node) -> None:
    """Read a mean over height and width as GlobalAveragePool."""
    data = node.activation(0)
    if node.opset < 18:
        axes = node.integers("axes")
    else:
        axes = node.constant_integers(1) if node.has_input(1) else None
        if not axes and node.flag("noop_with_empty_axes"):
            node.ignore("keepdims")
            node.emit("Identity", [data.value])
            return
    chosen = sorted(normalized_axis(node, axis, data.shape) for axis in axes or [])
    if len(data.shape) != 4 or chosen != [2, 3]:
        raise node.error(
            Unsupported,
            f"goes over axes {chosen or 'all'} of {shape_text(data.shape)}, can go over height and "
            "width",
        )
    if node.integer("keepdims", 1):
        node.emit("GlobalAveragePool", [data.value])
    else:
        mean = node.emit_before("GlobalAveragePool", "mean", [data.value])
        node.emit("Flatten", [mean.value], {"axis": 1})


def read_global_average_pool(node: Node) -> None:
    """Read a GlobalAveragePool."""
    node.emit("GlobalAveragePool", [node.activation(0).value])
