"""Pad: constants around an image are an operator, the other modes are pieces of the image."""

from __future__ import annotations

import numpy as np

from .._errors import InvalidArgument, ShapeError, Unsupported
from .node import Node, normalized_axis
from .operands import Value
from .read_moves import slice_axis, take
from .text import shape_text

_PAD_MAX = 2**31 - 1


def read_pad(node: Node) -> None:
    """Read a Pad: pads and value are attributes up to operator set 10, then inputs."""
    data = node.activation(0)
    pads = _pads(node, data)
    mode = node.text("mode", "constant")
    if mode not in ("constant", "edge", "reflect", "wrap"):
        raise node.error(Unsupported, f"mode is {mode!r:.40}")
    if mode == "constant" and node.opset >= 11 and all(b >= 0 and a >= 0 for b, a in pads):
        inputs = [data.value, *(node.argument(index) for index in range(1, node.input_count()))]
        while inputs[-1] is None:
            inputs.pop()
        node.emit("Pad", inputs)
        return
    fill = np.array(node.real("value", 0.0), np.float32) if node.opset < 11 else _fill(node)
    # Less than nothing is cut off before the rest is padded.
    value = data
    for axis, (before, after) in enumerate(pads):
        value = _cut(node, value, axis, max(0, -before), max(0, -after))
    wanted = [(max(0, before), max(0, after)) for before, after in pads]
    if mode == "constant":
        numbers = [before for before, _ in wanted] + [after for _, after in wanted]
        inputs = [
            value.value,
            node.emit_constant("pads", np.array(numbers, np.int64)),
            node.emit_constant("value", fill),
        ]
        node.emit("Pad", inputs)
        return
    for axis, (before, after) in enumerate(wanted):
        if before or after:
            extent = value.shape[axis]
            assert extent is not None
            indices = _source_indices(node, mode, extent, before, after)
            value = take(node, value, axis, indices, f"padded{axis}")
    node.emit("Identity", [value.value])


def _pads(node: Node, data: Value) -> list[tuple[int, int]]:
    """Get the padding before and after each axis."""
    rank = len(data.shape)
    if node.opset < 11:
        given = node.integers("paddings" if node.opset < 2 else "pads") or []
    else:
        given = node.constant_integers(1)
    axes = list(range(rank))
    if node.has_input(3):
        axes = [normalized_axis(node, axis, data.shape) for axis in node.constant_integers(3)]
        if len(set(axes)) != len(axes):
            raise node.error(InvalidArgument, f"axes {axes[:8]} are repeated")
    if len(given) != 2 * len(axes):
        raise node.error(ShapeError, f"has {len(given)} pads for {len(axes)} axes")
    pads = [(0, 0)] * rank
    for index, axis in enumerate(axes):
        pads[axis] = (given[index], given[index + len(axes)])
    for pad in given:
        if not -_PAD_MAX <= pad <= _PAD_MAX:
            raise node.error(InvalidArgument, f"a pad is {pad}, not in [1 - 2^31, 2^31 - 1]")
    if pads and pads[0] != (0, 0):
        raise node.error(Unsupported, "pads the batch")
    return pads


def _fill(node: Node) -> np.ndarray[tuple[()], np.dtype[np.float32]]:
    if not node.has_input(2):
        return np.array(0, np.float32)
    fill = node.constant_scalar(2)
    if fill.dtype.kind != "f":
        raise node.error(ShapeError, f"{node.input_label(2)} holds {fill.dtype}, not float32")
    return np.array(fill, np.float32)


def _cut(node: Node, value: Value, axis: int, before: int, after: int) -> Value:
    if before == 0 and after == 0:
        return value
    extent = value.shape[axis] or 0
    if before + after >= extent:
        raise node.error(
            ShapeError, f"cuts {before + after} off axis {axis} of {shape_text(value.shape)}"
        )
    return slice_axis(node, value, axis, before, extent - after, f"cut{axis}")


def _source_indices(node: Node, mode: str, extent: int, before: int, after: int) -> list[int]:
    """Say which element stands at each place of a padded axis."""
    most = {"edge": _PAD_MAX, "reflect": extent - 1, "wrap": extent}[mode]
    if max(before, after) > min(most, 1 << 16):
        raise node.error(
            Unsupported, f"pads {extent} elements by {max(before, after)} in mode {mode}"
        )
    places = range(-before, extent + after)
    if mode == "edge":
        return [min(max(place, 0), extent - 1) for place in places]
    if mode == "wrap":
        return [place % extent for place in places]
    last = extent - 1
    return [last - abs(last - abs(place)) for place in places]
