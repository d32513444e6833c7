"""Operators that take elements along axes: Concat, Gather, Slice, Split."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .._errors import InvalidArgument, ShapeError, Unsupported
from .node import Node, normalized_axis
from .operands import Value
from .text import shape_text

#: Pieces that a Gather or Pad may be put together from.
_PIECES_MAX = 256


def read_concat(node: Node) -> None:
    """Read a Concat of activations; up to operator set 3 along axis 1 if nothing else is said."""
    values = [node.activation(index) for index in range(node.input_count())]
    axis = normalized_axis(node, node.integer("axis", 1), values[0].shape)
    node.emit("Concat", [value.value for value in values], {"axis": axis})


def read_slice(node: Node) -> None:
    """Read a Slice: numbers are attributes up to operator set 9, then inputs."""
    if node.opset < 10:
        lists = [node.integers("starts"), node.integers("ends"), node.integers("axes")]
    else:
        lists = [node.constant_integers(i) if node.has_input(i) else None for i in range(1, 5)]
    inputs: list[int | None] = [node.activation(0).value]
    names = ("starts", "ends", "axes", "steps")
    for index, values in enumerate(lists):
        if node.opset >= 10:
            inputs.append(node.argument(index + 1))
        elif values is not None:
            inputs.append(node.emit_constant(names[index], np.array(values, np.int64)))
    while inputs[-1] is None:
        inputs.pop()
    node.emit("Slice", inputs)


def take(node: Node, data: Value, axis: int, indices: Sequence[int], suffix: str) -> Value:
    """Take slices of an activation along an axis and put them together.

    Parameters
    ----------
    node : Node
    data : Value
    axis : int
        Not the batch.
    indices : sequence of int
        In [0, extent), in the order of the result.
    suffix : str
        What the nodes are called.

    Raises
    ------
    NodeRefused
        Nothing is left, or it would be too many pieces.
    """
    if len(indices) == 0:
        raise node.error(ShapeError, f"nothing is left of axis {axis} of {shape_text(data.shape)}")
    runs: list[list[int]] = []
    for index in indices:
        if runs and runs[-1][-1] + 1 == index:
            runs[-1].append(index)
        else:
            runs.append([index])
    if len(runs) > _PIECES_MAX:
        raise node.error(
            Unsupported, f"puts {len(runs)} pieces together, at most {_PIECES_MAX} are"
        )
    extent = data.shape[axis]
    pieces = [
        data
        if len(run) == extent
        else slice_axis(node, data, axis, run[0], run[-1] + 1, f"{suffix}_{number}")
        for number, run in enumerate(runs)
    ]
    if len(pieces) == 1:
        return pieces[0]
    return node.emit_before("Concat", suffix, [piece.value for piece in pieces], {"axis": axis})


def slice_axis(node: Node, data: Value, axis: int, start: int, end: int, suffix: str) -> Value:
    """Add the node that takes [start, end) of one axis."""
    return node.emit_before("Slice", suffix, [data.value, *_bounds(node, axis, start, end, suffix)])


def _bounds(node: Node, axis: int, start: int, end: int, suffix: str) -> list[int]:
    numbers = {"starts": start, "ends": end, "axes": axis}
    return [
        node.emit_constant(f"{suffix}_{name}", np.array([number], np.int64))
        for name, number in numbers.items()
    ]


def read_gather(node: Node) -> None:
    """Read a Gather of known indices along an axis of an activation."""
    data = node.activation(0)
    axis = normalized_axis(node, node.integer("axis", 0), data.shape)
    extent = data.shape[axis]
    if extent is None:
        raise node.error(Unsupported, "gathers along the batch")
    chosen = node.constant(1)
    if len(chosen.shape) > 1:
        raise node.error(
            Unsupported, f"{node.input_label(1)} is {shape_text(chosen.shape)}, must be a list"
        )
    indices = node.constant_integers(1)
    for index in indices:
        if not -extent <= index < extent:
            raise node.error(ShapeError, f"index {index} is outside {extent} elements")
    value = take(node, data, axis, [index % extent for index in indices], "taken")
    if chosen.shape:
        node.emit("Identity", [value.value])
    else:
        node.emit_reshape(value, (*data.shape[:axis], *data.shape[axis + 1 :]))


def read_split(node: Node) -> None:
    """Read a Split as slices."""
    data = node.activation(0)
    axis = normalized_axis(node, node.integer("axis", 0), data.shape)
    extent = data.shape[axis]
    if extent is None:
        raise node.error(Unsupported, "splits the batch")
    sizes = _split_sizes(node, extent)
    if any(size < 1 for size in sizes) or sum(sizes) != extent:
        raise node.error(ShapeError, f"splits {extent} of axis {axis} into {shape_text(sizes)}")
    start = 0
    for output, size in enumerate(sizes):
        if node.proto.output[output]:
            bounds = _bounds(node, axis, start, start + size, f"part{output}")
            node.emit("Slice", [data.value, *bounds], output=output)
        start += size


def _split_sizes(node: Node, extent: int) -> list[int]:
    """Get the sizes: an attribute up to operator set 12, an input at 1 and from 13 on."""
    count = len(node.proto.output)
    asked = node.integer("num_outputs", count)
    if asked != count:
        raise node.error(InvalidArgument, f"num_outputs is {asked}, it has {count} outputs")
    sizes = node.integers("split")
    if node.has_input(1):
        if node.opset < 2:  # the sizes have the type of the data
            array = node.constant(1).read().reshape(-1)[: count + 1]
            sizes = [int(size) if float(size).is_integer() else -1 for size in array.tolist()]
        else:
            sizes = node.constant_integers(1)
    if sizes is not None:
        if len(sizes) != count:
            raise node.error(InvalidArgument, f"has {len(sizes)} sizes and {count} outputs")
        return sizes
    if node.opset < 18 and extent % count:
        raise node.error(ShapeError, f"splits {extent} into {count} equal parts")
    size = -(-extent // count)
    return [size] * (count - 1) + [extent - size * (count - 1)]
