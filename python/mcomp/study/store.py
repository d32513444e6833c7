"""The store: one SQLite file a study, in which nothing that was measured is ever lost.

Every measurement is one transaction, flushed to the disk before the next begins, and every row
has a unique key. Killed at any moment, the file holds what was finished and nothing else. One
process writes at a time; any number may read meanwhile.
"""

from __future__ import annotations

import datetime
import errno
import fcntl
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType

import numpy as np

import mcomp
from mcomp._arguments import file_path

from .grid import Study
from .integrity import check_content, check_tables
from .results import Measured, Metric, Samples
from .schema import APPLICATION_ID, SCHEMA_VERSION, TABLES
from .tasks import Task

_LOCK_SECONDS = 5.0  # how long a transaction waits for another program


class Store:
    """An open store; a context manager.

    Parameters
    ----------
    path : str or Path
        The SQLite file.
    write : bool
        Open for measuring: file and folder are made where they are absent, and other writers are
        kept out until it is closed.

    Raises
    ------
    mcomp.IoError
        No such file, no permission, the disk is full, another program holds it.
    mcomp.Corrupt
        No SQLite file, a damaged one, or one of something else; names the row where one is wrong.
    mcomp.VersionError
        Made by a newer library.
    """

    def __init__(self, path: str | Path, *, write: bool = False) -> None:
        self.path = file_path("store", path).absolute()
        self._open = ExitStack()
        try:
            if write:
                self._open.enter_context(_writer_lock(self.path))
            elif not self.path.is_file():
                raise mcomp.IoError(f"{self.path}: no such store")
            with self._errors():
                # A reader may have to undo what a killed writer left behind, so it opens for
                # writing too where it can.
                mode = "rwc" if write else "rw" if os.access(self.path, os.W_OK) else "ro"
                self._connection = sqlite3.connect(
                    f"{self.path.as_uri()}?mode={mode}",
                    uri=True,
                    timeout=_LOCK_SECONDS,
                    isolation_level=None,
                )
                self._open.callback(self._connection.close)
                self._connection.execute("PRAGMA foreign_keys = ON")
                self._connection.execute("PRAGMA synchronous = FULL")
                if not write:
                    self._connection.execute("PRAGMA query_only = ON")
                self._check_or_make_tables(write)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file and let other writers in."""
        self._open.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Store({str(self.path)!r})"

    @property
    def files(self) -> Path:
        """Folder beside the store that holds the compressed networks, each named by its key."""
        return self.path.with_name(self.path.name + ".files")

    # Writing

    def set_study(self, study: Study, tasks: Sequence[Task]) -> None:
        """Make `tasks` the current grid; earlier tasks and their results stay in the file."""
        with self._transaction():
            self._execute("DELETE FROM study")
            self._execute(
                "INSERT INTO study VALUES (1, ?, ?, ?, ?)",
                (study.name, study.description, str(study.path), study.text),
            )
            self._execute("UPDATE task SET position = NULL")
            for position, task in enumerate(tasks):
                self._execute(
                    "INSERT INTO task VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
                    "ON CONFLICT (key) DO UPDATE SET position = excluded.position, "
                    "model = excluded.model, recipe = excluded.recipe",
                    (
                        task.key,
                        position,
                        task.kind,
                        task.model,
                        task.recipe,
                        task.recipe_text,
                        task.device,
                        task.threads,
                        task.seed,
                        task.file_key,
                        json.dumps(dict(task.parameters), sort_keys=True),
                    ),
                )

    def record_round(self, key: str, round_index: int, measured: Measured) -> None:
        """Store the samples of one round of an unfinished task."""
        with self._transaction():
            self._insert_samples(key, round_index, measured)

    def record_done(
        self,
        key: str,
        round_index: int,
        measured: Measured,
        metrics: Sequence[Metric],
        details: Mapping[str, object],
    ) -> None:
        """Store the last round of a task together with what all its rounds amount to."""
        with self._transaction():
            environment = self._insert_samples(key, round_index, measured)
            self._insert_run(key, "done", "", environment, details)
            for metric in metrics:
                self._execute(
                    "INSERT INTO metric VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        key,
                        metric.name,
                        metric.unit,
                        metric.value,
                        metric.sample_count,
                        metric.min,
                        metric.p50,
                        metric.p90,
                        metric.p99,
                        metric.max,
                    ),
                )

    def record_failed(self, key: str, reason: str, environment: Mapping[str, str]) -> None:
        """Store why a task could not be measured; the next run tries it again."""
        with self._transaction():
            self._insert_run(key, "failed", reason, self._environment_id(environment), {})

    # Reading

    def query(self, statement: str, values: Sequence[object] = ()) -> list[sqlite3.Row]:
        """Run a SELECT and fetch all its rows, addressed by column name."""
        with self._errors():
            cursor = self._connection.cursor()
            cursor.row_factory = sqlite3.Row
            return cursor.execute(statement, values).fetchall()

    def statuses(self) -> dict[str, str]:
        """Key to ``done`` or ``failed``, for every task that was tried."""
        return {row["key"]: row["status"] for row in self.query("SELECT key, status FROM run")}

    def rounds(self, key: str) -> set[int]:
        """Tell which rounds of a task are stored."""
        rows = self.query("SELECT DISTINCT round FROM sample WHERE key = ?", (key,))
        return {int(row["round"]) for row in rows}

    def samples(self, key: str) -> dict[str, list[Samples]]:
        """Metric name to the samples of each stored round."""
        found: dict[str, list[Samples]] = {}
        for row in self.query(
            "SELECT metric, dtype, data FROM sample WHERE key = ? ORDER BY metric, round", (key,)
        ):
            found.setdefault(row["metric"], []).append(
                np.frombuffer(row["data"], dtype=np.dtype(row["dtype"]))
            )
        return found

    def details(self, key: str) -> dict[str, object]:
        """Details of a finished task; empty where there is none."""
        rows = self.query("SELECT details FROM run WHERE key = ?", (key,))
        return dict(json.loads(rows[0]["details"])) if rows else {}

    # Inside

    def _execute(self, statement: str, values: Sequence[object] = ()) -> sqlite3.Cursor:
        return self._connection.execute(statement, values)

    def _check_or_make_tables(self, write: bool) -> None:
        application = self._execute("PRAGMA application_id").fetchone()[0]
        version = self._execute("PRAGMA user_version").fetchone()[0]
        tables = self._execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if application == 0 and tables == 0 and write:
            with self._transaction():
                for statement in TABLES:
                    self._execute(statement)
                self._execute(f"PRAGMA application_id = {APPLICATION_ID}")
                self._execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            return
        if application != APPLICATION_ID:
            raise mcomp.Corrupt(f"{self.path}: is an SQLite file, but no study's store")
        if version > SCHEMA_VERSION:
            raise mcomp.VersionError(
                f"{self.path}: has schema version {version}, this library knows {SCHEMA_VERSION}"
            )
        if version < 1:
            raise mcomp.Corrupt(f"{self.path}: has schema version {version}, which none has")
        check_tables(self._connection, self.path)
        check_content(self._connection, self.path)

    def _insert_samples(self, key: str, round_index: int, measured: Measured) -> int:
        environment = self._environment_id(measured.environment)
        for metric, samples in measured.samples.items():
            dtype = samples.dtype.newbyteorder("<")
            self._execute(
                "INSERT INTO sample VALUES (?, ?, ?, ?, ?, ?)",
                (
                    key,
                    metric,
                    round_index,
                    environment,
                    dtype.str,
                    np.ascontiguousarray(samples, dtype=dtype).tobytes(),
                ),
            )
        return environment

    def _insert_run(
        self, key: str, status: str, reason: str, environment: int, details: Mapping[str, object]
    ) -> None:
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        self._execute(
            "INSERT INTO run VALUES (?, ?, ?, 1, ?, ?, ?) "
            "ON CONFLICT (key) DO UPDATE SET status = excluded.status, reason = excluded.reason, "
            "attempts = run.attempts + 1, finished_at = excluded.finished_at, "
            "environment = excluded.environment, details = excluded.details "
            "WHERE run.status = 'failed'",
            (key, status, reason, now, environment, json.dumps(dict(details), sort_keys=True)),
        )

    def _environment_id(self, environment: Mapping[str, str]) -> int:
        text = json.dumps(dict(environment), sort_keys=True)
        self._execute("INSERT OR IGNORE INTO environment (text) VALUES (?)", (text,))
        row = self._execute("SELECT id FROM environment WHERE text = ?", (text,)).fetchone()
        return int(row[0])

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All of it or, whatever is raised inside, nothing of it."""
        with self._errors():
            self._execute("BEGIN IMMEDIATE")
            try:
                yield
                self._execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.rollback()
                raise

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn SQLite's errors into the library's, with the file's name and one line."""
        try:
            yield
        except sqlite3.Error as error:
            raise _translate(error, self.path) from None
        except UnicodeDecodeError as error:  # of SQLite's own message, or of a name in the file
            raise mcomp.Corrupt(f"{self.path}: is no intact SQLite file: {error}") from None


