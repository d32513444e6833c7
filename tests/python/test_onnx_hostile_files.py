"""Files that are no ONNX files, cut off or damaged."""

from __future__ import annotations

import os
import random as python_random
from pathlib import Path

import numpy as np
import pytest
from onnx_build import make_model, node, ones, write
from onnx_refusals import (
    conv_model,
    refusal,
)

import mcomp
from mcomp.onnx_io.wire import encode_varint


def test_files_that_are_not_there_or_no_files(tmp_path: Path) -> None:
    missing = refusal(tmp_path / "missing.onnx")
    assert isinstance(missing, mcomp.MissingFile)
    assert isinstance(missing, FileNotFoundError)
    folder = refusal(tmp_path)
    assert type(folder) is mcomp.IoError
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert type(refusal(pipe)) is mcomp.IoError
    with pytest.raises(mcomp.InvalidArgument):
        mcomp.read_onnx("a\0b")
    with pytest.raises(mcomp.InvalidArgument):
        mcomp.read_onnx(7)  # type: ignore[arg-type]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = write(conv_model(), tmp_path)
    path.chmod(0)
    assert type(refusal(path)) is mcomp.IoError


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20,
        b"\xff" * 64,
        b"hello, this is text\n" * 50,
        b"PK\x03\x04" + b"\0" * 100,
        b"\0" * 4096,
        b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
        b"\x0b\x0b\x0b",
        b"\x08",
    ],
    ids=["empty", "png", "ones", "text", "zip", "zeros", "long", "group", "cut"],
)
def test_file_of_something_else(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "other.onnx"
    path.write_bytes(data)
    assert type(refusal(path)) is mcomp.Corrupt
    assert "not an ONNX file" in str(refusal(path))
    assert ("it is empty" if not data else ", or cut off: ") in str(refusal(path))


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    data = conv_model(ones(40, 3, 3, 3)).SerializeToString()
    path = tmp_path / "cut.onnx"
    told = 0
    for length in range(0, len(data), 7):
        path.write_bytes(data[:length])
        error = refusal(path)
        if length and type(error) is mcomp.Corrupt:
            assert "cut off" in str(error)
            told += 1
    assert told > len(data) / 7 / 2


def test_depth_bomb(tmp_path: Path) -> None:
    # Attribute > graph > node > attribute ..., deeper than any parser's recursion should go.
    message = b""
    for _ in range(2_000):
        for field in (6, 5, 1):  # AttributeProto.g, NodeProto.attribute, GraphProto.node
            message = bytes([field << 3 | 2]) + encode_varint(len(message)) + message
    model = make_model([])
    model.graph.node.add()
    data = model.SerializeToString()
    path = tmp_path / "bomb.onnx"
    path.write_bytes(data + b"\x3a" + encode_varint(len(message)) + message)
    assert type(refusal(path)) is mcomp.Corrupt


def test_damaged_files_are_refused_or_read(tmp_path: Path) -> None:
    """A thousand random changes of a small file: an error of the package, or a network."""
    weight = np.random.default_rng(3).standard_normal((40, 3, 3, 3)).astype(np.float32)
    model = make_model(
        [
            node("Conv", ["x", "w", "b"], "a", name="conv1", pads=[1, 1, 1, 1]),
            node("Relu", ["a"], "r", name="relu1"),
            node("GlobalAveragePool", ["r"], "p", name="pool1"),
            node("Flatten", ["p"], "f", name="flatten1"),
            node("Gemm", ["f", "v"], name="gemm1", transB=1),
        ],
        {"w": weight, "b": ones(40), "v": ones(5, 40)},
        metadata={"labels": "five"},
    )
    data = model.SerializeToString()
    weight_at = data.index(weight.tobytes())
    around = [i for i in range(len(data)) if not weight_at <= i < weight_at + weight.nbytes]
    seed = python_random.randrange(2**32)
    print("seed", seed)
    generator = python_random.Random(seed)
    path = tmp_path / "damaged.onnx"
    read, messages = 0, []
    for _ in range(1000):
        damaged = bytearray(data)
        for _ in range(generator.choice([1, 1, 2, 8])):
            damaged[generator.choice(around)] = generator.randrange(256)
        path.write_bytes(damaged)
        try:
            mcomp.read_onnx(path).close()
            read += 1
        except mcomp.MCompError as error:
            messages.append(str(error))
    assert not any("\n" in message for message in messages)
    assert read > 50
    assert len(messages) > 300
