"""Measure what a store still lacks of a study's grid."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import mcomp
from mcomp._arguments import progress as check_progress
from mcomp._arguments import text

from .cluster import Cluster
from .files import Files
from .grid import Study, read_study
from .jobs import Executor, Job, execute_here
from .measuring import environment_of
from .results import Measured, summarize
from .store import Store
from .tasks import METRICS, Place, Task, plan_tasks

#: Called with what is being done, steps done, steps in all.
Progress = Callable[[str, int, int], object]


@dataclass(frozen=True)
class RunSummary:
    """What a run did.

    Attributes
    ----------
    done, skipped, failed : int
        Tasks measured now, measured before, and not measurable; they sum to the grid.
    store : Path
    failures : tuple of str
        ``task: reason``, one line each.
    """

    done: int
    skipped: int
    failed: int
    store: Path
    failures: tuple[str, ...]


def run(
    study: str | Path,
    store: str | Path,
    *,
    scheduler: str | None = None,
    progress: Progress | None = None,
) -> RunSummary:
    """Measure everything that a study asks for and its store does not hold yet.

    Every measurement is in the store, on the disk, before the next begins. Stopped at any moment,
    by Ctrl-C, SIGKILL or a power cut, the next call goes on from there. What failed is stored with
    its reason and tried again by the next call.

    Parameters
    ----------
    study : str or Path
        A study.toml.
    store : str or Path
        SQLite file, made where it is absent. The compressed networks are kept in a folder beside
        it, named like it with ``.files`` behind.
    scheduler : str, optional
        Address of a dask scheduler, such as ``tcp://10.0.0.1:8786``. Networks are compressed here
        and executed by its workers: boards of one kind, each with one thread for dask. None:
        executed here.
    progress : callable, optional
        Called with (what is being done, steps done, steps in all). What it raises stops the run.

    Returns
    -------
    RunSummary

    Raises
    ------
    mcomp.InvalidArgument, mcomp.NotFound
        The study file is wrong; nothing was measured.
    mcomp.IoError
        A file cannot be read or written, the disk is full, or another run holds the store.
    mcomp.Corrupt, mcomp.VersionError
        The store is damaged, something else, or of a newer library.
    mcomp.Unsupported
        A scheduler is given, but dask is not installed.
    """
    check_progress(progress)
    if scheduler is not None:
        text("scheduler", scheduler)
    grid = read_study(study)
    with ExitStack() as stack:
        opened = stack.enter_context(Store(store, write=True))
        execute, place = execute_here, Place.here()
        if scheduler is not None:
            cluster = stack.enter_context(Cluster(scheduler))
            execute, place = cluster.execute, cluster.place
        tasks = plan_tasks(grid, place)
        opened.set_study(grid, tasks)
        files = stack.enter_context(Files(grid, opened, tasks))
        return _Runner(grid, opened, tasks, files, progress).run(execute)


class _Runner:
    """One pass over the tasks that are not done."""

    def __init__(
        self,
        study: Study,
        store: Store,
        tasks: Sequence[Task],
        files: Files,
        progress: Progress | None,
    ) -> None:
        self._study = study
        self._store = store
        self._files = files
        self._progress = progress
        statuses = store.statuses()
        self._done_before = {task.key for task in tasks if statuses.get(task.key) == "done"}
        self._pending = [task for task in tasks if task.key not in self._done_before]
        self._done: set[str] = set()
        self._failures: dict[str, str] = {}
        self._missing_rounds = {task.key: self._rounds_to_do(task) for task in self._pending}
        self._steps = sum(len(rounds) for rounds in self._missing_rounds.values())
        self._steps_done = 0

    def run(self, execute: Executor) -> RunSummary:
        for task in self._pending:
            if task.kind == "file":
                self._make_file(task)
        for job, outcome in execute(self._jobs()):
            if isinstance(outcome, Measured):
                self._keep(job.task, job.round_index, outcome)
            else:
                self._fail(job.task, outcome)
        return RunSummary(
            done=len(self._done),
            skipped=len(self._done_before),
            failed=len(self._failures),
            store=self._store.path,
            failures=tuple(
                f"{task}: {self._failures[task.key]}"
                for task in self._pending
                if task.key in self._failures
            ),
        )

    def _rounds_to_do(self, task: Task) -> list[int]:
        rounds = self._study.measure.rounds if task.kind == "speed" else 1
        stored = self._store.rounds(task.key)
        missing = [index for index in range(rounds) if index not in stored]
        if not missing:  # the last round is stored together with what all amount to
            raise mcomp.Corrupt(
                f"{self._store.path}: task {task.key} ({task}): all its samples are stored, but "
                "its row of table run is gone"
            )
        return missing

    def _jobs(self) -> Iterator[Job]:
        """Accuracy and memory in the order of the grid, then speed by rounds.

        A round visits every variant that runs on the same device before any of them comes again.
        """
        for task in self._pending:
            if task.kind in ("accuracy", "memory"):
                yield from self._job(task, 0)
        groups: dict[tuple[str, str, int], list[Task]] = {}
        for task in self._pending:
            if task.kind == "speed":
                groups.setdefault((task.model, task.device, task.threads), []).append(task)
        for group in groups.values():
            for index in range(self._study.measure.rounds):
                for task in group:
                    if index in self._missing_rounds[task.key]:
                        yield from self._job(task, index)

    def _job(self, task: Task, round_index: int) -> Iterator[Job]:
        """One job; none where the task failed already or there is no file to execute."""
        if task.key in self._failures:
            return
        if task.file_key in self._failures:
            self._fail(task, "there is no file to execute")
            return
        self._tell(str(task))
        try:
            path = self._files.get(task.file_key)
        except (mcomp.MCompError, MemoryError) as error:
            self._fail(task, error)
            return
        yield Job(task, round_index, path, self._study.data, self._study.measure)

    def _make_file(self, task: Task) -> None:
        self._tell(str(task))
        try:
            measured = self._files.make(task)
        except (mcomp.MCompError, MemoryError) as error:
            self._fail(task, error)
        else:
            self._keep(task, 0, measured)

    def _keep(self, task: Task, round_index: int, measured: Measured) -> None:
        """Store a measurement; with the last round of a task, also what its rounds amount to."""
        missing = self._missing_rounds[task.key]
        missing.remove(round_index)
        self._steps_done += 1
        if missing:
            self._store.record_round(task.key, round_index, measured)
            return
        samples = self._store.samples(task.key)
        for metric, part in measured.samples.items():
            samples.setdefault(metric, []).append(part)
        units = METRICS[task.kind]
        metrics = [summarize(name, units[name], samples[name]) for name in units if name in samples]
        self._store.record_done(task.key, round_index, measured, metrics, measured.details)
        self._done.add(task.key)

    def _fail(self, task: Task, reason: Exception | str) -> None:
        """Store why a task cannot be measured; what concerns the whole run is raised instead."""
        if isinstance(reason, mcomp.IoError | mcomp.Cancelled):
            raise reason
        if task.key in self._failures:  # a round of it was under way on another machine
            return
        text = str(reason) or "out of memory"
        self._failures[task.key] = text
        self._steps_done += len(self._missing_rounds[task.key])
        environment = environment_of(mcomp.default_context())
        self._store.record_failed(task.key, text, environment)

    def _tell(self, what: str) -> None:
        if self._progress is not None:
            self._progress(what, min(self._steps_done, self._steps), self._steps)
