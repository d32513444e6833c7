"""The store: what it refuses, and that nothing in it is lost."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from study_support import table_rows, write_study

import mcomp
from mcomp import study
from mcomp.study.grid import read_study
from mcomp.study.results import Measured, nearest_rank, summarize
from mcomp.study.schema import APPLICATION_ID, SCHEMA_VERSION
from mcomp.study.store import Store
from mcomp.study.tasks import Task, plan_tasks

MEASURED = Measured({"latency_ns": np.array([3, 1, 2], np.int64)}, {"cpu": "some"})


@pytest.fixture
def tasks(tmp_path: Path) -> list[Task]:
    return plan_tasks(read_study(write_study(tmp_path)))


@pytest.fixture
def path(tmp_path: Path, tasks: list[Task]) -> Path:
    """A store with a grid and one finished task."""
    path = tmp_path / "store.sqlite"
    with Store(path, write=True) as store:
        store.set_study(read_study(tmp_path / "study.toml"), tasks)
        finish(store, tasks[0].key)
    return path


def finish(store: Store, key: str) -> None:
    metric = summarize("latency_ns", "ns", [MEASURED.samples["latency_ns"]])
    store.record_done(key, 0, MEASURED, [metric], {"isa": "scalar"})


def test_marks_and_version(path: Path) -> None:
    assert table_rows(path, "PRAGMA application_id") == [(APPLICATION_ID,)]
    assert table_rows(path, "PRAGMA user_version") == [(SCHEMA_VERSION,)]
    names = table_rows(path, "SELECT name FROM sqlite_master WHERE type = 'table'")
    assert [name for (name,) in names] == [
        "environment", "metric", "run", "sample", "study", "task",
    ]  # fmt: skip


def test_keeps_samples_to_the_bit_and_statistics_by_nearest_rank(
    path: Path, tasks: list[Task]
) -> None:
    with Store(path) as store:
        (part,) = store.samples(tasks[0].key)["latency_ns"]
        assert part.dtype == np.int64
        assert part.tolist() == [3, 1, 2]
        (row,) = store.query("SELECT * FROM metric")
    assert (row["value"], row["min"], row["p50"], row["p90"], row["max"]) == (2, 1, 2, 3, 3)
    assert row["sample_count"] == 3


def test_nearest_rank() -> None:
    ordered = np.arange(1, 11)
    assert [nearest_rank(ordered, p) for p in (0, 10, 11, 50, 90, 91, 99, 100)] == [
        1, 1, 2, 5, 9, 10, 10, 10,
    ]  # fmt: skip
    assert summarize("top1", "percent", [np.array([1, 0, 1, 1], np.uint8)]).value == 75.0


def test_a_second_writer_is_refused_and_may_come_later(path: Path) -> None:
    with (
        Store(path, write=True),
        pytest.raises(mcomp.IoError, match="another run is writing to the store"),
    ):
        Store(path, write=True)
    with Store(path, write=True):
        pass
    assert not path.with_name(path.name + ".lock").exists()


def test_readers_may_read_while_a_run_is_on(path: Path, tasks: list[Task]) -> None:
    with Store(path, write=True) as writer, Store(path) as reader:
        finish(writer, tasks[1].key)
        assert set(reader.statuses()) == {tasks[0].key, tasks[1].key}


def test_another_program_that_locks_the_file_is_named(
    path: Path, tasks: list[Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcomp.study.store._LOCK_SECONDS", 0.05)
    with Store(path, write=True) as store:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(mcomp.IoError, match="another program has locked the store"):
            finish(store, tasks[1].key)
        other.execute("ROLLBACK")
        other.close()
        finish(store, tasks[1].key)
        assert set(store.statuses()) == {tasks[0].key, tasks[1].key}


def test_a_task_cannot_be_finished_twice(path: Path, tasks: list[Task]) -> None:
    before = path.read_bytes()
    with Store(path, write=True) as store, pytest.raises(mcomp.InternalError, match="UNIQUE"):
        finish(store, tasks[0].key)
    assert path.read_bytes() == before


def test_a_full_disk_loses_nothing(path: Path, tasks: list[Task]) -> None:
    with Store(path, write=True) as store:
        pages = store.query("PRAGMA page_count")[0][0]
        store.query(f"PRAGMA max_page_count = {pages}")
        large = Measured({"latency_ns": np.arange(100_000)}, {"cpu": "some"})
        with pytest.raises(mcomp.IoError, match="the disk is full; what was measured before"):
            store.record_done(tasks[1].key, 0, large, [], {})
        assert set(store.statuses()) == {tasks[0].key}
        assert store.rounds(tasks[1].key) == set()
    assert table_rows(path, "PRAGMA integrity_check") == [("ok",)]


def test_damage_is_named(path: Path) -> None:
    content = path.read_bytes()
    for damaged in (b"no database at all, but long enough" * 40, content[:100] + b"\xff" * 8000):
        path.write_bytes(damaged)
        with pytest.raises(mcomp.Corrupt, match="no intact SQLite file") as caught:
            Store(path, write=True)
        assert "\n" not in str(caught.value)
        assert path.read_bytes() == damaged


def test_a_truncated_store_is_named(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(mcomp.Corrupt, match="no intact SQLite file"), Store(path) as store:
        store.query("SELECT * FROM task")


def test_other_files_are_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.sqlite"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE t (x)")
    connection.commit()
    connection.close()
    for write in (False, True):
        with pytest.raises(mcomp.Corrupt, match="no study's store"):
            Store(other, write=write)
    with pytest.raises(mcomp.IoError, match="no such store"):
        Store(tmp_path / "absent.sqlite")
    assert not (tmp_path / "absent.sqlite").exists()


def test_a_newer_schema_is_refused(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    with pytest.raises(mcomp.VersionError, match=f"schema version {SCHEMA_VERSION + 1}"):
        Store(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only for root")
def test_a_read_only_folder(path: Path, tasks: list[Task]) -> None:
    path.parent.chmod(0o555)
    try:
        with pytest.raises(mcomp.IoError, match="cannot be written"):
            Store(path, write=True)
        with Store(path) as store:
            assert set(store.statuses()) == {tasks[0].key}
    finally:
        path.parent.chmod(0o755)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(mcomp.IoError, match="cannot be written"):
        Store(tmp_path / "file" / "store.sqlite", write=True)
    with pytest.raises(mcomp.IoError):
        Store(tmp_path, write=True)


def test_readers_cannot_write(path: Path, tasks: list[Task]) -> None:
    with Store(path) as store, pytest.raises(mcomp.IoError, match="cannot be written"):
        finish(store, tasks[1].key)


def test_what_the_grid_drops_stays_in_the_file(path: Path, tasks: list[Task]) -> None:
    with Store(path, write=True) as store:
        store.set_study(read_study(path.parent / "study.toml"), tasks[1:])
        assert store.statuses() == {tasks[0].key: "done"}
        dropped = store.query("SELECT key FROM task WHERE position IS NULL")
        assert [row["key"] for row in dropped] == [tasks[0].key]
        store.set_study(read_study(path.parent / "study.toml"), tasks)
        assert store.query("SELECT key FROM task WHERE position IS NULL") == []


def damage(path: Path, *statements: str) -> None:
    """Change a store behind the package's back, with none of SQLite's own checks."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA ignore_check_constraints = ON")
    for statement in statements:
        assert connection.execute(statement).rowcount, statement
    connection.commit()
    connection.close()


