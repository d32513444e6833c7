"""``mcomp bench``: time, memory, energy."""

from __future__ import annotations

import argparse
import importlib
import time

from ... import measure
from ...display import format_nbytes, format_ns
from .. import options, output
from ..command import Command, Values
from ..progress import ProgressBar


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    options.add_model(parser)
    parser.add_argument("--batch", type=int, default=1, help="images a run (default 1)")
    parser.add_argument(
        "--min-runs", type=int, default=10, help="runs at least (default 10); both minima are met"
    )
    parser.add_argument(
        "--min-time", type=float, default=1.0, help="seconds of runs at least (default 1)"
    )
    parser.add_argument(
        "--warmup-runs", type=int, default=2, help="runs before the first that counts (default 2)"
    )
    options.add_machine(parser)


def run(arguments: argparse.Namespace) -> Values:
    """Open, load and run a network, watching clock and memory."""
    context = options.context(arguments)
    if arguments.model.lower().endswith(".onnx"):
        # The reader's own code is not the network's memory: it is loaded before the count starts.
        importlib.import_module("mcomp.onnx_io.reader")
    before = measure.resident_nbytes()
    peak_is_fresh = measure.peak_resident_reset()
    start = time.perf_counter_ns()
    model = options.open_model(arguments.model, arguments, context)
    session = model.session(arguments.device, batch=arguments.batch)
    load_ns = time.perf_counter_ns() - start
    with ProgressBar() as progress:
        found = session.measure(
            min_runs=arguments.min_runs,
            min_seconds=arguments.min_time,
            warmup_runs=arguments.warmup_runs,
            progress=progress,
        )
    peak = measure.peak_resident_nbytes()
    return {
        "model": arguments.model,
        "device": arguments.device,
        "threads": context.threads,
        "isa": context.isa,
        "batch": arguments.batch,
        "runs": len(found.samples),
        "median_ns": found.median_ns,
        "min_ns": found.min_ns,
        "p90_ns": found.p90_ns,
        "max_ns": found.max_ns,
        "mean_ns": found.mean_ns,
        "load_ns": load_ns,
        "session_ns": session.load_ns,
        "peak_memory_nbytes": max(0, peak - before) if before and peak_is_fresh else None,
        "weights_nbytes": session.weights_nbytes,
        "activations_nbytes": session.activations_nbytes,
        "energy": None
        if found.joules_per_run is None
        else {"joules_per_run": found.joules_per_run, "source": found.energy_source},
        "energy_reason": measure.NO_ENERGY if found.joules_per_run is None else None,
        "environment": {**context.environment, "load_average": measure.load_average()},
    }


def show(values: Values) -> str:
    """Make the figures."""
    peak, energy = values["peak_memory_nbytes"], values["energy"]
    return output.facts(
        [
            ("device", values["device"]),
            ("threads, isa", f"{values['threads']}, {values['isa']}"),
            ("runs", values["runs"]),
            ("median", format_ns(values["median_ns"])),
            ("fastest", format_ns(values["min_ns"])),
            ("90 % below", format_ns(values["p90_ns"])),
            ("load", format_ns(values["load_ns"])),
            ("peak memory", None if peak is None else format_nbytes(peak)),
            ("weights", format_nbytes(values["weights_nbytes"])),
            ("activations", format_nbytes(values["activations_nbytes"])),
            (
                "energy a run",
                f"{energy['joules_per_run']:.3g} J ({energy['source']})"
                if energy
                else values["energy_reason"],
            ),
        ]
    )


COMMAND = Command(
    name="bench",
    summary="time, memory, energy",
    description=(
        "Measure a network on random input. Load is the time from opening the model to being\n"
        "ready to run; peak memory is the growth of the process's resident memory, mapped pages\n"
        "counted, from before the model is opened to its peak."
    ),
    example="mcomp bench lenet5 --min-time 0.2",
    configure=configure,
    run=run,
    show=show,
)
