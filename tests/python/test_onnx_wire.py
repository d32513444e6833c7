"""Big tensors stay out of the protobuf library: what is split off, put back, and what it costs."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import numpy_helper
from onnx_build import make_model, nmse, node, random, run_onnxruntime, write

import mcomp
from mcomp.onnx_io import wire
from mcomp.onnx_io.wire import PAYLOAD_MIN_NBYTES, TensorPart, encode_varint, join, split

SIZES = st.lists(st.sampled_from([0, 1, 1023, 1024, 1025, 5000]), min_size=1, max_size=5)


def model_of(sizes: list[int]) -> onnx.ModelProto:
    constants = {f"c{i}": random(size, seed=i) for i, size in enumerate(sizes)}
    return make_model([node("Relu", ["x"])], constants, metadata={"k": "v"})


@given(SIZES)
def test_split_leaves_all_but_big_raw_data(sizes: list[int]) -> None:
    model = model_of(sizes)
    data = model.SerializeToString()
    skeleton, payloads = split(BytesIO(data), len(data), "m")
    found = onnx.ModelProto.FromString(skeleton)
    for tensor, payload, whole in zip(
        found.graph.initializer, payloads, model.graph.initializer, strict=True
    ):
        assert (payload is not None) == (len(whole.raw_data) >= PAYLOAD_MIN_NBYTES)
        if payload is not None:
            tensor.raw_data = data[payload.offset : payload.offset + payload.nbytes]
    assert found == model


@given(SIZES)
def test_join_gives_what_the_library_would_parse(sizes: list[int]) -> None:
    model = model_of(sizes)
    expected = onnx.ModelProto()
    expected.CopyFrom(model)
    parts = []
    for tensor in model.graph.initializer:
        raw = tensor.raw_data
        tensor.ClearField("raw_data")
        header = tensor.SerializeToString()
        parts.append(TensorPart(header, len(raw), lambda raw=raw: memoryview(raw)))
    graph = model.graph
    del graph.initializer[:]
    graph_bytes = graph.SerializeToString()
    model.ClearField("graph")
    nbytes, pieces = join(model.SerializeToString(), graph_bytes, parts)
    joined = b"".join(bytes(piece) for piece in pieces)
    assert len(joined) == nbytes
    assert onnx.ModelProto.FromString(joined) == expected


def test_graph_in_two_pieces_is_one(tmp_path: Path) -> None:
    # protobuf joins a message that comes twice.
    weight = random(40, 3, 4, 4)
    whole = make_model([node("Conv", ["x", "w"], name="c1")], {"w": weight})
    second = onnx.GraphProto(initializer=list(whole.graph.initializer)).SerializeToString()
    del whole.graph.initializer[:]
    path = tmp_path / "two.onnx"
    path.write_bytes(whole.SerializeToString() + b"\x3a" + encode_varint(len(second)) + second)
    with mcomp.read_onnx(path) as model:
        assert np.array_equal(model.constants["w"].values(), weight)


def test_fields_are_counted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(wire, "_FIELDS_MAX", 10)
    with pytest.raises(mcomp.LimitError, match="more than 10 fields"):
        mcomp.read_onnx(write(model_of([1] * 5), tmp_path))


def test_a_file_too_large_for_protobuf_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    model = mcomp.read_onnx(write(make_model([node("Relu", ["x"])]), tmp_path))
    monkeypatch.setattr(wire, "MESSAGE_MAX_NBYTES", 50)
    with pytest.raises(mcomp.LimitError, match="above"):
        model.write_onnx(tmp_path / "large.onnx")
    assert not (tmp_path / "large.onnx").exists()


def test_a_network_is_in_memory_about_once(tmp_path: Path) -> None:
    """Four weights of 16 MiB: while they are read, one is there twice; while written, one more."""
    extent = 2048
    builder = mcomp.GraphBuilder("big")
    value = builder.add_input("x", (None, extent))
    for layer in range(4):
        weight = builder.add_constant(f"w{layer}", np.full((extent, extent), 0.5, np.float32))
        value = builder.add_node("Gemm", f"gemm{layer}", [value, weight])
    builder.mark_output(value)
    model = builder.finish()
    path = tmp_path / "big.onnx"
    mcomp.peak_resident_reset()
    before = mcomp.resident_nbytes()
    nbytes = model.write_onnx(path)
    assert mcomp.peak_resident_nbytes() - before < 0.6 * nbytes
    model.close()
    mcomp.peak_resident_reset()
    before = mcomp.resident_nbytes()
    with mcomp.read_onnx(path):
        assert mcomp.peak_resident_nbytes() - before < 1.8 * nbytes


def test_codebooks_are_written_as_float32(tmp_path: Path) -> None:
    proto = make_model([node("Conv", ["x", "w"], name="c1")], {"w": random(32, 3, 3, 3)})
    small = mcomp.read_onnx(write(proto, tmp_path)).compress(
        "prune.magnitude sparsity=0.5; share.kmeans bits=4; encode.huffman"
    )
    small.write_onnx(tmp_path / "small.onnx")
    written = onnx.load(tmp_path / "small.onnx")
    weight = numpy_helper.to_array(written.graph.initializer[0])
    assert weight.dtype == np.float32
    assert np.array_equal(weight, small.constants["w"].values())
    x = random(2, 3, 8, 8, seed=9)
    assert nmse(run_onnxruntime(tmp_path / "small.onnx", {"x": x})[0], small.run(x)) < 1e-10