@pytest.mark.parametrize("write", [False, True])
@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE environment SET text = '{nope'", "environment, row with id 1: text '{nope'"),
        ("UPDATE environment SET text = '[1]'", "text '[1]' is no JSON object"),
        ("UPDATE environment SET text = '{\"cpu\": 1}'", "is no JSON object of texts"),
        ("UPDATE environment SET text = cast(x'ff00' AS TEXT)", "environment, row with id 1: text"),
        ("UPDATE run SET details = 'zzz'", "run, row with key {key}: details 'zzz'"),
        ("UPDATE run SET details = '3'", "details '3' is no JSON object"),
        ("UPDATE run SET details = printf('%.*c', 100000, '[')", "is no JSON object"),
        ("UPDATE run SET status = 'over'", "status 'over' is none of done, failed"),
        ("UPDATE sample SET dtype = 'foo'", "key {key}, metric latency_ns, round 0: dtype 'foo'"),
        ("UPDATE sample SET dtype = '|O'", "dtype '|O' is none of"),
        ("UPDATE sample SET data = x'0102'", "metric latency_ns, round 0: data has 2 bytes"),
        ("UPDATE sample SET data = x''", "data has 0 bytes"),
        ("UPDATE task SET kind = 'zz' WHERE key = '{key}'", "task, row with key {key}: kind 'zz'"),
        ("UPDATE task SET parameters = 'null'", "parameters 'null' is no JSON object"),
        ("DELETE FROM environment", "row 1: what it names in environment is gone"),
        ("DELETE FROM run", "table metric, row 1: what it names in run is gone"),
    ],
)
def test_a_damaged_row_is_named(
    path: Path, tasks: list[Task], write: bool, statement: str, words: str
) -> None:
    damage(path, statement.replace("{key}", tasks[0].key))
    before = path.read_bytes()
    with pytest.raises(mcomp.Corrupt) as caught:
        Store(path, write=write)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert words.replace("{key}", tasks[0].key) in message
    assert "\n" not in message
    assert path.read_bytes() == before


@pytest.mark.parametrize("write", [False, True])
@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("PRAGMA user_version = 0", "schema version 0"),
        ("PRAGMA user_version = -5", "schema version -5"),
        ("DROP TABLE run", "there is no table run"),
        ("ALTER TABLE run DROP COLUMN reason", "table run has other columns than key, status"),
        ("ALTER TABLE sample ADD COLUMN more TEXT", "table sample has other columns"),
    ],
)
def test_other_tables_are_refused(path: Path, write: bool, statement: str, words: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.commit()
    connection.close()
    before = path.read_bytes()
    with pytest.raises(mcomp.Corrupt, match=words):
        Store(path, write=write)
    assert path.read_bytes() == before


def test_random_damage_is_refused_or_harmless(path: Path, tasks: list[Task]) -> None:
    with Store(path, write=True) as store:
        for task in tasks[1:]:
            finish(store, task.key)
    whole = path.read_bytes()
    seed = int.from_bytes(os.urandom(4))
    print("seed", seed)
    generator = np.random.default_rng(seed)
    refused: list[mcomp.MCompError] = []
    for _ in range(300):
        content = np.frombuffer(whole, np.uint8).copy()
        start = int(generator.integers(100, content.size))  # what is before tells the file's kind
        count = int(generator.choice([1, 2, 16, 200]))
        content[start : start + count] = generator.integers(0, 256, content[start:][:count].size)
        path.write_bytes(content)
        before = path.read_bytes()
        try:
            rows = study.read_rows(path, every=True)
            str(study.status(path))
            assert len(rows) >= len(tasks)
        except mcomp.MCompError as error:
            refused.append(error)
        assert path.read_bytes() == before
    assert len(refused) > 30
    for error in refused:
        assert "\n" not in str(error)
        assert str(path) in str(error)
        assert not isinstance(error, mcomp.InternalError)
