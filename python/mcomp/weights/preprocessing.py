"""The preprocessing that weights were trained with, where their file tells it."""

from __future__ import annotations

from collections.abc import Mapping

from .._errors import InvalidArgument
from ..model import Model
from ..preprocess import KEYS, Preprocess

_REASON_LIMIT = 300  # characters; a file may say anything
_TAKEN = (*KEYS, "labels")


def take_preprocessing(
    model: Model, told: Mapping[str, str] | None, ending: str
) -> tuple[dict[str, str | None], str]:
    """Take a file's preprocessing over, the whole of it or nothing.

    Parameters
    ----------
    model
        Whose input it must fit.
    told
        The file's metadata; None where files of this kind have none that are read.
    ending
        Of the file.

    Returns
    -------
    metadata : dict
        The seven keys as the file has them, None for ``labels`` where it has none; {} where the
        network keeps its own preprocessing.
    reason : str
        Why it keeps its own; "" where it does not.
    """
    if told is None:
        return {}, f"preprocessing is not read from {ending} files"
    if not any(key in told for key in KEYS):
        return {}, "it says nothing of preprocessing"
    shape = model.inputs[0].shape
    try:
        found = Preprocess.from_metadata(told, shape)
    except InvalidArgument as reason:
        return {}, str(reason)[:_REASON_LIMIT]
    made, taken = [found.channels, *(found.size or shape[2:])], list(shape[1:])
    if made != taken:
        return {}, f"its preprocessing makes images {made}, the network takes {taken}"
    return {key: told.get(key) for key in _TAKEN}, ""
