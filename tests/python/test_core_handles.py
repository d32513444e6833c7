"""Handles: closed at any time, in any order; memory comes back."""

from __future__ import annotations

import gc
import itertools
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mcomp

Build = Callable[..., mcomp.Model]
X = np.ones((1, 6), np.float32)


def family(build: Build) -> dict[str, Any]:
    context = mcomp.Context(threads=2)
    model = build(context=context)
    plan = model.plan()
    return {"context": context, "model": model, "plan": plan, "session": plan.session()}


@pytest.mark.parametrize(
    "order", list(itertools.permutations(["context", "model", "plan", "session"]))
)
def test_closing_in_any_order_leaves_the_others_usable(
    small_model: Build, order: tuple[str, ...]
) -> None:
    expected = small_model().run(X)
    made = family(small_model)
    for closed in order:
        made.pop(closed).close()
        if "session" in made:
            np.testing.assert_array_equal(made["session"].run(X), expected)
        if "plan" in made:
            with made["plan"].session() as session:
                np.testing.assert_array_equal(session.run(X), expected)
        if "model" in made:
            assert made["model"].name == "small"
            np.testing.assert_array_equal(made["model"].run(X), expected)


def test_dropping_in_random_orders(small_model: Build) -> None:
    seed = 20
    print("seed", seed)
    generator = random.Random(seed)
    for _ in range(20):
        objects = list(family(small_model).values())
        objects += [objects[1].constants, objects[1].constants["weight"].values()]
        generator.shuffle(objects)
        while objects:
            objects.pop()
            if generator.random() < 0.3:
                gc.collect()


@pytest.mark.parametrize(
    ("kind", "use"),
    [
        ("context", lambda made: made.threads),
        ("context", lambda made: made.environment),
        ("context", lambda made: mcomp.devices(made)),
        ("context", lambda made: mcomp.models.create("lenet5", context=made)),
        ("context", lambda made: mcomp.GraphBuilder(context=made)),
        ("model", lambda made: made.name),
        ("model", lambda made: made.nodes),
        ("model", lambda made: made.constants),
        ("model", lambda made: made.report),
        ("model", lambda made: made.run(X)),
        ("model", lambda made: made.plan()),
        ("model", lambda made: made.save("never.mcomp")),
        ("model", lambda made: made.simplify()),
        ("model", lambda made: made.with_outputs(["y"])),
        ("plan", lambda made: made.session()),
        ("plan", lambda made: made.steps),
        ("session", lambda made: made.run(X)),
        ("session", lambda made: made.profile(1)),
        ("session", lambda made: made.measure()),
        ("session", lambda made: made.load_ns),
    ],
)
def test_use_after_close_says_so(
    small_model: Build, kind: str, use: Callable[[Any], object]
) -> None:
    made = family(small_model)[kind]
    made.close()
    made.close()
    assert made.closed
    assert "closed" in repr(made)
    with pytest.raises(mcomp.InvalidArgument, match=f"the {kind} is closed"):
        use(made)
    assert not Path("never.mcomp").exists()


def test_with_closes_and_refuses_closed_ones(small_model: Build) -> None:
    with small_model() as model, model.session() as session:
        assert session.run(X).shape == (1, 4)
    assert model.closed
    assert session.closed
    with pytest.raises(mcomp.InvalidArgument, match="closed"), model:
        pass


def test_finished_builder_is_closed(small_model: Build) -> None:
    builder = mcomp.GraphBuilder()
    x = builder.add_input("x", (None, 2))
    builder.mark_output(builder.add_node("Relu", "y", [x]))
    builder.finish()
    assert builder.closed
    for use in (builder.finish, lambda: builder.mark_output(0)):
        with pytest.raises(mcomp.InvalidArgument, match="closed"):
            use()


def test_builder_that_cannot_finish_stays_open() -> None:
    builder = mcomp.GraphBuilder()
    x = builder.add_input("x", (None, 2))
    with pytest.raises(mcomp.MCompError, match="output"):
        builder.finish()
    builder.mark_output(builder.add_node("Relu", "y", [x]))
    assert len(builder.finish().nodes) == 1


