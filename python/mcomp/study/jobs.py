"""Calls that measure, and the place where they are made: here, or on the boards of a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import mcomp

from .grid import DataOptions, MeasureOptions
from .measuring import measure_accuracy, measure_memory, measure_speed
from .results import Measured
from .tasks import Task


@dataclass(frozen=True)
class Job:
    """One call that measures: a whole task, or one round of a ``speed`` task."""

    task: Task
    round_index: int
    path: Path
    data: DataOptions
    measure: MeasureOptions

    def execute(self) -> Measured:
        """Measure, on whatever machine this runs."""
        task = self.task
        if task.kind == "accuracy":
            return measure_accuracy(self.path, task.device, self.data)
        if task.kind == "memory":
            return measure_memory(self.path, task.device, task.threads, self.measure)
        return measure_speed(self.path, task.device, task.threads, self.measure)


Outcome = Measured | Exception

#: Executes jobs and gives each back with its outcome, as it comes.
Executor = Callable[[Iterable[Job]], Iterator[tuple[Job, Outcome]]]


def outcome_of(job: Job) -> Outcome:
    """Execute a job; what it cannot do is its outcome too."""
    try:
        return job.execute()
    except (mcomp.MCompError, MemoryError) as error:
        return error


def execute_here(jobs: Iterable[Job]) -> Iterator[tuple[Job, Outcome]]:
    """Execute jobs in this process, one after the other."""
    for job in jobs:
        yield job, outcome_of(job)
