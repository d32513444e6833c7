"""What may be computed while reading: a small file must take neither much memory nor long."""

from __future__ import annotations

import math
import weakref

from .._errors import LimitError
from .refusals import NodeRefused
from .tensors import Array
from .text import shape_text

#: Elements that computed constants may hold at once, beside some for each element of the file.
HELD_MAX = 1 << 26
HELD_PER_ELEMENT = 4
#: Elements that ConstantOfShape and Expand may fill: a little more than VGG-19 has weights, which
#: files without their weights write so.
FILLED_MAX = 150_000_000
#: Elements that may be read and made in all, beside some for each element of the file.
WORK_MAX = 1 << 28
WORK_PER_ELEMENT = 16


class Budget:
    """Counts elements that are computed while one file is read."""

    def __init__(self) -> None:
        self._held = 0
        self._held_max = HELD_MAX
        self._filled = 0
        self._work = 0
        self._work_max = WORK_MAX

    def add_file_elements(self, count: int) -> None:
        """Allow for the elements of one initialiser."""
        self._held_max += HELD_PER_ELEMENT * count
        self._work_max += WORK_PER_ELEMENT * count

    def check_held(self, shape: tuple[int, ...], others: int = 0) -> None:
        """Check that a constant may be made now.

        Parameters
        ----------
        shape : tuple of int
        others : int
            Elements that are in memory while it is made, beside those that are counted.

        Raises
        ------
        NodeRefused
            Too many elements would be held at once.
        """
        if self._held + others + math.prod(shape) > self._held_max:
            raise NodeRefused(
                LimitError,
                f"{shape_text(shape)}: computed constants hold more than {HELD_MAX} elements and "
                f"{HELD_PER_ELEMENT} for each of the file",
            )

    def keep(self, shape: tuple[int, ...]) -> None:
        """Count a constant that stays, be it in the network.

        Raises
        ------
        NodeRefused
            Too many elements would be held at once.
        """
        self.check_held(shape)
        self._held += math.prod(shape)

    def hold(self, array: Array) -> None:
        """Count an array for as long as something refers to it.

        Raises
        ------
        NodeRefused
            Too many elements are held at once.
        """
        self.keep(array.shape)
        weakref.finalize(array, self._release, array.size).atexit = False

    def _release(self, count: int) -> None:
        self._held -= count

    def fill(self, shape: tuple[int, ...]) -> None:
        """Count a constant that repeats few elements and is made where it is needed.

        Raises
        ------
        NodeRefused
            There are too many elements in all.
        """
        self._filled += math.prod(shape)
        if self._filled > FILLED_MAX:
            raise NodeRefused(
                LimitError, f"{shape_text(shape)}: more than {FILLED_MAX} elements are filled"
            )

    def work(self, count: int) -> None:
        """Count elements that are read or made.

        Raises
        ------
        NodeRefused
            There are too many in all.
        """
        self._work += count
        if self._work > self._work_max:
            raise NodeRefused(
                LimitError,
                f"computing constants takes more than {WORK_MAX} elements and {WORK_PER_ELEMENT} "
                "for each of the file",
            )
