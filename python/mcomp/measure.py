"""Time, memory and energy."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ._arrays import Wrapped
from ._callbacks import Call, Progress, progress_function
from ._errors import check
from ._handles import integer, new_info, py_text, real
from ._native import ffi, lib
from .display import format_ns, html_table

if TYPE_CHECKING:
    from ._native import CData

NO_ENERGY = "no readable energy counter on this machine"
"""Why a run's energy is not known."""


@dataclass(frozen=True)
class Measurement:
    """Raw times of runs and their statistics; percentiles by nearest rank.

    Attributes
    ----------
    samples : ndarray of int64
        Nanoseconds in the order of measuring, read-only.
    min_ns, median_ns, p90_ns, max_ns : int
    mean_ns : float
    joules_per_run : float or None
        None where the machine has no energy counter that this process may read.
    energy_source : str
        Where the energy was read, '' where there is none.
    """

    samples: NDArray[np.int64] = field(repr=False)
    min_ns: int
    median_ns: int
    p90_ns: int
    max_ns: int
    mean_ns: float
    joules_per_run: float | None
    energy_source: str

    def __str__(self) -> str:
        return (
            f"{format_ns(self.median_ns)} median of {_runs_text(len(self.samples))} "
            f"({format_ns(self.min_ns)} to {format_ns(self.max_ns)})"
        )

    def __repr__(self) -> str:
        return f"<mcomp.Measurement: {self}>"

    def _repr_html_(self) -> str:
        return html_table(
            str(self),
            ["runs", "min_ns", "median_ns", "p90_ns", "max_ns", "joules_per_run"],
            [
                [
                    len(self.samples),
                    self.min_ns,
                    self.median_ns,
                    self.p90_ns,
                    self.max_ns,
                    NO_ENERGY if self.joules_per_run is None else self.joules_per_run,
                ]
            ],
        )


def _runs_text(count: int) -> str:
    return "1 run" if count == 1 else f"{count:,} runs"


def measure_session(
    session: CData,
    running: Call,
    inputs: Wrapped,
    outputs: Wrapped,
    *,
    min_runs: int,
    min_seconds: float,
    warmup_runs: int,
    progress: Progress | None,
) -> Measurement:
    """Measure a session whose lock is held; ``running`` is the call that its runs report to."""
    options = ffi.new("mcomp_measure_options *")
    lib.mcomp_measure_options_init(options)
    options.min_runs = integer("min_runs", min_runs, 1, 1_000_000)
    options.min_seconds = real("min_seconds", min_seconds, 0, 3600)
    options.warmup_runs = integer("warmup_runs", warmup_runs, 0, 10_000)
    call = Call(progress)
    user = call.handle()
    options.progress, options.progress_user = progress_function(), user
    out = ffi.new("mcomp_measurement **")
    status = lib.mcomp_measure(
        session, inputs.pointers, inputs.count, outputs.pointers, outputs.count, options, out
    )
    measurement = ffi.gc(out[0], lib.mcomp_measurement_destroy)
    running.raise_again()
    call.finish(status)
    info = new_info("mcomp_measurement_info")
    check(lib.mcomp_measurement_get_info(measurement, info))
    data = ffi.buffer(lib.mcomp_measurement_samples(measurement), 8 * info.sample_count)
    return Measurement(
        samples=np.frombuffer(bytes(data), np.int64),
        min_ns=int(info.min_ns),
        median_ns=int(info.median_ns),
        p90_ns=int(info.p90_ns),
        max_ns=int(info.max_ns),
        mean_ns=float(info.mean_ns),
        joules_per_run=None if info.joules_per_run < 0 else float(info.joules_per_run),
        energy_source=py_text(info.energy_source),
    )


def load_average() -> str:
    """Give the processes that ran or wanted to, mean of the last minute; "unknown" where it is.

    More than the cores there are: times measured now are those of a busy machine.
    """
    try:
        return f"{os.getloadavg()[0]:.2f}"
    except OSError:
        return "unknown"


def resident_nbytes() -> int:
    """Give the resident memory of this process now, mapped pages counted; 0 where unknown."""
    return lib.mcomp_resident_nbytes()


def peak_resident_nbytes() -> int:
    """Give the highest resident memory so far, or since the last reset; 0 where unknown."""
    return lib.mcomp_peak_resident_nbytes()


def peak_resident_reset() -> bool:
    """Start the peak anew from now. False where the system cannot."""
    return bool(lib.mcomp_peak_resident_reset())
