"""Arrays in and out: in place, or refused."""

from __future__ import annotations

import gc
import re
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import mcomp
from mcomp._arrays import Wrapped, tensor_values
from mcomp._native import ffi, lib

Build = Callable[..., mcomp.Model]


def gemm_weight(model: mcomp.Model) -> np.ndarray:
    return model.constants["weight"].values()


@pytest.mark.parametrize("device", ["cpu", "ref"])
@pytest.mark.parametrize("batch", [1, 3, 17])
def test_run_computes(small_model: Build, device: str, batch: int) -> None:
    model = small_model()
    x = np.random.default_rng(batch).standard_normal((batch, 6)).astype(np.float32)
    expected = x.astype(np.float64) @ gemm_weight(model).astype(np.float64).T
    np.testing.assert_allclose(model.run(x, device), expected, rtol=1e-5, atol=1e-6)


def test_out_is_written_in_place(small_model: Build) -> None:
    with small_model().session(batch=2) as session:
        x = np.ones((2, 6), np.float32)
        out = np.full((2, 4), np.nan, np.float32)
        assert session.run(x, out=out) is out
        np.testing.assert_array_equal(out, session.run(x))
        memory = np.full(16, np.nan, np.float32)
        part = memory[4:12].reshape(2, 4)
        session.run(x, out=part)
        np.testing.assert_array_equal(part, out)
        assert np.isnan(memory[:4]).all()
        assert np.isnan(memory[12:]).all()


def test_inputs_are_lent_and_not_copied(small_model: Build) -> None:
    context = mcomp.default_context()._use()
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    lent = Wrapped(context, [array], writable=True)
    data = lib.mcomp_tensor_data(lent.pointers[0])
    assert int(ffi.cast("uintptr_t", data)) == array.ctypes.data
    ffi.cast("float *", data)[5] = 50
    assert array[1, 2] == 50


def test_read_only_inputs_are_fine(small_model: Build) -> None:
    x = np.ones((1, 6), np.float32)
    expected = small_model().run(x)
    x.flags.writeable = False
    np.testing.assert_array_equal(small_model().run(x), expected)


@pytest.mark.parametrize(
    "bad",
    [
        np.ones((1, 6), np.float64),
        np.ones((1, 6), np.float16),
        np.ones((1, 6), np.int32),
        np.ones((1, 6), bool),
        np.ones((1, 6), np.complex64),
        np.ones((1, 6), ">f4"),
        np.ones((1, 6), object),
        np.ones((1, 7), np.float32),
        np.ones((1, 6, 1), np.float32),
        np.ones(6, np.float32),
        np.ones((0, 6), np.float32),
        np.array(1, np.float32),
    ],
    ids=str,
)
def test_wrong_dtypes_and_shapes_are_refused(small_model: Build, bad: np.ndarray) -> None:
    with pytest.raises(mcomp.ShapeError, match="x"):
        small_model().run(bad)


def test_an_array_of_another_rank_is_not_guessed_at(lenet5: mcomp.Model) -> None:
    for shape in ((3, 28, 28), (28, 28), ()):
        wanted = rf"input input: shape {re.escape(str(shape))} given, \(N, 1, 28, 28\) is wanted"
        with pytest.raises(mcomp.ShapeError, match=wanted):
            lenet5.run(np.zeros(shape, np.float32))


@pytest.mark.parametrize("bad", [None, 3, [1.0] * 6, b"bytes", "text"])
def test_things_that_are_no_arrays(small_model: Build, bad: object) -> None:
    with pytest.raises(mcomp.InvalidArgument, match="numpy array"):
        small_model().run(bad)


def test_subclasses_and_masks(small_model: Build) -> None:
    with pytest.raises(mcomp.InvalidArgument, match="masked"):
        small_model().run(np.ma.masked_array(np.ones((1, 6), np.float32), mask=True))


def test_strided_and_misaligned_arrays_are_refused(small_model: Build) -> None:
    model = small_model()
    strided = np.ones((2, 12), np.float32)[:, ::2]
    backwards = np.ones((1, 6), np.float32)[:, ::-1]
    fortran = np.asfortranarray(np.ones((2, 6), np.float32))
    misaligned = np.frombuffer(bytearray(25), np.float32, 6, offset=1).reshape(1, 6)
    for bad in (strided, backwards, fortran, misaligned):
        with pytest.raises(mcomp.InvalidArgument, match="contiguous"):
            model.run(bad)
    np.testing.assert_array_equal(model.run(np.ascontiguousarray(fortran)).shape, (2, 4))