def test_default_context_is_made_anew_once_closed(small_model: Build) -> None:
    first = mcomp.default_context()
    model = small_model()
    first.close()
    second = mcomp.default_context()
    assert second is not first
    assert mcomp.default_context() is second
    assert model.run(X).shape == (1, 4)


def test_cycles_are_collected(small_model: Build) -> None:
    class Holder:
        def __init__(self, model: mcomp.Model) -> None:
            self.model = model
            self.session = model.session()
            self.me = self

    before = mcomp.resident_nbytes()
    for _ in range(30):
        Holder(small_model(1000, 1000))
        gc.collect()
    assert mcomp.resident_nbytes() - before < 40 * 2**20


def grown(cycles: int, cycle: Callable[[], object]) -> int:
    """Growth of resident memory over some cycles, after as many to warm up as allocators need."""
    for _ in range(cycles // 10):
        cycle()
    gc.collect()
    before = mcomp.resident_nbytes()
    for _ in range(cycles):
        cycle()
    gc.collect()
    return mcomp.resident_nbytes() - before


def test_a_thousand_cycles_of_closing_keep_memory_bounded(small_model: Build) -> None:
    def cycle() -> None:
        model = small_model(256, 64)
        session = model.session()
        session.run(np.ones((1, 256), np.float32))
        session.close()
        model.close()

    # One leaked cycle is more than 64 KiB (the weights alone), a thousand more than 64 MiB.
    assert grown(1000, cycle) < 8 * 2**20


def test_a_thousand_cycles_of_dropping_keep_memory_bounded(small_model: Build) -> None:
    def cycle() -> None:
        model = small_model(256, 64)
        model.run(np.ones((1, 256), np.float32))
        model.constants["weight"].values()
        model.measure(min_runs=1, min_seconds=0, warmup_runs=0)

    assert grown(1000, cycle) < 8 * 2**20


def test_failures_keep_memory_bounded(small_model: Build) -> None:
    model = small_model(256, 64)
    session = model.session()
    wrong = np.full((1, 256), np.nan, np.float32)

    def cycle() -> None:
        with pytest.raises(mcomp.InvalidArgument):
            session.run(wrong)
        with pytest.raises(mcomp.NotFound):
            model.session("tpu")
        with pytest.raises(mcomp.MCompError):
            model.compress("store.dense nothing=1")
        with pytest.raises(mcomp.NotFound):
            mcomp.load("/nowhere/at/all.mcomp")

    assert grown(1000, cycle) < 8 * 2**20


def test_measurements_give_their_samples_back(small_model: Build) -> None:
    session = small_model().session()

    def cycle() -> None:
        session.measure(min_runs=3000, min_seconds=0, warmup_runs=0)

    # 3,000 samples are 24,000 bytes, 250 leaked times 6 MB.
    assert grown(250, cycle) < 3 * 2**20


def test_contexts_give_their_threads_back(small_model: Build) -> None:
    def threads() -> int:
        return len(list(Path("/proc/self/task").iterdir()))

    before = threads()
    for _ in range(100):
        with mcomp.Context(threads=4) as context, small_model(context=context) as model:
            model.run(np.ones((64, 6), np.float32))
        del context, model
    assert threads() <= before + 4


EXIT_SCRIPT = """
import threading, numpy, mcomp
model = mcomp.models.create("lenet5")
session = model.session()
x = numpy.zeros((1, 1, 28, 28), numpy.float32)
session.run(x)
view = model.constants["ip1_weight"].values()
class Late:
    def __del__(self):
        self.session.run(x)
        self.model.close()
late = Late()
late.session, late.model, late.me = session, model, late
def forever():
    while True:
        model.run(x)
threading.Thread(target=forever, daemon=True).start()
print("end", flush=True)
"""


def test_interpreter_exit_with_everything_open() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", EXIT_SCRIPT],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={"PYTHONPATH": ":".join(filter(None, sys.path))},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "end\n"
    assert "Fatal" not in done.stderr
    assert "Segmentation" not in done.stderr
