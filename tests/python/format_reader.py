"""Reads `.mcomp` files as docs/format.md says and shares no code with the library: slow, short."""

from __future__ import annotations

import itertools
import math
import struct
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.generic]

_PLAIN = {1: "<f4", 2: "<f2", 4: "u1", 5: "i1", 6: "<i4", 7: "<i8"}
_F32, _F16, _BF16, _UNIFORM, _CODEBOOK = 1, 2, 3, 4, 5
_DENSE, _SPARSE, _N_M = 1, 2, 3
_RAW, _PACKED, _HUFFMAN = 1, 2, 3


class Bytes:
    """Takes numbers and texts off the front of a section."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def ended(self) -> bool:
        """Is nothing left?"""
        return self._at == len(self._data)

    def take(self, count: int) -> bytes:
        """The next bytes."""
        taken = self._data[self._at : self._at + count]
        assert len(taken) == count, "the section is too short"
        self._at += count
        return taken

    def u8(self) -> int:
        return self.take(1)[0]

    def varint(self) -> int:
        value, shift = 0, 0
        while True:
            byte = self.u8()
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def signed(self) -> int:
        value = self.varint()
        return (value >> 1) ^ -(value & 1)

    def text(self) -> str:
        text = self.take(self.varint()).decode()
        assert self.take(1) == b"\0"
        return text

    def floats(self, kind: str, count: int) -> list[float]:
        return list(struct.unpack(f"<{count}{kind}", self.take(struct.calcsize(kind) * count)))


class Bits:
    """Takes bits off the front of a part, each byte from its lowest bit."""

    def __init__(self, data: bytes) -> None:
        self._bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._bits) - self._at

    def number(self, width: int) -> int:
        bits = self._bits[self._at : self._at + width]
        assert len(bits) == width, "the part is too short"
        self._at += width
        return int(sum(int(bit) << i for i, bit in enumerate(bits)))

    def finish(self) -> None:
        """What is left fills the last byte with zeros."""
        assert self.left < 8
        assert not self._bits[self._at :].any()


class Code:
    """A canonical Huffman code."""

    def __init__(self, packed_lengths: bytes, symbols: int) -> None:
        lengths: list[int] = []
        bits = Bits(packed_lengths)
        while bits.left >= 4 and len(lengths) < symbols:
            length = bits.number(4)
            lengths += [length] if length else [0] * (1 + bits.number(4))
        bits.finish()
        used = sorted((length, symbol) for symbol, length in enumerate(lengths) if length)
        assert len(lengths) <= symbols
        assert lengths[-1:] != [0]
        assert len(used) == 1 or sum(2.0**-length for length, _ in used) == 1
        self._symbols: dict[tuple[int, int], int] = {}
        code, previous = 0, used[0][0]
        for length, symbol in used:
            code <<= length - previous
            self._symbols[length, code] = symbol
            code, previous = code + 1, length

    def symbol(self, bits: Bits) -> int:
        code = length = 0
        while (length, code) not in self._symbols:
            code = code << 1 | bits.number(1)
            length += 1
        return self._symbols[length, code]


@dataclass
class Tensor:
    """A constant: its encoding's fields in the order of the directory (None: plain) and values."""

    name: str
    encoding: tuple[int, ...] | None
    values: Array


@dataclass
class Node:
    """A node: operator, name, inputs (-1: left out) and attributes."""

    op: str
    name: str
    inputs: list[int]
    attributes: dict[str, list[int] | list[float] | str]


@dataclass
class File:
    """Everything a file says."""

    name: str = ""
    parameters: int = 0
    float_nbytes: int = 0
    inputs: dict[str, list[int]] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)
    tensors: list[Tensor] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)
    recipe: str = ""
    notes: list[str] = field(default_factory=list)
    sqnr_db: list[float] = field(default_factory=list)


def read(path: Path) -> File:
    """Read a file, checking every sum and every rule of the page on the way."""
    sections = read_sections(path)
    file = File()
    constants = _read_graph(Bytes(sections[1, 0]), file)
    directory = Bytes(sections[2, 0])
    for index, name in enumerate(constants):
        file.tensors.append(_read_tensor(name, directory, sections[5, index]))
    assert directory.ended
    if (3, 0) in sections:
        metadata = Bytes(sections[3, 0])
        while not metadata.ended:
            key = metadata.text()
            file.metadata[key] = metadata.text()
    if (4, 0) in sections:
        report = Bytes(sections[4, 0])
        file.recipe = report.text()
        file.notes = [report.text() for _ in range(report.varint())]
        file.sqnr_db = report.floats("d", len(constants))
        assert report.ended
    return file