@given(
    x=hnp.arrays(np.float32, (2, 6), elements=st.floats(-4, 4, width=32)),
    position=st.integers(0, 11),
    payload=st.sampled_from([0x7FC00000, 0xFFC00000, 0x7F800001, 0x7FFFFFFF]),
)
def test_any_nan_anywhere_is_refused(x: np.ndarray, position: int, payload: int) -> None:
    x = x.copy()
    x.reshape(-1).view(np.uint32)[position] = payload
    model = shared_model()
    for device in ("cpu", "ref"):
        with pytest.raises(mcomp.InvalidArgument, match=rf"x: element {position} "):
            model.run(x, device)


_made: list[mcomp.Model] = []


def shared_model() -> mcomp.Model:
    if not _made:
        builder = mcomp.GraphBuilder("shared")
        x = builder.add_input("x", (-1, 6))
        w = builder.add_constant("weight", np.eye(6, dtype=np.float32))
        builder.mark_output(builder.add_node("Gemm", "y", [x, w]))
        _made.append(builder.finish())
    return _made[0]


def test_bad_outputs_are_refused(small_model: Build) -> None:
    session = small_model().session(batch=2)
    x = np.ones((2, 6), np.float32)
    read_only = np.zeros((2, 4), np.float32)
    read_only.flags.writeable = False
    cases: list[tuple[object, type[Exception], str]] = [
        (np.zeros((2, 4)), mcomp.ShapeError, "float64"),
        (np.zeros((4, 2), np.float32), mcomp.ShapeError, r"\(4, 2\)"),
        (np.zeros((2, 8), np.float32)[:, ::2], mcomp.InvalidArgument, "contiguous"),
        (read_only, mcomp.InvalidArgument, "read-only"),
        ([np.zeros((2, 4), np.float32)] * 2, mcomp.ShapeError, "2 outputs"),
        (3, mcomp.InvalidArgument, "int"),
        ([3], mcomp.InvalidArgument, "numpy array"),
    ]
    for out, kind, words in cases:
        with pytest.raises(kind, match=words):
            session.run(x, out=out)
    assert not read_only.any()


def test_overlapping_arrays_are_refused() -> None:
    session = shared_model().session(batch=2)
    memory = np.ones(18, np.float32)
    with pytest.raises(mcomp.InvalidArgument, match="overlaps"):
        session.run(memory[:12].reshape(2, 6), out=memory[6:].reshape(2, 6))
    assert (memory == 1).all()


def test_several_inputs_and_outputs() -> None:
    builder = mcomp.GraphBuilder()
    a, b = builder.add_input("a", (None, 3)), builder.add_input("b", (None, 3))
    total = builder.add_node("Add", "total", [a, b])
    builder.mark_output(builder.add_node("Relu", "positive", [total]))
    builder.mark_output(total)
    model = builder.finish()
    x, y = np.float32([[1, -5, 3]]), np.float32([[1, 2, -4]])
    positive, both = model.run({"b": y, "a": x})
    np.testing.assert_array_equal(both, [[2, -3, -1]])
    np.testing.assert_array_equal(positive, [[2, 0, 0]])
    session = model.session()
    out = [np.empty((1, 3), np.float32), np.empty((1, 3), np.float32)]
    assert session.run(x, y, out=out)[0] is out[0]
    np.testing.assert_array_equal(out[1], both)
    with pytest.raises(mcomp.InvalidArgument, match="overlaps"):
        session.run(x, y, out=[out[0], out[0]])
    with pytest.raises(mcomp.ShapeError, match="a, b"):
        model.run(x)
    with pytest.raises(mcomp.InvalidArgument, match="input b"):
        model.run({"a": x})
    with pytest.raises(mcomp.NotFound, match="'c'"):
        model.run({"a": x, "b": y, "c": x})


def test_views_of_weights_are_read_only_and_outlive_the_model(small_model: Build) -> None:
    model = small_model(512, 512)
    constant = model.constants["weight"]
    values = constant.values()
    expected = values.copy()
    again = constant.values()
    assert values.ctypes.data == again.ctypes.data
    assert int(ffi.cast("uintptr_t", lib.mcomp_tensor_data(constant.handle))) == values.ctypes.data
    with pytest.raises(ValueError, match="read-only"):
        values[0, 0] = 1
    with pytest.raises(ValueError, match="WRITEABLE"):
        values.flags.writeable = True
    del constant, again
    model.close()
    del model
    gc.collect()
    # Freed memory would be given out again, or be no memory any more.
    churn = [np.full((512, 512), 9, np.float32) for _ in range(20)]
    np.testing.assert_array_equal(values, expected)
    assert len(churn) == 20


