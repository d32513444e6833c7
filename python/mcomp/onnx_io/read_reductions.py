"""Operators that make one number of many: global pooling, means over axes, and LRN."""

from __future__ import annotations

from .._errors import InvalidArgument, Unsupported
from .node import Node, normalized_axis
from .read_shapes import read_axes
from .text import shape_text

#: What takes the place of a reduction over height and width.
_GLOBAL = {"ReduceMean": "GlobalAveragePool", "ReduceMax": "GlobalMaxPool"}


def read_global_pool(node: Node) -> None:
    """Read a GlobalAveragePool or GlobalMaxPool."""
    node.emit(node.proto.op_type, [node.activation(0).value])


def read_reduction(node: Node) -> None:
    """Read a ReduceMean over any axes but the batch, or a ReduceMax over height and width."""
    data = node.activation(0)
    rank = len(data.shape)
    axes = read_axes(node, input_since=18)
    if not axes and node.opset >= 18 and node.flag("noop_with_empty_axes"):
        node.ignore("keepdims")
        node.emit("Identity", [data.value])
        return
    chosen = sorted({normalized_axis(node, axis, data.shape) for axis in axes or range(rank)})
    if axes is not None and len(chosen) != len(axes or range(rank)):
        raise node.error(InvalidArgument, f"axes {axes[:8]} are repeated")
    if 0 in chosen:
        raise node.error(
            Unsupported, f"goes over axes {chosen} of {shape_text(data.shape)}, 0 is the batch"
        )
    keeps = bool(node.integer("keepdims", 1))
    if rank == 4 and chosen == [2, 3]:
        if keeps:
            node.emit(_GLOBAL[node.proto.op_type], [data.value])
        else:
            pooled = node.emit_before(_GLOBAL[node.proto.op_type], "pooled", [data.value])
            node.emit_reshape(pooled, data.shape[:2])
    elif node.proto.op_type == "ReduceMean":
        node.emit("ReduceMean", [data.value], {"axes": chosen, "keepdims": int(keeps)})
    else:
        raise node.error(
            Unsupported,
            f"goes over axes {chosen} of {shape_text(data.shape)}, can go over height and width",
        )


def read_lrn(node: Node) -> None:
    """Read an LRN."""
    attributes = {
        "size": node.integer("size", 1),
        "alpha": node.real("alpha", 1e-4),
        "beta": node.real("beta", 0.75),
        "bias": node.real("bias", 1.0),
    }
    node.emit("LRN", [node.activation(0).value], attributes)
