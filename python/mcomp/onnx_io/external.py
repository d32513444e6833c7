"""Tensors whose bytes are in a file of their own, beside the model."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import onnx

from .._errors import Corrupt, InvalidArgument, IoError, Unsupported
from . import wire
from .source import regular_file_nbytes
from .text import one_line, shown

_KEYS = {"location", "offset", "length", "checksum", "basepath"}


def locate(label: str, tensor: onnx.TensorProto, model_path: str, nbytes: int) -> wire.Payload:
    """Where an external tensor's bytes are.

    Parameters
    ----------
    label : str
        Begins messages.
    tensor : onnx.TensorProto
        With data_location EXTERNAL.
    model_path : str
        The model's file; only its own folder and folders in it may hold data.
    nbytes : int
        What shape and dtype say the tensor has.

    Raises
    ------
    Unsupported
        The location is outside the model's folder.
    InvalidArgument, Corrupt
        An entry is wrong, or the file is too short.
    """
    entries: dict[str, str] = {}
    for entry in tensor.external_data:
        if entry.key not in _KEYS or entry.key in entries or not isinstance(entry.value, str):
            raise InvalidArgument(f"{label}: external data has a wrong entry {shown(entry.key)}")
        entries[entry.key] = entry.value
    path = _resolve(label, entries.get("location", ""), model_path)
    offset = _number(label, entries, "offset", 0)
    length = _number(label, entries, "length", nbytes)
    if length != nbytes:
        raise Corrupt(f"{label}: external data has length {length}, its shape needs {nbytes} bytes")
    available = regular_file_nbytes(path)
    if offset + nbytes > available:
        raise Corrupt(
            f"{label}: external data ends at byte {offset + nbytes}, "
            f"{shown(entries['location'])} has {available}"
        )
    return wire.Payload(path, offset, nbytes)


def _resolve(label: str, location: str, model_path: str) -> str:
    if not location or "\0" in location:
        raise InvalidArgument(f"{label}: external data has no location")
    outside = Unsupported(f"{label}: external data {shown(location)} is outside the model's folder")
    relative = PurePosixPath(location.replace("\\", "/"))
    if relative.is_absolute() or ".." in relative.parts:
        raise outside
    try:
        folder = Path(model_path).resolve().parent
        path = (folder / relative).resolve()
    except (OSError, RuntimeError) as error:  # RuntimeError: links that go round in a circle
        raise IoError(f"{label}: external data {shown(location)}: {one_line(error)}") from error
    if not path.is_relative_to(folder):
        raise outside
    return str(path)


def _number(label: str, entries: dict[str, str], key: str, default: int) -> int:
    text = entries.get(key)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise InvalidArgument(f"{label}: {key} of external data is {shown(text)}, not a number")
    return int(text)
