"""Progress and calibration callbacks."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Callable

import numpy as np
import pytest

import mcomp
from mcomp import calibration
from mcomp._arrays import new_tensor, tensor_values
from mcomp._callbacks import Call, batch_function
from mcomp._native import ffi

Build = Callable[..., mcomp.Model]


class Own(Exception):
    pass


def test_progress_tells_stage_and_share(small_model: Build) -> None:
    seen: list[tuple[str, int, int]] = []
    threads = set()

    def progress(stage: str, done: int, total: int) -> None:
        seen.append((stage, done, total))
        threads.add(threading.get_ident())

    small_model().measure(min_seconds=0.3, progress=progress)
    assert len(seen) >= 3
    for stage, done, total in seen:
        assert isinstance(stage, str)
        assert 0 <= done <= total
        assert total > 0
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)
    assert threads == {threading.get_ident()}


@pytest.mark.parametrize("kind", [Own, ValueError, SystemExit, KeyboardInterrupt, mcomp.Cancelled])
def test_exception_in_progress_is_raised_again(
    small_model: Build, kind: type[BaseException]
) -> None:
    raised = kind("mine")

    def progress(*_: object) -> None:
        raise raised

    model = small_model()
    with pytest.raises(kind) as caught:
        model.measure(min_seconds=3600, progress=progress)
    assert caught.value is raised
    assert any(entry.name == "progress" for entry in caught.traceback)
    assert model.measure(min_seconds=0, min_runs=3).samples.size == 3


def test_a_session_goes_on_after_an_interrupted_run(small_model: Build) -> None:
    def progress(*_: object) -> None:
        raise Own

    session = small_model().session()
    x = np.ones((1, 6), np.float32)
    expected = session.run(x)
    for interrupted in (lambda: session.run(x), session.profile, session.measure):
        session._call.progress = progress
        time.sleep(0.06)  # the library asks every 0.05 s
        with pytest.raises(Own):
            interrupted()
        session._call.progress = None
        np.testing.assert_array_equal(session.run(x), expected)


def test_result_of_progress_does_not_matter(small_model: Build) -> None:
    assert small_model().measure(min_seconds=0, progress=lambda *_: True).samples.size >= 10


def test_exception_in_compress_is_raised_again(lenet5: mcomp.Model) -> None:
    def progress(stage: str, done: int, total: int) -> None:
        raise Own(stage)

    with pytest.raises(Own):
        lenet5.compress("store.dense", progress=progress)
    assert lenet5.compress("store.dense").recipe == "store.dense"


def test_callbacks_are_let_go(small_model: Build) -> None:
    class Progress:
        def __call__(self, *_: object) -> None:
            pass

    progress = Progress()
    gone = weakref.ref(progress)
    gc.disable()
    try:
        small_model().measure(min_seconds=0, progress=progress)
        del progress
        assert gone() is None
    finally:
        gc.enable()


def fill(model: mcomp.Model, data: object, count: int, index: int) -> np.ndarray:
    """What the library gets as sample ``index``."""
    samples = calibration.Samples(model, data, count)
    shape = (1, *(extent for extent in model.inputs[0].shape[1:] if extent is not None))
    tensor = new_tensor(model.context._use(), "sample", np.zeros(shape, np.float32))
    samples.fill(index, tensor)
    return np.array(tensor_values(tensor))


def test_samples_are_taken_evenly_and_copied(lenet5: mcomp.Model) -> None:
    data = [np.full((1, 28, 28), number, np.float32) for number in range(10)]
    given = [fill(lenet5, data, 4, index)[0, 0, 3, 3] for index in range(4)]
    assert given == [0, 2, 5, 7]
    given = [fill(lenet5, np.stack(data), 20, index)[0, 0, 3, 3] for index in range(10)]
    assert given == list(range(10))
    assert calibration.Samples(lenet5, data, 20).count == 10


def test_samples_of_a_generator_are_the_first(lenet5: mcomp.Model) -> None:
    taken = []

    def generate() -> object:
        for number in range(100):
            taken.append(number)
            yield np.full((1, 28, 28), number, np.float32)

    samples = calibration.Samples(lenet5, generate(), 3)
    assert samples.count == 3
    assert taken == [0, 1, 2]


@pytest.mark.parametrize(
    ("sample", "kind", "words"),
    [
        (np.zeros((1, 28, 27), np.float32), mcomp.ShapeError, r"\(1, 28, 27\)"),
        (np.zeros((1, 1, 28, 28), np.float32), mcomp.ShapeError, r"\(1, 28, 28\) is wanted"),
        (np.zeros((1, 28, 28)), mcomp.ShapeError, "float64"),
        ([[0.0]], mcomp.ShapeError, "list"),
        (np.full((1, 28, 28), np.nan, np.float32), mcomp.InvalidArgument, "NaN"),
    ],
)
def test_bad_samples_are_refused(
    lenet5: mcomp.Model, sample: object, kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=f"calibration sample 0: .*{words}"):
        fill(lenet5, [sample], 1, 0)


def test_exception_while_sampling_is_kept_for_the_caller(lenet5: mcomp.Model) -> None:
    class Broken(list[np.ndarray]):
        def __getitem__(self, index: object) -> np.ndarray:
            raise Own("disk gone")

    samples = calibration.Samples(lenet5, Broken([np.zeros(1)]), 1)
    call = Call(None, samples.fill)
    user = call.handle()
    tensor = new_tensor(lenet5.context._use(), "sample", np.zeros((1, 1, 28, 28), np.float32))
    assert ffi.cast("mcomp_batch_fn", batch_function())(user, 0, tensor) == 1
    with pytest.raises(Own, match="disk gone"):
        call.finish(-10)


def test_data_that_no_pass_uses_is_told(lenet5: mcomp.Model) -> None:
    data = [np.zeros((1, 28, 28), np.float32)]
    words = "the data was not used: no pass of this recipe calibrates"
    assert words in lenet5.compress("store.float", data).notes
    assert words not in lenet5.compress("store.float").notes
    samples = calibration.Samples(lenet5, data, 1)
    assert not samples.used
    tensor = new_tensor(lenet5.context._use(), "sample", np.zeros((1, 1, 28, 28), np.float32))
    samples.fill(0, tensor)
    assert samples.used


@pytest.mark.parametrize("data", [3, object()])
def test_data_that_is_none(lenet5: mcomp.Model, data: object) -> None:
    with pytest.raises(mcomp.InvalidArgument, match="data"):
        lenet5.compress("store.dense", data)


def test_empty_data_and_bad_counts(lenet5: mcomp.Model) -> None:
    with pytest.raises(mcomp.InvalidArgument, match="no samples"):
        lenet5.compress("store.dense", [])
    with pytest.raises(mcomp.InvalidArgument, match="samples"):
        lenet5.compress("store.dense", samples=0)
    with pytest.raises(mcomp.InvalidArgument, match="seed"):
        lenet5.compress("store.dense", seed=-1)
