"""Constants that are computed while a file is read: right, and neither much memory nor long."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from onnx_build import integers, make_model, node, ones, random, write

import mcomp
from mcomp.onnx_io import budget

#: Reads a file with so many MB of address space beside what the process has already.
READ = """
import resource, sys
import numpy, onnx.reference, mcomp
mcomp.Context()
size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
limit = size + (int(sys.argv[2]) << 20)
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
try:
    with mcomp.read_onnx(sys.argv[1]) as model:
        print("read", *model.run(numpy.zeros((1, 4), numpy.float32))[0].astype(int))
except mcomp.MCompError as error:
    print(type(error).__name__, error)
"""


def read_within(path: Path, memory_mb: int) -> str:
    run = subprocess.run(
        [sys.executable, "-c", READ, str(path), str(memory_mb)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def sum_of_chain(
    count: int, link: Callable[[int], onnx.NodeProto], a0: np.ndarray
) -> onnx.ModelProto:
    """x [N, 4] plus the sum of a constant that ``count`` nodes, one after the other, make of a0."""
    nodes = [link(index) for index in range(count)]
    nodes.append(node("ReduceSum", [f"a{count}"], "sum", keepdims=0))
    nodes.append(node("Add", ["x", "sum"]))
    return make_model(nodes, {"a0": a0}, inputs={"x": ["N", 4]}, outputs=("y",))


def doubling(index: int) -> onnx.NodeProto:
    return node("Concat", [f"a{index}"] * 2, f"a{index + 1}", name=f"double{index}", axis=0)


def adding(index: int) -> onnx.NodeProto:
    return node("Add", [f"a{index}", "a0"], f"a{index + 1}", name=f"add{index}")


def moving(index: int) -> onnx.NodeProto:
    return node("Transpose", [f"a{index}"], f"a{index + 1}", name=f"move{index}", perm=[1, 0])


def of_errors(index: int) -> onnx.NodeProto:
    return node("Erf", [f"a{index}"], f"a{index + 1}", name=f"erf{index}")


@pytest.mark.parametrize("dtype", [np.float32, np.int64])
def test_doubling_without_end_is_refused_in_little_memory(dtype: type, tmp_path: Path) -> None:
    path = tmp_path / "a.onnx"
    nodes = [
        *(doubling(index) for index in range(60)),
        node("Cast", ["a60"], "floats", to=1),
        node("Add", ["x", "floats"], name="sum1"),
    ]
    a0 = numpy_helper.from_array(np.ones(4, dtype), "a0")
    x, y = (helper.make_tensor_value_info(name, 1, ["N", 4]) for name in "xy")
    graph = helper.make_graph(nodes, "doubling", [x], [y], [a0])
    path.write_bytes(helper.make_model(graph, ir_version=8).SerializeToString())
    assert path.stat().st_size < 4000
    answer = read_within(path, 600 if dtype == np.float32 else 1000)
    assert answer.startswith("LimitError")
    assert "'double23'" in answer
    assert "computed constants hold more than" in answer
    assert "sum1" not in answer


def test_doubling_within_the_limit_takes_what_its_last_constants_take(tmp_path: Path) -> None:
    path = write(sum_of_chain(20, doubling, ones(4)), tmp_path)
    # 2^22 floats, and half as many that they are made of, are 25 MB.
    assert read_within(path, 100).split() == ["read"] + ["4194304"] * 4


def test_what_nothing_reads_any_more_is_freed(tmp_path: Path) -> None:
    a0 = ones(2_000_000)
    count = 40
    assert count * a0.size > budget.HELD_MAX + budget.HELD_PER_ELEMENT * a0.size
    path = write(sum_of_chain(count, adding, a0), tmp_path)
    assert read_within(path, 150).split() == ["read"] + ["82000000"] * 4


REFUSED: dict[str, tuple[Callable[[], onnx.ModelProto], str]] = {
    "thousands of additions": (
        lambda: sum_of_chain(3000, adding, ones(200_000)),
        r"node 'add\d+' \(ai\.onnx:Add\): computing constants takes more than 268435456 elements",
    ),
    "small results of a large constant": (
        lambda: make_model(
            [
                *(
                    node("ReduceSum", ["a"], f"s{index}", name=f"sum{index}", keepdims=0)
                    for index in range(400)
                ),
                node("Add", ["x", "s399"]),
            ],
            {"a": ones(1_000_000)},
        ),
        r"node 'sum28\d' and \d+ more \(ai\.onnx:ReduceSum\): computing constants takes more than",
    ),
    "an operator that is computed in Python": (
        lambda: sum_of_chain(60, of_errors, ones(100_000)),
        r"node 'erf41' \(ai\.onnx:Erf\): computing constants takes more than",
    ),
    "a constant that is moved on and on": (
        lambda: sum_of_chain(2000, moving, ones(2, 2)),
        r"node 'move16' \(ai\.onnx:Transpose\): moves or casts a constant more than 16 times",
    ),
    "a constant that is given to one node many times": (
        lambda: make_model(
            [
                node("ConstantOfShape", ["s"], "f", name="fill1"),
                node("Sum", ["f"] * 3, "g", name="sum1"),
                node("Add", ["x", "g"]),
            ],
            {"s": integers(1 << 26)},
        ),
        r"node 'sum1' \(ai\.onnx:Sum\): .*computed constants hold more than",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str, tmp_path: Path) -> None:
    make, reason = REFUSED[name]
    with pytest.raises(mcomp.LimitError, match=reason):
        mcomp.read_onnx(write(make(), tmp_path))


def test_sixteen_moves_are_read(tmp_path: Path) -> None:
    a0 = random(2, 3)
    with mcomp.read_onnx(write(sum_of_chain(16, moving, a0), tmp_path)) as model:
        y = model.run(np.zeros((1, 4), np.float32))
    np.testing.assert_allclose(y, np.full((1, 4), a0.sum()), rtol=1e-6)


def test_memory_that_runs_out_in_the_onnx_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(sum_of_chain(2, doubling, ones(4)), tmp_path)

    def run_out(*_: object, **__: object) -> None:
        raise MemoryError("std::bad_alloc")

    monkeypatch.setattr(onnx.shape_inference, "infer_shapes", run_out)
    with pytest.raises(mcomp.OutOfMemory, match="memory ran out while it was read"):
        mcomp.read_onnx(path)


@pytest.mark.parametrize("op", ["Add", "Sub", "Mul"])
@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.int32])
def test_arithmetic_of_constants(op: str, dtype: type, tmp_path: Path) -> None:
    generator = np.random.default_rng(3)
    a = generator.integers(-9, 9, (3, 1, 8)).astype(dtype)
    b = generator.integers(-9, 9, (8, 1)).astype(dtype)
    nodes = [
        node(op, ["a", "b"], "c"),
        node("Cast", ["c"], "floats", to=1),
        node("Add", ["x", "floats"]),
    ]
    expected = {"Add": a + b, "Sub": a - b, "Mul": a * b}[op]
    x = random(2, 3, 8, 8)
    with mcomp.read_onnx(write(make_model(nodes, {"a": a, "b": b}), tmp_path)) as model:
        np.testing.assert_array_equal(model.run(x), x + expected.astype(np.float32))
