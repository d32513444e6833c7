"""Broadcasting up to operator set 6: only the second operand, at an axis, and only if asked for."""

from __future__ import annotations

from collections.abc import Sequence

from .._errors import ShapeError
from .node import Node
from .operands import Shape
from .tensors import Array
from .text import shape_text

#: From here on shapes are aligned at their ends, as in numpy.
BROADCASTING_OPSET = 7
#: Operators of two operands that have the attributes ``broadcast`` and ``axis`` before.
BROADCASTING = frozenset(
    ("Add", "And", "Div", "Equal", "Greater", "Less", "Mul", "Or", "Pow", "Sub", "Xor")
)


def old_shape(node: Node, a: Shape, b: Shape) -> Shape:
    """Give the shape in which the second operand broadcasts as in numpy.

    Parameters
    ----------
    node : Node
        Of an operator set below 7, with the attributes ``broadcast`` and ``axis``.
    a, b : Shape
        Of the operands.

    Raises
    ------
    NodeRefused
        The shapes differ without ``broadcast``, or do not fit.
    """
    axis = node.integer("axis", len(a) - len(b))
    if not node.flag("broadcast"):
        # A batch that the file fixes is free in the network.
        if len(a) != len(b) or any(x != y for x, y in zip(a, b, strict=True) if None not in (x, y)):
            raise node.error(
                ShapeError, f"{shape_text(a)} and {shape_text(b)} differ, broadcast is 0"
            )
        return b
    if all(extent == 1 for extent in b):
        return b
    if axis < 0:
        axis += len(a)
    if axis < 0 or axis + len(b) > len(a):
        raise node.error(ShapeError, f"{shape_text(b)} at axis {axis} is outside {shape_text(a)}")
    return (*b, *([1] * (len(a) - len(b) - axis)))


def with_old_broadcasting(node: Node, inputs: Sequence[Array | None]) -> list[Array | None]:
    """Reshape the second of two constants, so that they broadcast as in numpy."""
    a, b = inputs
    assert a is not None
    assert b is not None
    shape = old_shape(node, a.shape, b.shape)
    return [a, b.reshape([extent or 0 for extent in shape])]
