"""The protobuf encoding of an ONNX file, as far as its big tensors go.

The protobuf library would hold a file's weights twice while it parses and could give none of them
back before the end. So the bytes of big initialisers stay out of it: :func:`split` takes them out
of what the library parses and says where in the file they are, :func:`join` puts them in between
what it wrote. Everything else of the format is left to the library.

A message is a row of fields; a field is a tag (number << 3 | wire type) and a value. Three messages
are entered: ModelProto, its graph, and the graph's initialisers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import BinaryIO

from .._errors import Corrupt, LimitError

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_MODEL_GRAPH = 7
_GRAPH_INITIALIZER = 5
_TENSOR_RAW_DATA = 9

#: Bytes of raw_data from which on a tensor stays in the file.
PAYLOAD_MIN_NBYTES = 4096
#: What protobuf allows for one message.
MESSAGE_MAX_NBYTES = 2**31 - 1
#: Fields that are looked at; a network of a million nodes has fewer.
_FIELDS_MAX = 4_000_000


@dataclass(frozen=True, slots=True)
class Payload:
    """Where the bytes of a tensor are: ``nbytes`` from ``offset`` of the file ``path``."""

    path: str
    offset: int
    nbytes: int


class _Scanner:
    """Goes through the fields of a file, never past an end that it was given."""

    def __init__(self, file: BinaryIO, path: str) -> None:
        self.file = file
        self.path = path
        self.position = 0
        self.fields = 0

    def fail(self, reason: str) -> Corrupt:
        """Make an error with the place in its message."""
        return Corrupt(
            f"{self.path}: not an ONNX file, or cut off: {reason} at byte {self.position}"
        )

    def read(self, nbytes: int, end: int) -> bytes:
        """Read bytes before ``end``."""
        if nbytes > end - self.position:
            raise self.fail(f"a field of {nbytes} bytes goes past the end of its message")
        data = self.file.read(nbytes)
        if len(data) != nbytes:
            raise self.fail("the file ends")
        self.position += nbytes
        return data

    def varint(self, end: int) -> tuple[int, bytes]:
        """Read a number of up to 64 bits: it and its bytes."""
        encoded = bytearray()
        value = 0
        while True:
            byte = self.read(1, end)[0]
            value |= (byte & 0x7F) << (7 * len(encoded))
            encoded.append(byte)
            if byte < 0x80:
                return value, bytes(encoded)
            if len(encoded) == 10:
                raise self.fail("a number of more than 64 bits")

    def tag(self, end: int) -> tuple[int, int, bytes]:
        """Read a tag: field number, wire type and its bytes."""
        self.fields += 1
        if self.fields > _FIELDS_MAX:
            raise LimitError(f"{self.path}: more than {_FIELDS_MAX} fields, nodes and tensors")
        value, encoded = self.varint(end)
        if value >> 3 == 0 or value >> 32:
            raise self.fail(f"field number {value >> 3}")
        return value >> 3, value & 7, encoded

    def value(self, wire_type: int, end: int) -> bytes:
        """Read a value: its bytes, with its length where it has one."""
        if wire_type == _VARINT:
            return self.varint(end)[1]
        if wire_type == _FIXED64:
            return self.read(8, end)
        if wire_type == _FIXED32:
            return self.read(4, end)
        if wire_type == _LENGTH:
            nbytes, encoded = self.varint(end)
            return encoded + self.read(nbytes, end)
        raise self.fail(f"wire type {wire_type}")

    def message(self, end: int) -> int:
        """Enter a message: give where it ends."""
        nbytes, _ = self.varint(end)
        if nbytes > end - self.position:
            raise self.fail(f"a message of {nbytes} bytes goes past the end of its parent")
        return self.position + nbytes


def split(file: BinaryIO, nbytes: int, path: str) -> tuple[bytes, list[Payload | None]]:
    """Take the bytes of big initialisers out of a file.

    Parameters
    ----------
    file : file opened for reading bytes, at its beginning
    nbytes : int
        The file's size.
    path : str
        Its path, for payloads and messages.

    Returns
    -------
    skeleton : bytes
        A ModelProto whose big initialisers have no raw_data.
    payloads : list of Payload or None
        For each initialiser where its raw_data is, None where it was left in the skeleton.

    Raises
    ------
    Corrupt
        The file is no protobuf message.
    LimitError
        What is left is above 2^31 - 1 bytes, or has millions of fields.
    """
    scanner = _Scanner(file, path)
    payloads: list[Payload | None] = []

    def tensor(end: int) -> bytes:
        kept = bytearray()
        payload: Payload | None = None
        while scanner.position < end:
            number, wire_type, encoded_tag = scanner.tag(end)
            if number == _TENSOR_RAW_DATA and wire_type == _LENGTH:
                data_nbytes, encoded_length = scanner.varint(end)
                if data_nbytes >= PAYLOAD_MIN_NBYTES:
                    if data_nbytes > end - scanner.position:
                        raise scanner.fail(f"raw_data of {data_nbytes} bytes goes past its tensor")
                    payload = Payload(path, scanner.position, data_nbytes)
                    scanner.position += data_nbytes
                    file.seek(scanner.position)
                    continue
                payload = None
                kept += encoded_tag + encoded_length + scanner.read(data_nbytes, end)
            else:
                kept += encoded_tag + scanner.value(wire_type, end)
        payloads.append(payload)
        return bytes(kept)

    def graph(end: int) -> bytes:
        return _rewrite(scanner, end, _GRAPH_INITIALIZER, tensor)

    skeleton = _rewrite(scanner, nbytes, _MODEL_GRAPH, graph)
    return skeleton, payloads


def _rewrite(scanner: _Scanner, end: int, field: int, inner: Callable[[int], bytes]) -> bytes:
    """Read a message, with ``field`` replaced by what ``inner`` makes of it."""
    kept = bytearray()
    while scanner.position < end:
        number, wire_type, encoded_tag = scanner.tag(end)
        if number == field and wire_type == _LENGTH:
            message = inner(scanner.message(end))
            kept += encoded_tag + encode_varint(len(message)) + message
        else:
            kept += encoded_tag + scanner.value(wire_type, end)
        if len(kept) > MESSAGE_MAX_NBYTES:
            raise LimitError(f"{scanner.path}: above 2^31 - 1 bytes without its tensors")
    return bytes(kept)


def encode_varint(value: int) -> bytes:
    """Write a number >= 0 in protobuf's variable length."""
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _tag(number: int) -> bytes:
    return encode_varint(number << 3 | _LENGTH)


