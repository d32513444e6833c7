"""What is done for a task of each kind. Nothing here knows of stores, grids or resuming.

Accuracy and speed are separate runs of the same file. Memory is measured in fresh processes,
because in a used one the allocator hides growth.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

import mcomp
from mcomp import data
from mcomp.evaluate import evaluate
from mcomp.measure import load_average

from .grid import DataOptions, MeasureOptions
from .results import Measured


def measure_file(
    model: mcomp.Model, recipe: str, path: Path, *, seed: int, options: DataOptions
) -> Measured:
    """Compress a network, save it at `path` and say what that gave.

    Raises
    ------
    mcomp.MCompError
        The recipe does not fit the network, or the file cannot be written.
    """
    calibration = data.load(options.calibration) if options.calibration else None
    started = time.perf_counter_ns()
    with model.compress(recipe, calibration, samples=options.samples, seed=seed) as small:
        seconds = (time.perf_counter_ns() - started) / 1e9
        file_nbytes = small.save(path)
        figures = {
            "float_nbytes": small.float_nbytes,
            "stored_nbytes": small.stored_nbytes,
            "file_nbytes": file_nbytes,
            "ratio": small.float_nbytes / file_nbytes,
            "compress_seconds": seconds,
            "macs": small.macs,
        }
        return Measured(
            samples={name: np.array([value]) for name, value in figures.items()},
            environment=environment_of(model.context),
            details={"file_sha256": file_checksum(path), "notes": list(small.notes)},
        )


def measure_accuracy(path: Path, device: str, options: DataOptions) -> Measured:
    """Count hits among the images of a data set; a sample is 1 for a hit, 0 for a miss."""
    with mcomp.load(path) as model:
        found = evaluate(
            model, data.load(options.accuracy), limit=options.limit or None, devices=device
        )
        with model.plan(device) as plan:
            details = {**plan_details(plan), "notes": list(found.notes)}
        return Measured(
            samples={
                "top1": (found.ranks < 1).astype(np.uint8),
                "top5": (found.ranks < 5).astype(np.uint8),
            },
            environment=environment_of(model.context),
            details=details,
        )


def measure_speed(path: Path, device: str, threads: int, options: MeasureOptions) -> Measured:
    """Do one round: load the file, warm up, and time runs for the round's share of the minima."""
    with mcomp.Context(threads=threads) as context:
        started = time.perf_counter_ns()
        with (
            mcomp.load(path, context=context) as model,
            model.session(device, batch=options.batch) as session,
        ):
            load_ns = time.perf_counter_ns() - started
            found = session.measure(
                min_runs=-(-options.min_runs // options.rounds),
                min_seconds=options.min_seconds / options.rounds,
                warmup_runs=options.warmup_runs,
            )
            details = plan_details(session.plan)
        samples = {
            "latency_ns": found.samples.astype(np.int64),
            "load_ns": np.array([load_ns], np.int64),
        }
        if found.joules_per_run is not None:
            samples["joules_per_run"] = np.array([found.joules_per_run])
            details["energy_source"] = found.energy_source
        return Measured(samples, environment_of(context), details)


def measure_memory(path: Path, device: str, threads: int, options: MeasureOptions) -> Measured:
    """Open and run a file in fresh processes, one after the other; measure how each one grows."""
    answers = [_probe(path, device, threads, options.batch) for _ in range(options.memory_runs)]
    names = ("peak_memory_nbytes", "weights_nbytes", "activations_nbytes")
    return Measured(
        samples={name: np.array([answer[name] for answer in answers], np.int64) for name in names},
        environment=answers[0]["environment"],
        details=answers[0]["details"],
    )


def environment_of(context: mcomp.Context) -> dict[str, str]:
    """Describe the machine and the software of a measurement."""
    return {
        **context.environment,
        "load_average": load_average(),
        "mcomp": mcomp.__version__,
        "python": ".".join(map(str, sys.version_info[:3])),
        "numpy": np.__version__,
    }


def file_checksum(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def plan_details(plan: mcomp.Plan) -> dict[str, object]:
    """Tell devices, kernels and arithmetic of a plan, each once, in the order of the steps."""
    steps = plan.steps
    return {
        "isa": plan.model.context.isa,
        "devices": list(dict.fromkeys(step.device for step in steps)),
        "kernels": list(dict.fromkeys(f"{step.device} {step.op} {step.kernel}" for step in steps)),
        "arithmetic": list(dict.fromkeys(step.arithmetic for step in steps)),
    }


def _probe(path: Path, device: str, threads: int, batch: int) -> dict[str, Any]:
    """Run probe.py in a process of its own and read its answer."""
    question = json.dumps({"path": str(path), "device": device, "threads": threads, "batch": batch})
    folders = [folder for folder in sys.path if folder]
    done = subprocess.run(
        [sys.executable, "-m", "mcomp.study.probe", question],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(folders)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode < 0:
        raise mcomp.DeviceError(
            f"{path.name}: the process that ran it died of signal {-done.returncode}"
        )
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["no message"]
        raise mcomp.DeviceError(f"{path.name}: measuring memory failed: {lines[-1]}")
    answer = json.loads(done.stdout)
    if "error" in answer:
        raise mcomp.DeviceError(answer["error"])
    return dict(answer)