def read_sections(path: Path) -> dict[tuple[int, int], bytes]:
    """The sections, inflated, by type and index."""
    data = path.read_bytes()
    magic, version, count, nbytes, table_crc, header_crc = struct.unpack("<8sIIQII", data[:32])
    assert magic == b"MCOMP\r\n\x1a"
    assert version == 0
    assert nbytes == len(data)
    assert zlib.crc32(data[:28]) == header_crc
    table = data[32 : 32 + 32 * count]
    assert zlib.crc32(table) == table_crc
    sections = {}
    end = 32 + len(table)
    for kind, flags, offset, size, crc, index in struct.iter_unpack("<IIQQII", table):
        assert offset >= end
        assert not any(data[end:offset])
        section = data[offset : offset + size]
        end = offset + size
        assert zlib.crc32(section) == crc
        assert len(section) == size
        assert flags == {1: 3, 2: 3, 3: 2, 4: 2, 5: 1}[kind]
        if flags & 2:
            (inflated,) = struct.unpack("<Q", section[:8])
            stream = zlib.decompressobj()
            section = stream.decompress(section[8:])
            assert len(section) == inflated
            assert stream.eof
            assert not stream.unused_data
        sections[kind, index] = section
    assert not any(data[end:])
    return sections


def _read_graph(graph: Bytes, file: File) -> list[str]:
    file.name, file.parameters, file.float_nbytes = graph.text(), graph.varint(), graph.varint()
    constants = []
    for _ in range(graph.varint()):
        kind = graph.u8()
        if kind == 1:
            name = graph.text()
            file.inputs[name] = [graph.signed() for _ in range(graph.varint())]
        elif kind == 2:
            constants.append(graph.text())
        else:
            assert kind == 3
            op, name = graph.text(), graph.text()
            inputs = [graph.signed() for _ in range(graph.varint())]
            attributes = dict(_read_attribute(graph) for _ in range(graph.varint()))
            file.nodes.append(Node(op, name, inputs, attributes))
    file.outputs = [graph.signed() for _ in range(graph.varint())]
    assert graph.ended
    return constants


def _read_attribute(graph: Bytes) -> tuple[str, list[int] | list[float] | str]:
    name, kind = graph.text(), graph.u8()
    if kind == 1:
        return name, [graph.signed() for _ in range(graph.varint())]
    if kind == 2:
        return name, graph.floats("f", graph.varint())
    assert kind == 3
    return name, graph.text()


def _read_tensor(name: str, directory: Bytes, section: bytes) -> Tensor:
    encoded = directory.u8()
    shape = [directory.varint() for _ in range(directory.varint())]
    if not encoded:
        dtype = directory.u8()
        values = np.frombuffer(section, "<u2" if dtype == _BF16 else _PLAIN[dtype])
        values = _from_bfloat16(values) if dtype == _BF16 else values
        return Tensor(name, None, values.reshape(shape))
    fields = tuple(directory.u8() for _ in range(12))
    stored, gaps = directory.varint(), directory.varint()
    sizes = [directory.varint() for _ in range(7)]
    assert sum(sizes) == len(section)
    ends = np.cumsum([0, *sizes])
    parts = [section[start:end] for start, end in itertools.pairwise(ends)]
    return Tensor(name, fields, _decode(shape, fields, stored, gaps, parts).reshape(shape))