def _translate(error: sqlite3.Error, path: Path) -> mcomp.MCompError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if isinstance(error, sqlite3.InterfaceError | sqlite3.ProgrammingError):
        return mcomp.InternalError(f"{path}: {error}")
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return mcomp.IoError(
            f"{path}: another program has locked the store for more than {_LOCK_SECONDS:g} s"
        )
    # Statements are the library's own: one that SQLite does not understand lacks a table or column.
    # No code at all: a text that is none.
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR, 0):
        return mcomp.Corrupt(f"{path}: is no intact SQLite file: {error}")
    if code == sqlite3.SQLITE_FULL:
        return mcomp.IoError(f"{path}: the disk is full; what was measured before is kept")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return mcomp.IoError(f"{path}: cannot be written: {error}")
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR):
        return mcomp.IoError(f"{path}: {error}")
    return mcomp.InternalError(f"{path}: {error}")


@contextmanager
def _writer_lock(path: Path) -> Iterator[None]:
    """Keep other writers out.

    SQLite's own locks last for a transaction; this one lasts for a run, so that two runs never
    measure the same task. The system lets go of it when the process ends, however it ends.
    """
    lock = path.with_name(path.name + ".lock")
    descriptor = -1
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        while descriptor < 0:
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not _is_open_as(lock, descriptor):  # its last owner removed it in between
                os.close(descriptor)
                descriptor = -1
    except OSError as error:
        if descriptor >= 0:
            os.close(descriptor)
        if error.errno == errno.EWOULDBLOCK:
            raise mcomp.IoError(f"{path}: another run is writing to the store") from None
        raise mcomp.IoError(f"{path}: cannot be written: {error.strerror}") from None
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
        os.close(descriptor)


def _is_open_as(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
