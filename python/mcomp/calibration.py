"""Samples for passes that look at activations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from ._arrays import FloatArray, py_shape, tensor_info
from ._errors import InvalidArgument, ShapeError
from ._native import ffi, lib
from .data import Dataset
from .preprocess import Preprocess

if TYPE_CHECKING:
    from ._native import CData
    from .model import Model


class Samples:
    """Calibration samples, one a call of :meth:`fill`.

    Parameters
    ----------
    model
        The network that they are for; tells how images of a data set become its input.
    data
        Arrays float32 [C, H, W]: a sequence, of which ``count`` are taken evenly, or any other
        iterable, of which the first ``count`` are kept. Or a data set, sampled evenly too.
    count
        Samples at most, > 0.

    Attributes
    ----------
    count : int
        Samples there are.
    used : bool
        Whether one was asked for.
    """

    def __init__(self, model: Model, data: Any, count: int) -> None:
        self._sample: Callable[[int], object]
        if isinstance(data, Dataset):
            shape = model.inputs[0].shape
            data = data.inputs(Preprocess.from_metadata(model.metadata, shape))
        if isinstance(data, Sequence) or (isinstance(data, np.ndarray) and data.ndim):
            self._sample = data.__getitem__
            available = len(data)
        elif isinstance(data, Iterable) and not isinstance(data, np.ndarray | type):
            kept = list(islice(data, count))
            self._sample = kept.__getitem__
            available = len(kept)
        else:
            raise InvalidArgument(f"data must be arrays or a data set, not {type(data).__name__}")
        if available == 0:
            raise InvalidArgument("data holds no samples")
        self.count = min(count, available)
        self.used = False
        self._available = available

    def fill(self, index: int, tensor: CData) -> None:
        """Put sample ``index`` into the library's tensor [1, C, H, W]."""
        self.used = True
        info = tensor_info(tensor)
        shape = py_shape(info)
        sample = self._check(index, self._sample(index * self._available // self.count), shape)
        memory = ffi.buffer(ffi.cast("char *", lib.mcomp_tensor_data(tensor)), sample.nbytes)
        np.frombuffer(memory, np.float32)[:] = sample.reshape(-1)

    def _check(self, index: int, sample: object, shape: tuple[int, ...]) -> FloatArray:
        if not isinstance(sample, np.ndarray) or sample.dtype != np.float32:
            kind = sample.dtype if isinstance(sample, np.ndarray) else type(sample).__name__
            raise ShapeError(f"calibration sample {index}: {kind} given, float32 is wanted")
        if sample.shape != shape[1:]:
            raise ShapeError(
                f"calibration sample {index}: shape {sample.shape} given, {shape[1:]} is wanted"
            )
        if np.isnan(sample).any():
            raise InvalidArgument(f"calibration sample {index}: holds a NaN")
        return sample
