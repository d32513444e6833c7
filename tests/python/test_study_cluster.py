"""A study whose networks are executed by the workers of a dask cluster."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from study_support import TINY_TASKS, everything_that_counts, table_rows, write_study

import mcomp
from mcomp import study


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """Address of a scheduler with two workers in this process."""
    distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0"
    ) as cluster:
        yield cluster.scheduler_address


def test_ends_with_the_rows_of_a_local_run(scheduler: str, tmp_path: Path) -> None:
    here, there = tmp_path / "here.sqlite", tmp_path / "there.sqlite"
    path = write_study(tmp_path)
    study.run(path, here)
    summary = study.run(path, there, scheduler=scheduler)
    assert (summary.done, summary.skipped, summary.failed) == (TINY_TASKS, 0, 0)
    assert everything_that_counts(there) == everything_that_counts(here)
    assert study.run(path, there, scheduler=scheduler).skipped == TINY_TASKS
    assert study.run(path, there).skipped == TINY_TASKS


def test_what_fails_on_a_worker_is_stored(
    scheduler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> object:
        raise mcomp.DeviceError("conv1: the device went away")

    path, store = write_study(tmp_path), tmp_path / "store.sqlite"
    with monkeypatch.context() as patch:
        patch.setattr("mcomp.study.jobs.measure_speed", fails)
        summary = study.run(path, store, scheduler=scheduler)
    assert (summary.done, summary.failed) == (TINY_TASKS - 2, 2)
    assert all("the device went away" in failure for failure in summary.failures)
    assert table_rows(store, "SELECT attempts FROM run WHERE status = 'failed'") == [(1,), (1,)]
    assert study.run(path, store, scheduler=scheduler).done == 2


def test_a_worker_that_would_do_several_jobs_at_once_is_refused(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed")
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=2, processes=False, dashboard_address=":0"
        ) as cluster,
        pytest.raises(mcomp.InvalidArgument, match="has 2 threads for dask"),
    ):
        study.run(write_study(tmp_path), tmp_path / "s.sqlite", scheduler=cluster.scheduler_address)


def test_a_scheduler_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed", reason="dask.distributed is not installed")
    monkeypatch.setattr("mcomp.study.cluster._CONNECT_SECONDS", 0.5)
    with pytest.raises(mcomp.IoError, match=r"scheduler tcp://127\.0\.0\.1:9"):
        study.run(write_study(tmp_path), tmp_path / "s.sqlite", scheduler="tcp://127.0.0.1:9")


def test_without_dask_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(mcomp.Unsupported, match=r"pip install '\.\[cluster\]' in the checkout"):
        study.run(write_study(tmp_path), tmp_path / "s.sqlite", scheduler="tcp://127.0.0.1:8786")
