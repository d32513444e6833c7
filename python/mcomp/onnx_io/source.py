"""An ONNX file opened: its ModelProto without the bytes of big tensors, and where those are."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError

from .._errors import Corrupt, InvalidArgument, IoError, MissingFile
from . import wire
from .text import one_line


@dataclass(slots=True)
class Source:
    """What was read of a file.

    Attributes
    ----------
    path : str
        As the caller wrote it; begins every message.
    model : onnx.ModelProto
        Without raw_data of big initialisers.
    payloads : list of wire.Payload or None
        By initialiser: where its raw_data is, None where the model has it.
    """

    path: str
    model: onnx.ModelProto
    payloads: list[wire.Payload | None]


def regular_file_nbytes(path: str) -> int:
    """Get the size of a regular file.

    Raises
    ------
    MissingFile
        There is no such file.
    IoError
        It is a folder, a pipe or a device, or the system refuses.
    """
    try:
        status = Path(path).stat()
    except FileNotFoundError as error:
        raise MissingFile(f"{path}: {error.strerror}") from error
    except OSError as error:
        raise IoError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise InvalidArgument(f"{path!r}: {one_line(error)}") from error
    if not stat.S_ISREG(status.st_mode):
        raise IoError(f"{path}: not a regular file")
    return status.st_size


def open_source(path: str | os.PathLike[str]) -> Source:
    """Read a file, big tensors left where they are.

    Raises
    ------
    MissingFile, IoError
        The file cannot be read.
    Corrupt
        It is not an ONNX file.
    """
    try:
        name = os.fsdecode(path)
    except TypeError as error:
        raise InvalidArgument(f"a path is expected, not {type(path).__name__}") from error
    nbytes = regular_file_nbytes(name)
    if nbytes == 0:
        raise Corrupt(f"{name}: not an ONNX file: it is empty")
    try:
        with Path(name).open("rb") as file:
            skeleton, payloads = wire.split(file, nbytes, name)
    except OSError as error:
        raise IoError(f"{name}: {error.strerror or error}") from error
    model = onnx.ModelProto()
    try:
        model.ParseFromString(skeleton)
    except DecodeError as error:
        raise Corrupt(f"{name}: not an ONNX file, or cut off: {one_line(error)}") from error
    return Source(name, model, payloads)


def read_payload(payload: wire.Payload, target: memoryview) -> None:
    """Read a tensor's bytes.

    Parameters
    ----------
    payload : wire.Payload
    target : memoryview of payload.nbytes writable bytes
    """
    try:
        with Path(payload.path).open("rb", buffering=0) as file:
            file.seek(payload.offset)
            done = 0
            while done < payload.nbytes:
                count = file.readinto(target[done:])
                if not count:
                    raise Corrupt(f"{payload.path}: ends while a tensor is being read")
                done += count
    except OSError as error:
        raise IoError(f"{payload.path}: {error.strerror or error}") from error