@pytest.mark.parametrize("dtype", ["float32", "float16", "int32", "int64", "uint8", "int8"])
@pytest.mark.parametrize("shape", [(), (0,), (5,), (2, 0, 3), (2, 1, 3, 1, 2, 1)])
def test_constants_come_back_as_they_went_in(dtype: str, shape: tuple[int, ...]) -> None:
    array = (np.random.default_rng(3).random(shape) * 100).astype(dtype)
    builder = mcomp.GraphBuilder()
    builder.add_constant("c", array)
    x = builder.add_input("x", (None, 2))
    builder.mark_output(builder.add_node("Relu", "y", [x]))
    constant = builder.finish().constants["c"]
    values = constant.values()
    assert constant.shape == shape == values.shape
    assert constant.dtype == dtype
    assert values.dtype == ("float32" if dtype == "float16" else dtype)
    np.testing.assert_array_equal(values, array)
    assert not values.flags.writeable
    assert constant.symbols() is None
    assert constant.scales is None
    assert constant.codebook is None
    assert constant.zero_points is None


def test_constants_are_copied_in() -> None:
    array = np.ones((2, 2), np.float32)
    builder = mcomp.GraphBuilder()
    builder.add_constant("c", array.T)
    array[:] = 7
    x = builder.add_input("x", (None, 2))
    builder.mark_output(builder.add_node("Relu", "y", [x]))
    np.testing.assert_array_equal(builder.finish().constants["c"].values(), np.ones((2, 2)))


def test_constants_of_other_dtypes_are_refused() -> None:
    builder = mcomp.GraphBuilder()
    for dtype in ("float64", "complex64", "bool", "uint16", "object", "U3", ">f4"):
        with pytest.raises(mcomp.ShapeError, match="dtype"):
            builder.add_constant("c", np.zeros(2, dtype))
    with pytest.raises(mcomp.ShapeError, match="7 axes"):
        builder.add_constant("c", np.zeros((1,) * 7, np.float32))


@given(data=st.data())
def test_quantized_constants_decode_to_scale_times_difference(data: st.DataObject) -> None:
    dtype = data.draw(st.sampled_from([np.uint8, np.int8]))
    array = data.draw(hnp.arrays(dtype, hnp.array_shapes(min_dims=1, max_dims=4, max_side=4)))
    count = data.draw(st.sampled_from([1, array.shape[0]]))
    scales = data.draw(hnp.arrays(np.float32, count, elements=st.floats(2.0**-10, 4, width=32)))
    points = data.draw(st.none() | hnp.arrays(dtype, count))
    builder = mcomp.GraphBuilder()
    builder.add_quantized("w", array, scales, points)
    x = builder.add_input("x", (None, 2))
    builder.mark_output(builder.add_node("Relu", "y", [x]))
    constant = builder.finish().constants["w"]
    column = (-1,) + (1,) * (array.ndim - 1)
    zero = np.zeros(count, np.int32) if points is None else points.astype(np.int32)
    expected = scales.reshape(column) * (array.astype(np.int32) - zero.reshape(column)).astype(
        np.float32
    )
    np.testing.assert_array_equal(constant.values(), expected)
    np.testing.assert_array_equal(constant.scales, scales)
    symbols = constant.symbols()
    assert symbols is not None
    offset = 128 if dtype == np.int8 else 0
    np.testing.assert_array_equal(symbols, array.astype(np.int32) + offset)


def test_quantized_constants_that_cannot_be() -> None:
    builder = mcomp.GraphBuilder()
    array = np.zeros((2, 2), np.uint8)
    with pytest.raises(mcomp.ShapeError, match="float32"):
        builder.add_quantized("w", array.astype(np.float32), 1.0)
    with pytest.raises(mcomp.ShapeError, match="zero points"):
        builder.add_quantized("w", array, [1.0, 1.0], [0])
    with pytest.raises(mcomp.ShapeError, match="zero points"):
        builder.add_quantized("w", array, 1.0, 0.5)
    with pytest.raises(mcomp.InvalidArgument):
        builder.add_quantized("w", array, -1.0)
    with pytest.raises(mcomp.InvalidArgument):
        builder.add_quantized("w", array, float("nan"))
    with pytest.raises(mcomp.MCompError):
        builder.add_quantized("w", array, [1.0, 1.0, 1.0])


def test_float16_constants_decode(small_model: Build) -> None:
    half = np.float16([0.1, 65504, -0.0, 6e-8])
    builder = mcomp.GraphBuilder()
    builder.add_constant("c", half)
    x = builder.add_input("x", (None, 2))
    builder.mark_output(builder.add_node("Relu", "y", [x]))
    values = tensor_values(builder.finish().constants["c"].handle)
    np.testing.assert_array_equal(values, half.astype(np.float32))
    assert np.signbit(values[2])
