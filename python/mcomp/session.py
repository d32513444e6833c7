"""Sessions: a plan made ready to run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

import numpy as np
from numpy.typing import NDArray

from ._arguments import instance
from ._arrays import FloatArray, Wrapped, check_array
from ._callbacks import Call, Progress, progress_function
from ._errors import InvalidArgument, ShapeError, check
from ._handles import ForkSafeLock, Handle, integer, new_info
from ._native import ffi, lib
from .display import (
    Cell,
    format_nbytes,
    format_ns,
    format_shape,
    html_table,
    printable,
    text_table,
)
from .plan import Plan, Step

if TYPE_CHECKING:
    from ._native import CData
    from .measure import Measurement


@dataclass(frozen=True)
class StepTime:
    """Time of one step over several runs.

    Attributes
    ----------
    step : Step
        What ran.
    samples : ndarray of int64
        Nanoseconds, one a run.
    start_ns : int
        Start in the last run, since that run's start.
    """

    step: Step
    samples: NDArray[np.int64]
    start_ns: int

    @property
    def median_ns(self) -> int:
        """Median time by nearest rank."""
        return int(np.sort(self.samples)[(len(self.samples) - 1) // 2])

    @property
    def gflops(self) -> float:
        """Billions of floating-point operations a second, two a multiply-accumulate."""
        return 2.0 * self.step.macs / self.median_ns if self.median_ns > 0 else 0.0


class Profile(tuple[StepTime, ...]):
    """Times of all steps, in the order in which they ran."""

    @property
    def total_ns(self) -> int:
        """Sum of the steps' median times."""
        return sum(item.median_ns for item in self)

    def _table(self) -> tuple[list[str], list[list[Cell]]]:
        total = max(1, self.total_ns)
        headers = ["node", "op", "device", "kernel", "encoding", "layout", "time", "%", "GFLOP/s"]
        return headers, [
            [
                item.step.node,
                item.step.op,
                item.step.device,
                item.step.kernel,
                item.step.encoding,
                item.step.layout,
                format_ns(item.median_ns),
                round(100.0 * item.median_ns / total, 1),
                round(item.gflops, 2),
            ]
            for item in self
        ]

    def __repr__(self) -> str:
        return f"<mcomp.Profile: {len(self)} steps, {format_ns(self.total_ns)}>"

    def __str__(self) -> str:
        return f"profile, {format_ns(self.total_ns)}\n{text_table(*self._table())}"

    def _repr_html_(self) -> str:
        return html_table(f"profile, {format_ns(self.total_ns)}", *self._table())


