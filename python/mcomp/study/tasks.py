"""The grid as a list of tasks, and the key that recognises a task already measured.

A key is a hash of everything that decides the result and of nothing else: the parameters that
differ from their defaults, a checksum of the network, the recipe's canonical text, the data, the
library's version and, where a network is executed, the machine. Labels stay out of it, so that a
recipe may be renamed; defaults stay out of it, so that a knob added later leaves old rows valid;
the checksum is in it, so that a result is never reused for another file of the same name.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

import mcomp

from .grid import ModelSource, RecipeSource, Study

#: What is measured by a task of each kind: metric -> unit, in the order of tables.
METRICS: dict[str, dict[str, str]] = {
    "file": {
        "float_nbytes": "bytes",
        "stored_nbytes": "bytes",
        "file_nbytes": "bytes",
        "ratio": "1",
        "compress_seconds": "s",
        "macs": "1",
    },
    "accuracy": {"top1": "percent", "top5": "percent"},
    "memory": {
        "peak_memory_nbytes": "bytes",
        "weights_nbytes": "bytes",
        "activations_nbytes": "bytes",
    },
    "speed": {"latency_ns": "ns", "load_ns": "ns", "joules_per_run": "J"},
}

#: Metrics that only some machines or networks have; a finished task may lack them.
OPTIONAL_METRICS = frozenset({"joules_per_run", "top5"})

# Parameters at these values are left out of the key. Entries may be added, never changed.
_DEFAULTS: dict[str, object] = {
    "seed": 0,
    "calibration": None,
    "limit": 0,
    "batch": 1,
    "min_runs": 10,
    "min_seconds": 1.0,
    "rounds": 5,
    "warmup_runs": 2,
    "memory_runs": 3,
}


@dataclass(frozen=True)
class Task:
    """One thing to measure.

    Attributes
    ----------
    key : str
        32 hexadecimal digits; see the module's text.
    kind : str
        ``file`` (compress and save), ``accuracy``, ``memory`` or ``speed``.
    model, recipe : str
        Labels.
    recipe_text : str
        Canonical.
    device : str
        Empty for ``file``.
    threads : int
        0 where the result does not depend on it.
    seed : int
    file_key : str
        Key of the ``file`` task that makes the file which this one executes.
    parameters : dict
        What the key was made of.
    """

    key: str
    kind: str
    model: str
    recipe: str
    recipe_text: str
    device: str
    threads: int
    seed: int
    file_key: str
    parameters: Mapping[str, object]

    def __str__(self) -> str:
        words = [self.kind, self.model, self.recipe]
        words += [f"on {self.device}"] if self.device else []
        words += [f"{self.threads} threads"] if self.threads else []
        words += [f"seed {self.seed}"] if self.seed else []
        return " ".join(words)


def key_of(parameters: Mapping[str, object]) -> str:
    """Hash parameters, those at their default left out.

    Returns
    -------
    str
        32 hexadecimal digits.
    """
    told = {
        name: value
        for name, value in parameters.items()
        if name not in _DEFAULTS or _DEFAULTS[name] != value
    }
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:32]


@dataclass(frozen=True)
class Place:
    """Where networks are executed.

    Attributes
    ----------
    machine : str
        The processor and the instruction set in use: what float bits and times depend on.
    threads : int
        Cores that may be used.
    library : str
        Version of this package there.
    """

    machine: str
    threads: int
    library: str

    @classmethod
    def here(cls) -> Place:
        """Describe this process."""
        context = mcomp.default_context()
        return cls(f"{context.cpu_name}, {context.isa}", context.threads, mcomp.__version__)


def model_checksum(model: mcomp.Model) -> str:
    """Hash a network: nodes with their attributes, every constant, inputs and outputs.

    The name and the metadata of the model stay out of it.
    """
    digest = hashlib.sha256()

    def add(*parts: object) -> None:
        digest.update(json.dumps(parts, sort_keys=True, default=_plain).encode("utf-8"))
        digest.update(b"\n")

    for value in (*model.inputs, *model.outputs):
        add("value", value.name, value.shape, value.dtype)
    for node in model.nodes:
        add("node", node.op, node.inputs, node.output, node.attributes)
    for name, constant in model.constants.items():
        add("constant", name, constant.shape, constant.encoding)
        digest.update(np.ascontiguousarray(constant.values()).tobytes())
    return digest.hexdigest()[:32]


def _plain(value: object) -> object:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"cannot hash {type(value).__name__}")


def data_checksum(name: str, limit: int = 0) -> str:
    """Hash a data set: all labels, and sixteen images spread evenly over it.

    Parameters
    ----------
    name : str
        As for :func:`mcomp.data.load`.
    limit : int
        Images used, the first ones; 0: all.
    """
    dataset = mcomp.data.load(name)
    count = min(limit, len(dataset)) if limit else len(dataset)
    digest = hashlib.sha256(np.ascontiguousarray(dataset.labels[:count]).tobytes())
    for index in np.unique(np.linspace(0, count - 1, 16).astype(np.int64)):
        image = np.ascontiguousarray(dataset.image(int(index)))
        digest.update(repr(image.shape).encode("ascii"))
        digest.update(image.tobytes())
    return digest.hexdigest()[:32]


def plan_tasks(study: Study, place: Place | None = None) -> list[Task]:
    """List the tasks of a study, in the order in which they are measured.

    Opens every network once, to know its checksum.

    Parameters
    ----------
    study : Study
    place : Place, optional
        Where networks will be executed; None: in this process.

    Raises
    ------
    mcomp.MCompError
        A network or data set cannot be opened.
    """
    accuracy = study.data.accuracy
    planner = _Planner(
        study,
        place=place or Place.here(),
        accuracy=data_checksum(accuracy, study.data.limit) if accuracy else "",
        calibration=_calibration(study),
    )
    tasks: list[Task] = []
    labels: dict[str, str] = {}
    for model in study.models:
        with model.open() as opened:
            checksum = model_checksum(opened)
        if checksum in labels:
            raise mcomp.InvalidArgument(
                f"{study.path}: models '{labels[checksum]}' and '{model.label}' are one network"
            )
        labels[checksum] = model.label
        tasks += planner.tasks(model, checksum)
    return tasks


def _calibration(study: Study) -> object:
    if not study.data.calibration:
        return None
    return [data_checksum(study.data.calibration), study.data.samples]


@dataclass(frozen=True)
class _Planner:
    study: Study
    place: Place
    accuracy: str
    calibration: object

    def tasks(self, model: ModelSource, checksum: str) -> list[Task]:
        variants = [
            self._file(model, checksum, recipe, seed)
            for seed in self.study.seeds
            for recipe in self.study.recipes
        ]
        tasks = list(variants)
        thread_counts = self.study.threads or (self.place.threads,)
        for device in self.study.devices:
            if self.accuracy:
                tasks += [self._accuracy(variant, device) for variant in variants]
            for threads in thread_counts:
                tasks += [self._memory(variant, device, threads) for variant in variants]
        for device in self.study.devices:
            for threads in thread_counts:
                tasks += [self._speed(variant, device, threads) for variant in variants]
        return tasks

    def _file(self, model: ModelSource, checksum: str, recipe: RecipeSource, seed: int) -> Task:
        parameters = {
            "kind": "file",
            "library": self.place.library,
            "model": checksum,
            "recipe": recipe.text,
            "seed": seed,
            "calibration": self.calibration,
        }
        key = key_of(parameters)
        return Task(
            key, "file", model.label, recipe.label, recipe.text, "", 0, seed, key, parameters
        )

    def _executed(
        self, kind: str, variant: Task, device: str, threads: int, more: Mapping[str, object]
    ) -> Task:
        parameters = {
            **variant.parameters,
            "kind": kind,
            "machine": self.place.machine,
            "device": device,
            **({"threads": threads} if threads else {}),
            **more,
        }
        return Task(
            key=key_of(parameters),
            kind=kind,
            model=variant.model,
            recipe=variant.recipe,
            recipe_text=variant.recipe_text,
            device=device,
            threads=threads,
            seed=variant.seed,
            file_key=variant.key,
            parameters=parameters,
        )

    def _accuracy(self, variant: Task, device: str) -> Task:
        data = {"data": self.accuracy, "limit": self.study.data.limit}
        return self._executed("accuracy", variant, device, 0, data)

    def _memory(self, variant: Task, device: str, threads: int) -> Task:
        options = self.study.measure
        more = {"batch": options.batch, "memory_runs": options.memory_runs}
        return self._executed("memory", variant, device, threads, more)

    def _speed(self, variant: Task, device: str, threads: int) -> Task:
        options = self.study.measure
        names = ("min_runs", "min_seconds", "rounds", "warmup_runs", "batch")
        told = {name: getattr(options, name) for name in names}
        return self._executed("speed", variant, device, threads, told)
