"""Jobs executed by the workers of a dask cluster: many boards of one kind, one writer."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

import mcomp
from mcomp._extras import require

from .jobs import Job, Outcome, outcome_of
from .tasks import Place

_CONNECT_SECONDS = 10.0


class Cluster:
    """A connection to a scheduler; a context manager.

    Parameters
    ----------
    address : str
        Of the scheduler, such as ``tcp://10.0.0.1:8786``.

    Raises
    ------
    mcomp.Unsupported
        dask is not installed.
    mcomp.IoError
        No scheduler answers there.
    mcomp.NotFound
        It has no workers.
    mcomp.InvalidArgument
        A worker would execute several jobs at once, or the workers are not alike.
    mcomp.VersionError
        The workers have another version of this package.
    """

    def __init__(self, address: str) -> None:
        self._dask = require("distributed", "dask.distributed", "cluster", "--scheduler")
        try:
            self._client = self._dask.Client(address, timeout=_CONNECT_SECONDS)
        except (OSError, ValueError, TimeoutError) as error:
            raise mcomp.IoError(f"scheduler {address}: {error}") from None
        try:
            self._workers = self._check_workers(address)
            self.place = self._common_place(address)
        except BaseException:
            self._client.close()
            raise
        self._contents: dict[str, Any] = {}

    def __enter__(self) -> Cluster:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def execute(self, jobs: Iterable[Job]) -> Iterator[tuple[Job, Outcome]]:
        """Execute jobs on whichever worker is free; each is given back when it is done.

        Only as many are under way as there are workers, and jobs start in their order, so that
        variants take their turns here too.
        """
        waiting = iter(jobs)
        under_way: dict[Any, Job] = {}
        while True:
            while len(under_way) < self._workers and (job := next(waiting, None)) is not None:
                future = self._client.submit(_execute_shipped, job, self._ship(job), pure=False)
                under_way[future] = job
            if not under_way:
                return
            finished = self._dask.wait(list(under_way), return_when="FIRST_COMPLETED").done
            for future in finished:
                yield under_way.pop(future), self._outcome(future)

    def _outcome(self, future: Any) -> Outcome:
        error = future.exception()
        if error is None:
            outcome: Outcome = future.result()
            return outcome
        return mcomp.DeviceError(f"the worker failed: {type(error).__name__}: {error}")

    def _ship(self, job: Job) -> Any:
        """Send a file to the cluster, once."""
        key = job.task.file_key
        if key not in self._contents:
            self._contents = {key: self._client.scatter(job.path.read_bytes())} | self._contents
        return self._contents[key]

    def _check_workers(self, address: str) -> int:
        workers = self._client.scheduler_info(n_workers=-1)["workers"]
        if not workers:
            raise mcomp.NotFound(f"scheduler {address}: has no workers")
        for name, worker in workers.items():
            if worker["nthreads"] != 1:
                raise mcomp.InvalidArgument(
                    f"scheduler {address}: worker {name} has {worker['nthreads']} threads for "
                    "dask, so that measurements would disturb each other; start it with one"
                )
        return len(workers)

    def _common_place(self, address: str) -> Place:
        answers: dict[str, Place] = self._client.run(Place.here)
        places = sorted(set(answers.values()), key=repr)
        if len(places) != 1:
            raise mcomp.InvalidArgument(
                f"scheduler {address}: its workers are not alike: "
                + "; ".join(f"{p.machine}, {p.threads} cores, mcomp {p.library}" for p in places)
            )
        if places[0].library != mcomp.__version__:
            raise mcomp.VersionError(
                f"scheduler {address}: its workers have mcomp {places[0].library}, this is "
                f"{mcomp.__version__}"
            )
        return places[0]


def _execute_shipped(job: Job, content: bytes) -> Outcome:
    """Execute a job on a worker, which does not see the files of the machine that asks."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, job.path.name)
        path.write_bytes(content)
        return outcome_of(replace(job, path=path))