class Session(Handle):
    """A plan with packed weights and planned memory; runs it for one batch size.

    Made by :meth:`mcomp.Model.session` or :meth:`mcomp.Plan.session`. Threads may share a session:
    a lock makes them take turns. Python's own lock is released while the library runs.

    Parameters
    ----------
    plan
        What to run.

    Examples
    --------
    >>> import mcomp, numpy
    >>> with mcomp.models.create("lenet5").session(batch=2) as session:
    ...     session.run(numpy.zeros((2, 1, 28, 28), numpy.float32)).shape
    (2, 10)
    """

    _kind = "session"

    def __init__(self, plan: Plan) -> None:
        self._plan = instance("plan", plan, Plan)
        self._lock = ForkSafeLock()
        model = plan.model
        batch = plan.batch
        self._root = model._root
        self._input_names = tuple(value.name for value in model.inputs)
        self._output_names = tuple(value.name for value in model.outputs)
        self._input_shapes = tuple(_with_batch(value.shape, batch) for value in model.inputs)
        self._output_shapes = tuple(_with_batch(value.shape, batch) for value in model.outputs)
        # Lives as long as the session: C reports progress to it in every run.
        self._call = Call(None)
        self._user = self._call.handle()
        options = ffi.new("mcomp_session_options *")
        lib.mcomp_session_options_init(options)
        options.progress, options.progress_user = progress_function(), self._user
        out = ffi.new("mcomp_session **")
        status = lib.mcomp_session_create(plan._use(), options, out)
        self._own(out[0], lib.mcomp_session_destroy)
        self._call.finish(status)

    @property
    def plan(self) -> Plan:
        """The plan that runs."""
        return self._plan

    @property
    def batch(self) -> int:
        """Images in a run."""
        return self._plan.batch

    @property
    def input_shapes(self) -> tuple[tuple[int, ...], ...]:
        """Shapes of the arrays that :meth:`run` takes."""
        return self._input_shapes

    @property
    def output_shapes(self) -> tuple[tuple[int, ...], ...]:
        """Shapes of the arrays that :meth:`run` gives."""
        return self._output_shapes

    def _info(self) -> CData:
        info = new_info("mcomp_session_info")
        check(lib.mcomp_session_get_info(self._use(), info))
        return info

    @property
    def weights_nbytes(self) -> int:
        """Bytes of packed weights held."""
        return int(self._info().weights_nbytes)

    @property
    def activations_nbytes(self) -> int:
        """Bytes of activations and workspace held."""
        return int(self._info().activations_nbytes)

    @property
    def load_ns(self) -> int:
        """Nanoseconds that packing the weights and reserving memory took."""
        return int(self._info().load_ns)

    def close(self) -> None:
        """Give memory back; waits for a run in progress on another thread."""
        with self._lock:
            super().close()

    @overload
    def run(self, *arrays: FloatArray, out: FloatArray) -> FloatArray: ...

    @overload
    def run(
        self, *arrays: FloatArray, out: Sequence[FloatArray] | None = None
    ) -> FloatArray | list[FloatArray]: ...

    def run(
        self, *arrays: FloatArray, out: FloatArray | Sequence[FloatArray] | None = None
    ) -> FloatArray | list[FloatArray]:
        """Run once.

        Parameters
        ----------
        *arrays
            One for each input: float32, C-contiguous, of exactly the shape of
            :attr:`input_shapes`, without NaN. They are used in place, never copied.
        out
            Arrays to write into, writable, of the shapes of :attr:`output_shapes`: nothing is
            allocated and nothing is copied then. None: new arrays.

        Returns
        -------
        ndarray or list of ndarray
            The output, or all of them where the network has several.

        Raises
        ------
        ShapeError
            A shape or dtype does not fit.
        InvalidArgument
            A NaN, an array that is not contiguous, or read-only as ``out``, or ``out`` overlaps an
            input.
        """
        inputs = self._check_inputs(arrays)
        outputs = self._check_outputs(out, inputs)
        with self._lock:
            handle = self._use()
            given = Wrapped(self._root, inputs, writable=False)
            made = Wrapped(self._root, outputs, writable=True)
            self._call.finish(
                lib.mcomp_session_run(
                    handle, given.pointers, given.count, made.pointers, made.count
                )
            )
        return outputs[0] if len(outputs) == 1 else outputs

    def profile(self, runs: int = 10, *arrays: FloatArray) -> Profile:
        """Run several times and time every step.

        Parameters
        ----------
        runs
            1 to 1,000,000.
        *arrays
            As for :meth:`run`; none: random numbers in [0, 1) of a fixed seed.

        Returns
        -------
        Profile
            One entry a step, in the order in which they ran.

        Raises
        ------
        InvalidArgument, ShapeError
            ``runs`` is out of bounds, or an input does not fit; as for :meth:`run`.
        """
        count = integer("runs", runs, 1, 1_000_000)
        inputs = self._check_inputs(arrays or self._random_inputs())
        outputs = self._check_outputs(None, inputs)
        steps = self._plan.steps
        samples = np.zeros((len(steps), count), np.int64)
        starts = [0] * len(steps)
        start, duration = ffi.new("uint64_t *"), ffi.new("uint64_t *")
        with self._lock:
            handle = self._use()
            given = Wrapped(self._root, inputs, writable=False)
            made = Wrapped(self._root, outputs, writable=True)
            lib.mcomp_session_set_profiling(handle, 1)
            try:
                for run in range(count):
                    self._call.finish(
                        lib.mcomp_session_run(
                            handle, given.pointers, given.count, made.pointers, made.count
                        )
                    )
                    for index in range(len(steps)):
                        check(lib.mcomp_session_get_step_time(handle, index, start, duration))
                        samples[index, run] = duration[0]
                        starts[index] = int(start[0])
            finally:
                lib.mcomp_session_set_profiling(handle, 0)
        return Profile(map(StepTime, steps, samples, starts))

    def measure(
        self,
        *arrays: FloatArray,
        min_runs: int = 10,
        min_seconds: float = 1.0,
        warmup_runs: int = 2,
        progress: Progress | None = None,
    ) -> Measurement:
        """Run again and again, timing each run.

        Parameters
        ----------
        *arrays
            As for :meth:`run`; none: random numbers in [0, 1) of a fixed seed.
        min_runs
            Samples at least, 1 to 1,000,000.
        min_seconds
            Time at least, 0 to 3600.
        warmup_runs
            Runs before the first sample, 0 to 10,000.
        progress
            Called with (stage, done, total) between runs; raising in it stops.

        Returns
        -------
        Measurement
            All samples in nanoseconds, their statistics, and energy where it can be read.

        Raises
        ------
        InvalidArgument, ShapeError
            A minimum is out of bounds, or an input does not fit; as for :meth:`run`.
        """
        from .measure import measure_session

        inputs = self._check_inputs(arrays or self._random_inputs())
        outputs = self._check_outputs(None, inputs)
        with self._lock:
            return measure_session(
                self._use(),
                self._call,
                Wrapped(self._root, inputs, writable=False),
                Wrapped(self._root, outputs, writable=True),
                min_runs=min_runs,
                min_seconds=min_seconds,
                warmup_runs=warmup_runs,
                progress=progress,
            )

    def _random_inputs(self) -> tuple[FloatArray, ...]:
        generator = np.random.default_rng(0)
        return tuple(generator.random(shape, np.float32) for shape in self._input_shapes)

    def _check_inputs(self, arrays: Sequence[object]) -> list[FloatArray]:
        names = self._input_names
        if len(arrays) != len(names):
            raise ShapeError(
                f"{len(arrays)} inputs given, the network has {len(names)}: {', '.join(names)}"
            )
        return [
            _fitting(f"input {name}", array, shape, writable=False)
            for name, array, shape in zip(names, arrays, self._input_shapes, strict=True)
        ]

    def _check_outputs(self, out: object, inputs: list[FloatArray]) -> list[FloatArray]:
        names = self._output_names
        if out is None:
            return [np.empty(shape, np.float32) for shape in self._output_shapes]
        arrays = [out] if isinstance(out, np.ndarray) else out
        if not isinstance(arrays, Sequence):
            raise InvalidArgument(f"out must be arrays, not {type(out).__name__}")
        if len(arrays) != len(names):
            raise ShapeError(
                f"{len(arrays)} outputs given, the network has {len(names)}: {', '.join(names)}"
            )
        outputs = [
            _fitting(f"output {name}", array, shape, writable=True)
            for name, array, shape in zip(names, arrays, self._output_shapes, strict=True)
        ]
        for index, (name, output) in enumerate(zip(names, outputs, strict=True)):
            if any(np.may_share_memory(output, other) for other in inputs + outputs[:index]):
                raise InvalidArgument(f"output {name}: the array overlaps another input or output")
        return outputs

    def __repr__(self) -> str:
        if self.closed:
            return "<mcomp.Session, closed>"
        info = self._info()
        return (
            f"<mcomp.Session of {printable(self._plan.model.name) or 'a network'} "
            f"on {self._plan.devices}, batch {self.batch}: "
            f"weights {format_nbytes(info.weights_nbytes)}, "
            f"activations {format_nbytes(info.activations_nbytes)}>"
        )

    def _repr_html_(self) -> str:
        if self.closed:
            return "<p>a closed session</p>"
        headers = [
            "network",
            "devices",
            "batch",
            "inputs",
            "outputs",
            "weights",
            "activations",
            "load",
        ]
        return html_table(
            "session",
            headers,
            [
                [
                    self._plan.model.name,
                    self._plan.devices,
                    self.batch,
                    ", ".join(map(format_shape, self._input_shapes)),
                    ", ".join(map(format_shape, self._output_shapes)),
                    format_nbytes(self.weights_nbytes),
                    format_nbytes(self.activations_nbytes),
                    format_ns(self.load_ns),
                ]
            ],
        )


def _with_batch(shape: tuple[int | None, ...], batch: int) -> tuple[int, ...]:
    return tuple(batch if extent is None else extent for extent in shape)


def _fitting(what: str, array: object, shape: tuple[int, ...], *, writable: bool) -> FloatArray:
    checked = check_array(what, array, writable=writable)
    if checked.shape != shape:
        raise ShapeError(f"{what}: shape {checked.shape} given, {shape} is wanted")
    return checked
