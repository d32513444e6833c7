"""Threads, processes and signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import mcomp

Build = Callable[..., mcomp.Model]


def test_other_threads_go_on_during_a_run(slow_model: mcomp.Model) -> None:
    session = slow_model.session("ref")
    x = np.ones(session.input_shapes[0], np.float32)
    running, counted = threading.Event(), []

    def count() -> None:
        running.wait()
        for number in range(2000):
            counted.append(number)
            threading.Event().wait(0)

    other = threading.Thread(target=count)
    other.start()
    seen_before_run = len(counted)
    running.set()
    session.run(x)
    seen_after_run = len(counted)
    other.join()
    # The run takes about a second and holds no lock of Python's: the other thread has long ended.
    assert seen_before_run == 0
    assert seen_after_run == 2000


def test_threads_share_a_session(small_model: Build) -> None:
    session = small_model(64, 32).session(batch=4)
    generator = np.random.default_rng(1)
    inputs = [generator.standard_normal((4, 64)).astype(np.float32) for _ in range(16)]
    expected = [session.run(x) for x in inputs]

    def work(number: int) -> bool:
        return all(
            np.array_equal(session.run(inputs[i % 16]), expected[i % 16])
            for i in range(number, number + 50)
        )

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(16)))


def test_threads_share_a_model(lenet5: mcomp.Model, digits: np.ndarray) -> None:
    expected = {n: lenet5.run(digits[:n].copy()) for n in (1, 2, 3)}

    def work(number: int) -> bool:
        count = number % 3 + 1
        if number % 5 == 0:
            with lenet5.session(batch=count) as session:
                return np.array_equal(session.run(digits[:count].copy()), expected[count])
        return np.array_equal(lenet5.run(digits[:count].copy()), expected[count])

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(100)))


def test_kept_sessions_are_few(small_model: Build) -> None:
    model = small_model()
    for batch in range(1, 40):
        assert model.run(np.ones((batch, 6), np.float32)).shape == (batch, 4)
    assert len(model._sessions) <= 8


def test_closing_while_others_run(small_model: Build) -> None:
    for _ in range(20):
        model = small_model(512, 512)
        session = model.session(batch=8)
        x = np.ones((8, 512), np.float32)
        expected = session.run(x)
        outcomes: list[object] = []

        def work(
            session: mcomp.Session = session,
            x: np.ndarray = x,
            outcomes: list[object] = outcomes,
        ) -> None:
            try:
                while True:
                    outcomes.append(session.run(x))
            except mcomp.InvalidArgument as error:
                outcomes.append(error)

        workers = [threading.Thread(target=work) for _ in range(3)]
        for worker in workers:
            worker.start()
        while not outcomes:
            pass
        model.close()
        session.close()
        for worker in workers:
            worker.join()
        errors = [item for item in outcomes if isinstance(item, Exception)]
        assert [str(item) for item in errors] == ["the session is closed"] * 3
        for item in outcomes:
            if isinstance(item, np.ndarray):
                np.testing.assert_array_equal(item, expected)


def in_child(work: Callable[[], object]) -> bool:
    """Run in a forked child; true where it gave something true."""
    process = os.fork()
    if process == 0:
        signal.alarm(100)  # a child that is stuck ends, and the test fails
        try:
            os._exit(0 if work() else 1)
        except BaseException:
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_computes_the_same(lenet5: mcomp.Model, digits: np.ndarray) -> None:
    session = lenet5.session(batch=3)
    expected = session.run(digits)

    def work() -> bool:
        made = mcomp.models.create("lenet5")
        return (
            np.array_equal(session.run(digits), expected)
            and np.array_equal(lenet5.run(digits), expected)
            and np.array_equal(made.run(digits), expected)
        )

    assert in_child(work)
    np.testing.assert_array_equal(session.run(digits), expected)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_forked_during_a_run_is_not_stuck(slow_model: mcomp.Model) -> None:
    session = slow_model.session("ref")
    x = np.ones(session.input_shapes[0], np.float32)
    expected = session.run(x)
    started = threading.Event()

    def run() -> None:
        started.set()
        session.run(x)

    other = threading.Thread(target=run)
    other.start()
    started.wait()
    assert in_child(lambda: np.array_equal(session.run(x), expected))
    other.join()


SCRIPT = """
import os, signal, sys, threading, time
import numpy as np
import mcomp

def build(layers):
    builder = mcomp.GraphBuilder("slow")
    value = builder.add_input("x", (None, 16, 64, 64))
    for layer in range(layers):
        weight = builder.add_constant(f"w{layer}", np.full((16, 16, 3, 3), 1 / 144, np.float32))
        attributes = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
        value = builder.add_node("Conv", f"c{layer}", [value, weight], attributes)
    builder.mark_output(value)
    return builder.finish()

model = build(400)
x = np.ones((64, 16, 64, 64), np.float32)
signal.signal(signal.SIGINT, signal.default_int_handler)
threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    CALL
    print("ended by itself")
except KeyboardInterrupt:
    print("interrupted")
small = np.ones((1, 16, 64, 64), np.float32)
print(build(1).run(small).shape, flush=True)
os._exit(0)
"""


@pytest.mark.parametrize(
    "call",
    [
        "model.measure(min_seconds=3600)",
        "model.session().measure(min_seconds=3600)",
        "model.session('ref', batch=64).measure(x, min_seconds=3600)",
        "model.run(x, 'ref')",
        "model.session('ref', batch=64).profile(1000, x)",
        "model.measure(min_seconds=3600, progress=lambda *_: None)",
    ],
)
def test_control_c_ends_a_call_of_an_hour(call: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.replace("CALL", call)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={"PYTHONPATH": ":".join(filter(None, sys.path))},
    )
    assert done.stdout == "interrupted\n(1, 16, 64, 64)\n", done.stderr
    assert done.stderr == ""


def test_a_signal_inside_progress_is_raised_after_the_call(small_model: Build) -> None:
    def progress(*_: object) -> None:
        signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            small_model().measure(min_seconds=3600, progress=progress)
    finally:
        signal.signal(signal.SIGINT, before)