@dataclass(frozen=True, slots=True)
class TensorPart:
    """An initialiser to be written: a TensorProto without raw_data, and how to get that.

    ``data()`` is called once, when its turn comes, and must give ``nbytes`` bytes.
    """

    header: bytes
    nbytes: int
    data: Callable[[], memoryview]

    def prefix(self) -> bytes:
        """Give what stands before the data."""
        return self.header + _tag(_TENSOR_RAW_DATA) + encode_varint(self.nbytes)

    def total_nbytes(self) -> int:
        """Count the bytes of the TensorProto."""
        return len(self.prefix()) + self.nbytes


def join(
    model: bytes, graph: bytes, tensors: list[TensorPart]
) -> tuple[int, Iterable[bytes | memoryview]]:
    """Put initialisers into a model.

    Parameters
    ----------
    model : bytes
        A serialised ModelProto without a graph.
    graph : bytes
        Its serialised GraphProto without those initialisers.
    tensors : list of TensorPart

    Returns
    -------
    nbytes : int
        What all pieces have together.
    pieces : iterable of bytes
        The file, piece by piece: one tensor at a time is in memory.
    """
    graph_nbytes = len(graph)
    for part in tensors:
        part_nbytes = part.total_nbytes()
        graph_nbytes += len(_tag(_GRAPH_INITIALIZER) + encode_varint(part_nbytes)) + part_nbytes
    head = model + _tag(_MODEL_GRAPH) + encode_varint(graph_nbytes) + graph

    def pieces() -> Iterable[bytes | memoryview]:
        yield head
        for part in tensors:
            yield _tag(_GRAPH_INITIALIZER) + encode_varint(part.total_nbytes()) + part.prefix()
            yield part.data()

    return len(head) - len(graph) + graph_nbytes, pieces()
