"""Operators with a window: Conv, MaxPool, AveragePool."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from .._errors import InvalidArgument, ShapeError, Unsupported
from ..graph_builder import AttributeValue
from .node import Node
from .operands import Value
from .pool_windows import settle_ceil_mode
from .text import shape_text


def read_conv(node: Node) -> None:
    """Read a convolution over height and width."""
    data = _image(node)
    weight = node.weight(1)
    weight_shape = _weight_shape(node)
    kernel = weight_shape[2:]
    if node.integers("kernel_shape") not in (None, list(kernel)):
        raise node.error(
            ShapeError,
            f"kernel_shape is {node.integers('kernel_shape')}, the weight is "
            f"{shape_text(weight_shape)}",
        )
    attributes = _window(node, data, kernel)
    attributes["group"] = node.integer("group", 1)
    inputs = [data.value, weight, *([node.weight(2)] * node.has_input(2))]
    node.emit("Conv", inputs, attributes)


def read_max_pool(node: Node) -> None:
    """Read a maximum over windows, without its indices."""
    node.check_single_output()
    node.ignore("storage_order")  # of the indices, which are not computed
    data = _image(node)
    attributes = _pool_window(node, data)
    _settle_ceil_mode(node, data, attributes, counts_padding=False)
    node.emit("MaxPool", [data.value], attributes)


def read_average_pool(node: Node) -> None:
    """Read a mean over windows."""
    data = _image(node)
    attributes = _pool_window(node, data)
    dilations = attributes.pop("dilations", [1, 1])
    if dilations != [1, 1]:
        raise node.error(Unsupported, f"dilations are {dilations}, must be 1")
    counts_padding = node.opset >= 7 and node.flag("count_include_pad")
    attributes["count_include_pad"] = int(counts_padding)
    _settle_ceil_mode(node, data, attributes, counts_padding)
    node.emit("AveragePool", [data.value], attributes)


def _image(node: Node) -> Value:
    data = node.activation(0)
    if len(data.shape) != 4:
        raise node.error(
            Unsupported,
            f"{node.input_label(0)} is {shape_text(data.shape)}, must be [N, channels, height, "
            "width]",
        )
    return data


def _weight_shape(node: Node) -> tuple[int, ...]:
    shape = node.constant(1).shape
    if len(shape) != 4:
        raise node.error(
            ShapeError, f"{node.input_label(1)} is {shape_text(shape)}, a weight has four axes"
        )
    return shape


def _pool_window(node: Node, data: Value) -> dict[str, AttributeValue]:
    kernel = node.integers("kernel_shape") or []
    if len(kernel) != 2:
        raise node.error(InvalidArgument, f"kernel_shape is {kernel}, must be two numbers")
    ceil_mode = node.flag("ceil_mode")
    is_explicit = node.text("auto_pad", "NOTSET") == "NOTSET"
    attributes = _window(node, data, kernel)
    attributes["kernel_shape"] = kernel
    # With auto_pad the output's size is defined without regard to ceil_mode.
    attributes["ceil_mode"] = int(ceil_mode and is_explicit)
    return attributes


def _settle_ceil_mode(
    node: Node, data: Value, attributes: dict[str, AttributeValue], counts_padding: bool
) -> None:
    """Do without ``ceil_mode`` where that does not change a mean; tell the checker in any case."""
    if not attributes["ceil_mode"]:
        return
    kernel, strides, dilations, pads = (
        list(cast(Sequence[int], attributes.get(name, [1, 1])))
        for name in ("kernel_shape", "strides", "dilations", "pads")
    )
    extents = [extent or 0 for extent in data.shape[2:]]
    settled = settle_ceil_mode(extents, kernel, strides, dilations, pads)
    if settled is not None:
        node.importer.known.pads_without_ceil[node.index] = settled.pads
        if settled.is_same_padding or not counts_padding:
            attributes["pads"], attributes["ceil_mode"] = settled.pads, 0


def _window(node: Node, data: Value, kernel: Sequence[int | None]) -> dict[str, AttributeValue]:
    """Get strides, dilations and pads; auto_pad becomes pads."""
    strides = _pair(node, "strides", 1, 2)
    dilations = _pair(node, "dilations", 1, 2)
    pads = _pair(node, "pads", 0, 4)
    auto_pad = node.text("auto_pad", "NOTSET")
    if auto_pad not in ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"):
        raise node.error(InvalidArgument, f"auto_pad is {auto_pad!r:.40}")
    if auto_pad != "NOTSET" and any(pads):
        raise node.error(InvalidArgument, f"has both pads {pads} and auto_pad {auto_pad}")
    if auto_pad.startswith("SAME"):
        for i in range(2):
            extent = data.shape[2 + i] or 0
            before, after = _same_pads(
                extent, kernel[i] or 0, strides[i], dilations[i], auto_pad == "SAME_UPPER"
            )
            pads[i], pads[2 + i] = before, after
    return {"strides": strides, "dilations": dilations, "pads": pads}


def _pair(node: Node, name: str, least: int, count: int) -> list[int]:
    values = node.integers(name)
    if values is None:
        return [least] * count
    if len(values) != count or not all(least <= value <= 2**31 - 1 for value in values):
        raise node.error(
            InvalidArgument, f"{name} {values[:8]} must be {count} numbers in [{least}, 2^31 - 1]"
        )
    return values


def _same_pads(
    extent: int, kernel: int, stride: int, dilation: int, upper: bool
) -> tuple[int, int]:
    """Find the padding that gives an output for every stride-th input."""
    span = (kernel - 1) * dilation + 1
    outputs = -(-extent // stride)
    total = max((outputs - 1) * stride + span - extent, 0)
    before = total // 2 if upper else total - total // 2
    return before, total - before
