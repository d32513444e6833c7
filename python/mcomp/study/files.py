"""The compressed networks of a study: made once, kept beside the store, made anew where lost."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import mcomp

from .grid import Study
from .measuring import file_checksum, measure_file
from .results import Measured
from .store import Store
from .tasks import Task


class Files:
    """Makes the file of each (network, recipe, seed); a context manager.

    Parameters
    ----------
    study : Study
    store : Store
        Knows which files were made, with their checksums.
    tasks : sequence of Task
        The grid.
    """

    def __init__(self, study: Study, store: Store, tasks: Sequence[Task]) -> None:
        self._study = study
        self._store = store
        self._tasks = {task.key: task for task in tasks if task.kind == "file"}
        self._checked: set[str] = set()
        self._label = ""
        self._opened = ExitStack()
        self._model: mcomp.Model | None = None

    def __enter__(self) -> Files:
        try:
            self._store.files.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise mcomp.IoError(f"{self._store.files}: {error.strerror}") from None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._opened.close()

    def make(self, task: Task) -> Measured:
        """Compress and save the file of a ``file`` task."""
        measured = measure_file(
            self._source(task.model),
            task.recipe_text,
            self._path(task.key),
            seed=task.seed,
            options=self._study.data,
        )
        self._checked.add(task.key)
        return measured

    def get(self, key: str) -> Path:
        """Path of a file that was made before; where it is gone or damaged, it is made again.

        Raises
        ------
        mcomp.Corrupt
            The store lacks its checksum.
        mcomp.InternalError
            Made again, it has other bytes than those that were measured.
        """
        path = self._path(key)
        if key not in self._checked:
            wanted = self._store.details(key).get("file_sha256")
            if wanted is None:
                raise mcomp.Corrupt(
                    f"{self._store.path}: table run, row with key {key}: details lack file_sha256"
                )
            if not path.is_file() or file_checksum(path) != wanted:
                found = self.make(self._tasks[key]).details["file_sha256"]
                if found != wanted:
                    path.unlink()
                    self._checked.discard(key)
                    raise mcomp.InternalError(
                        f"{path}: compressing again gave another file than the one measured before"
                    )
            self._checked.add(key)
        return path

    def _path(self, key: str) -> Path:
        return self._store.files / f"{key}.mcomp"

    def _source(self, label: str) -> mcomp.Model:
        """Open a network of the grid; the one before it is closed."""
        if self._model is None or self._label != label:
            self._opened.close()
            source = next(model for model in self._study.models if model.label == label)
            self._model = self._opened.enter_context(source.open())
            self._label = label
        return self._model
