"""Running a study: what it measures, and that it may be stopped at any moment."""

from __future__ import annotations

import random
import shutil
import signal
import sqlite3
import time
from pathlib import Path

import pytest
from study_support import (
    TINY,
    TINY_TASKS,
    everything_that_counts,
    python_process,
    table_rows,
    write_study,
)

import mcomp
from mcomp import study
from mcomp.study import jobs

RUN = "import sys; from mcomp import study; study.run(sys.argv[1], sys.argv[2])"

# Kills itself before its n-th statement that writes.
RUN_AND_DIE = """
import os, signal, sys
from mcomp import study
from mcomp.study.store import Store
left = int(sys.argv[3])
execute = Store._execute
def counted(self, statement, values=()):
    global left
    if statement.split()[0] in ("INSERT", "UPDATE", "COMMIT"):
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
    return execute(self, statement, values)
Store._execute = counted
study.run(sys.argv[1], sys.argv[2])
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of the tiny study, run without being disturbed. Never write to it."""
    folder = tmp_path_factory.mktemp("finished")
    steps: list[tuple[int, int]] = []
    summary = study.run(
        write_study(folder),
        folder / "store.sqlite",
        progress=lambda _, done, total: steps.append((done, total)),
    )
    assert (summary.done, summary.skipped, summary.failed) == (TINY_TASKS, 0, 0)
    assert summary.failures == ()
    # Two files, two accuracies, two memories, three rounds of two speeds.
    assert steps == [(done, 12) for done in range(12)]
    return folder / "store.sqlite"


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished store, its study and its files."""
    shutil.copytree(finished.parent, tmp_path, dirs_exist_ok=True)
    return tmp_path / "store.sqlite"


def test_what_is_measured(finished: Path) -> None:
    rows = study.read_rows(finished)
    assert {row.status for row in rows} == {"done"}
    half = rows.where(recipe="half")

    def one(metric: str) -> study.Row:
        (row,) = half.where(metric=metric)
        return row

    (path,) = [
        path
        for path in finished.with_name("store.sqlite.files").iterdir()
        if path.stem == one("file_nbytes").key
    ]
    assert one("file_nbytes").value == path.stat().st_size
    assert one("float_nbytes").value == 4 * 431_080
    assert one("ratio").value == 4 * 431_080 / path.stat().st_size
    with mcomp.Context(threads=1) as context, mcomp.load(path, context=context) as model:
        assert one("stored_nbytes").value == model.stored_nbytes
        assert one("macs").value == model.macs
        with model.session("cpu") as session:
            assert one("weights_nbytes").value == session.weights_nbytes
            assert one("activations_nbytes").value == session.activations_nbytes
        found = mcomp.evaluate(model, "mnist5k", limit=40)
    assert one("top1").value == found.top1
    assert one("top1").sample_count == 40
    assert one("top1").samples.tolist() == (found.ranks == 0).tolist()
    assert one("top5").value == found.top5
    # At least what the session holds; and not the whole process.
    assert one("weights_nbytes").value < one("peak_memory_nbytes").value < 64 << 20
    latency = one("latency_ns")
    assert latency.sample_count == 6
    assert latency.min == latency.samples.min() > 0
    assert latency.value == sorted(latency.samples)[2]
    assert one("load_ns").sample_count == 3


def test_what_ran_is_kept(finished: Path) -> None:
    rows = study.read_rows(finished)
    context = mcomp.default_context()
    for row in rows:
        assert row.environment["mcomp"] == mcomp.__version__
        assert row.environment["cpu"]
        assert float(row.environment["load_average"]) >= 0
        if row.kind != "file":
            assert row.isa == context.isa
            assert row.details["devices"] == ["cpu"]
            assert any("Conv" in kernel for kernel in row.details["kernels"])
    assert rows.where(metric="joules_per_run", value=0.0) == ()


def test_variants_take_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    measure = jobs.measure_speed

    def noted(path: Path, *arguments: object) -> object:
        order.append(path.stem)
        return measure(path, *arguments)

    monkeypatch.setattr(jobs, "measure_speed", noted)
    study.run(write_study(tmp_path), tmp_path / "store.sqlite")
    a, b = order[:2]
    assert a != b
    assert order == [a, b] * 3


def test_a_second_run_measures_nothing(copy: Path) -> None:
    before = everything_that_counts(copy)
    times = table_rows(copy, "SELECT key, finished_at FROM run")
    summary = study.run(copy.parent / "study.toml", copy)
    assert (summary.done, summary.skipped, summary.failed) == (0, TINY_TASKS, 0)
    assert everything_that_counts(copy) == before
    assert table_rows(copy, "SELECT key, finished_at FROM run") == times


def test_a_larger_grid_measures_only_what_is_new(copy: Path) -> None:
    text = TINY.replace('half = "store', 'again = "store.float dtype=bfloat16"\nhalf = "store')
    summary = study.run(write_study(copy.parent, text), copy)
    assert (summary.done, summary.skipped, summary.failed) == (4, TINY_TASKS, 0)
    smaller = study.run(write_study(copy.parent), copy)
    assert (smaller.done, smaller.skipped) == (0, TINY_TASKS)
    assert study.status(copy).earlier == 4
    assert len(study.read_rows(copy)) < len(study.read_rows(copy, every=True))


def test_lost_and_damaged_files_are_made_again(copy: Path) -> None:
    files = sorted(copy.with_name("store.sqlite.files").iterdir())
    contents = [path.read_bytes() for path in files]
    files[0].unlink()
    files[1].write_bytes(contents[1][:-100])
    text = TINY.replace("limit = 40", "limit = 30")
    summary = study.run(write_study(copy.parent, text), copy)
    assert (summary.done, summary.skipped, summary.failed) == (2, 6, 0)
    assert [path.read_bytes() for path in files] == contents


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_killed_at_random_it_ends_with_the_same_rows(
    finished: Path, tmp_path: Path, seed: int
) -> None:
    print(f"seed {seed}")
    generator = random.Random(seed)
    path, store = write_study(tmp_path), tmp_path / "store.sqlite"
    for _ in range(3):
        process = python_process(RUN, path, store)
        time.sleep(generator.uniform(0.3, 2.5))
        process.kill()
        process.communicate()
    process = python_process(RUN, path, store)
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    assert everything_that_counts(store) == everything_that_counts(finished)


@pytest.mark.parametrize("statement", [0, 9, 13, 24, 60])
def test_killed_inside_a_transaction_it_ends_with_the_same_rows(
    finished: Path, tmp_path: Path, statement: int
) -> None:
    path, store = write_study(tmp_path), tmp_path / "store.sqlite"
    process = python_process(RUN_AND_DIE, path, store, statement)
    _, errors = process.communicate()
    assert process.returncode == -signal.SIGKILL, errors
    study.run(path, store)
    assert everything_that_counts(store) == everything_that_counts(finished)


@pytest.mark.parametrize("step", [3, 9])
def test_an_interrupted_run_keeps_what_is_finished(
    finished: Path, tmp_path: Path, step: int
) -> None:
    path, store = write_study(tmp_path), tmp_path / "store.sqlite"

    def interrupt(_: str, done: int, __: int) -> None:
        if done == step:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        study.run(path, store, progress=interrupt)
    assert len(table_rows(store, "SELECT DISTINCT key, round FROM sample")) == step
    summary = study.run(path, store)
    assert summary.done + summary.skipped == TINY_TASKS
    assert everything_that_counts(store) == everything_that_counts(finished)


def test_what_fails_is_stored_and_tried_again(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, store = write_study(tmp_path), tmp_path / "store.sqlite"
    measure = jobs.measure_speed
    calls = 0

    def fails_at_the_third(*arguments: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise mcomp.DeviceError("conv1: the device went away")
        return measure(*arguments)

    monkeypatch.setattr(jobs, "measure_speed", fails_at_the_third)
    first = study.run(path, store)
    assert (first.done, first.skipped, first.failed) == (TINY_TASKS - 1, 0, 1)
    (failure,) = first.failures
    assert failure == "speed lenet5 as it is on cpu 1 threads: conv1: the device went away"
    told = study.status(store)
    assert (told.done, told.failed, told.missing) == (TINY_TASKS - 1, 1, 0)
    assert told.failures == first.failures
    (row,) = study.read_rows(store).where(recipe="as it is", metric="latency_ns")
    assert (row.status, row.value, row.reason) == ("failed", None, "conv1: the device went away")

    second = study.run(path, store)
    assert (second.done, second.skipped, second.failed) == (1, TINY_TASKS - 1, 0)
    assert table_rows(store, "SELECT status, attempts FROM run WHERE attempts > 1") == [("done", 2)]
    found, wanted = everything_that_counts(store), everything_that_counts(finished)
    for table in ("metrics", "values", "samples"):
        assert found[table] == wanted[table]


def test_a_device_that_is_absent_fails_its_tasks_only(tmp_path: Path) -> None:
    text = TINY.replace('["cpu"]', '["cpu", "no such device"]')
    path, store = write_study(tmp_path, text), tmp_path / "store.sqlite"
    for attempt in (1, 2):
        summary = study.run(path, store)
        assert summary.failed == 6
        assert summary.done == (TINY_TASKS if attempt == 1 else 0)
        assert all("no such device" in failure for failure in summary.failures)
        assert table_rows(store, "SELECT DISTINCT attempts FROM run WHERE status = 'failed'") == [
            (attempt,)
        ]


def test_a_recipe_that_fails_takes_its_tasks_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compress = mcomp.Model.compress

    def refuses(model: mcomp.Model, recipe: str, *arguments: object, **options: object) -> object:
        if "float" in recipe:
            raise mcomp.Unsupported("conv1_weight: no such encoding")
        return compress(model, recipe, *arguments, **options)

    monkeypatch.setattr(mcomp.Model, "compress", refuses)
    summary = study.run(write_study(tmp_path), tmp_path / "store.sqlite")
    assert (summary.done, summary.failed) == (4, 4)
    assert summary.failures[0] == "file lenet5 half: conv1_weight: no such encoding"
    assert all(line.endswith("there is no file to execute") for line in summary.failures[1:])


def test_a_failure_of_the_whole_run_is_raised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> object:
        raise mcomp.IoError("x.mcomp: No space left on device")

    path, store = write_study(tmp_path), tmp_path / "store.sqlite"
    with monkeypatch.context() as patch:
        patch.setattr(jobs, "measure_memory", full)
        with pytest.raises(mcomp.IoError, match="No space left"):
            study.run(path, store)
    assert study.status(store).failed == 0
    assert study.run(path, store).skipped == 4  # files and accuracies


def test_a_study_that_is_wrong_makes_no_store(tmp_path: Path) -> None:
    path = write_study(tmp_path, TINY.replace("store.dense", "no.such.pass"))
    with pytest.raises(mcomp.InvalidArgument, match=r"no\.such\.pass"):
        study.run(path, tmp_path / "store.sqlite")
    assert [entry.name for entry in tmp_path.iterdir()] == ["study.toml"]


def test_two_runs_at_once_are_refused(copy: Path) -> None:
    holder = python_process(
        "import sys; from mcomp.study.store import Store\n"
        "with Store(sys.argv[1], write=True): print(flush=True); sys.stdin.read()",
        copy,
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    with pytest.raises(mcomp.IoError, match="another run is writing"):
        study.run(copy.parent / "study.toml", copy)
    holder.kill()
    holder.communicate()
    assert study.run(copy.parent / "study.toml", copy).skipped == TINY_TASKS


def test_samples_are_raw(copy: Path) -> None:
    connection = sqlite3.connect(copy)
    (dtype, data) = connection.execute(
        "SELECT dtype, data FROM sample WHERE metric = 'latency_ns' LIMIT 1"
    ).fetchone()
    connection.close()
    assert dtype == "<i8"
    assert len(data) == 2 * 8


@pytest.mark.parametrize("kind", ["file", "accuracy", "memory", "speed"])
def test_a_result_that_is_gone_while_its_samples_are_there_is_named(copy: Path, kind: str) -> None:
    connection = sqlite3.connect(copy)
    connection.execute("PRAGMA foreign_keys = ON")  # metrics go too, so that nothing contradicts
    connection.execute(
        "DELETE FROM run WHERE key IN (SELECT key FROM task WHERE kind = ?)", (kind,)
    )
    connection.commit()
    connection.close()
    before = everything_that_counts(copy)
    with pytest.raises(mcomp.Corrupt, match="its row of table run is gone") as caught:
        study.run(copy.parent / "study.toml", copy)
    assert str(copy) in str(caught.value)
    assert kind in str(caught.value)
    assert everything_that_counts(copy) == before
    assert study.status(copy).missing == 2


def test_a_file_whose_checksum_is_gone_is_named(copy: Path) -> None:
    connection = sqlite3.connect(copy)
    connection.execute("UPDATE run SET details = '{}'")
    for table in ("metric", "sample", "run"):
        connection.execute(
            f"DELETE FROM {table} WHERE key IN (SELECT key FROM task WHERE kind = 'memory')"
        )
    connection.commit()
    connection.close()
    summary = study.run(copy.parent / "study.toml", copy)
    assert (summary.failed, summary.done) == (2, 0)
    assert all("details lack file_sha256" in failure for failure in summary.failures)
