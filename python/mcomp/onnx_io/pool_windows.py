"""Pooling windows that ``ceil_mode`` adds, or does not.

A last window that would begin behind the image and the padding before it is left out, as runtimes
do; but the shape inference of operator sets below 22 counts it. So where there is one the windows
are given by padding alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SettledWindows:
    """Windows that need no ``ceil_mode``.

    Attributes
    ----------
    pads : list of int
        With these the windows are the same, apart from how much padding they hold.
    is_same_padding : bool
        Whether they hold as much padding as before.
    """

    pads: list[int]
    is_same_padding: bool


def settle_ceil_mode(
    extents: Sequence[int],
    kernel: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int],
    pads: Sequence[int],
) -> SettledWindows | None:
    """Find padding that gives the windows of a pool with ``ceil_mode``.

    Parameters
    ----------
    extents, kernel, strides, dilations : sequence of int
        Of height and width.
    pads : sequence of int
        Before both, then after both.

    Returns
    -------
    SettledWindows or None
        None where nobody would count a window that is left out.
    """
    settled = list(pads)
    is_any_left_out, is_floor = False, True
    for i in range(2):
        extent = extents[i] + pads[i]
        span = (kernel[i] - 1) * dilations[i] + 1
        room = extent + pads[2 + i] - span
        if room < 0:
            return None  # refused for its size
        count = -(-room // strides[i]) + 1
        is_left_out = (count - 1) * strides[i] >= extent
        count -= is_left_out
        is_any_left_out |= is_left_out
        is_floor &= count == room // strides[i] + 1
        settled[2 + i] = max(pads[2 + i], (count - 1) * strides[i] + span - extent)
    return SettledWindows(settled, is_floor) if is_any_left_out else None