def _decode(
    shape: list[int], fields: tuple[int, ...], stored: int, gaps: int, parts: list[bytes]
) -> Array:
    numeric, bits, per_channel, zero_points, occupancy, rows, columns, n, m, storage = fields[:10]
    has_gaps, gap_bits = fields[10:]
    outputs, inputs, taps = (*shape, 1, 1)[0], (*shape, 1, 1)[1], math.prod(shape[2:])
    index = np.arange(outputs * inputs * taps).reshape(outputs, inputs, taps)
    positions: list[int] | NDArray[np.int64]
    if occupancy == _N_M:
        positions = _n_m_positions(index, n, m, parts[1])
    elif occupancy == _SPARSE and not (storage == _HUFFMAN and not has_gaps):
        if has_gaps:
            chosen = _gap_positions(parts[1], parts[6], gap_bits, gaps, storage == _HUFFMAN)
        else:
            chosen = _bitmap_positions(parts[1])
        blocks = _blocks(index, rows, columns)
        assert not any(block >= len(blocks) for block in chosen)
        positions = [element for block in chosen for element in blocks[block]]
    else:
        positions = index.ravel()
    assert len(positions) == stored
    symbols = _symbols(parts, numeric, bits, storage, stored)
    values = np.zeros(index.size, np.float32)
    values[positions] = _values(symbols, np.array(positions), fields, parts, inputs * taps)
    assert per_channel in (0, 1)
    assert zero_points in (0, 1)
    return values


def _symbols(parts: list[bytes], numeric: int, bits: int, storage: int, stored: int) -> Array:
    if numeric == _F32:
        return np.frombuffer(parts[0], "<f4")
    if numeric == _F16:
        return np.frombuffer(parts[0], "<f2")
    if numeric == _BF16:
        return _from_bfloat16(np.frombuffer(parts[0], "<u2"))
    if storage == _RAW:
        return np.frombuffer(parts[0], np.uint8)
    stream = Bits(parts[0])
    if storage == _PACKED:
        symbols = [stream.number(bits) for _ in range(stored)]
    else:
        code = Code(parts[5], 1 << bits) if stored else None
        symbols = [code.symbol(stream) for _ in range(stored)] if code else []
    stream.finish()
    return np.array(symbols, np.uint8)


def _values(
    symbols: Array,
    positions: NDArray[np.int64],
    fields: tuple[int, ...],
    parts: list[bytes],
    channel_size: int,
) -> Array:
    numeric, bits, per_channel, zero_points = fields[:4]
    if numeric == _CODEBOOK:
        return np.frombuffer(parts[4], "<f4")[symbols]
    if numeric != _UNIFORM:
        return symbols
    channel = positions // channel_size if per_channel else np.zeros_like(positions)
    zeros = np.frombuffer(parts[3], np.uint8)[channel] if zero_points else 1 << (bits - 1)
    steps = (symbols.astype(np.int64) - np.asarray(zeros, np.int64)).astype(np.float32)
    scales: Array = np.frombuffer(parts[2], "<f4")[channel]
    return np.multiply(scales, steps, dtype=np.float32)


def _from_bfloat16(halves: Array) -> Array:
    return (halves.astype(np.uint32) << 16).view(np.float32)


def _blocks(index: NDArray[np.int64], rows: int, columns: int) -> list[list[int]]:
    outputs, inputs, taps = index.shape
    return [
        index[o : o + rows, i : i + columns, tap].ravel().tolist()
        for o in range(0, outputs, rows)
        for i in range(0, inputs, columns)
        for tap in range(taps)
    ]


def _bitmap_positions(part: bytes) -> list[int]:
    return np.flatnonzero(np.unpackbits(np.frombuffer(part, np.uint8), bitorder="little")).tolist()


def _gap_positions(
    part: bytes, lengths: bytes, gap_bits: int, count: int, coded: bool
) -> list[int]:
    stream, filler = Bits(part), (1 << gap_bits) - 1
    code = Code(lengths, 1 << gap_bits) if coded and count else None
    chosen, at, gap = [], 0, 0
    for _ in range(count):
        gap = code.symbol(stream) if code else stream.number(gap_bits)
        at += gap
        if gap != filler:
            chosen.append(at)
            at += 1
    assert gap != filler or not count
    stream.finish()
    return chosen


def _n_m_positions(index: NDArray[np.int64], n: int, m: int, part: bytes) -> list[int]:
    stream, width = Bits(part), (m - 1).bit_length()
    outputs, inputs, taps = index.shape
    positions = []
    for o in range(outputs):
        for first in range(0, inputs, m):
            for tap in range(taps):
                group = index[o, first : first + m, tap]
                within = [stream.number(width) for _ in range(min(n, len(group)))]
                assert within == sorted(set(within))
                positions += group[within].tolist()
    stream.finish()
    return positions
