"""Networks: loaded, queried, compressed, saved, run and measured."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._arguments import texts
from ._arrays import FloatArray
from ._callbacks import Call, Progress, batch_function, progress_function
from ._errors import InvalidArgument, NotFound, ShapeError, check
from ._handles import ForkSafeLock, Handle, c_text, ends_in, integer, new_info, py_text
from ._native import ffi, lib
from .calibration import Samples
from .context import Context
from .display import format_nbytes, printable
from .graph_info import (
    Constants,
    NodeInfo,
    ValueInfo,
    read_constants,
    read_nodes,
    read_values,
    symbolic_shape,
)
from .layer_table import LayerTable, read_layer_table
from .measure import Measurement
from .plan import Plan, join_devices
from .recipe import Recipe, new_recipe
from .report import Report, read_report
from .session import Session

if TYPE_CHECKING:
    from ._native import CData
    from .drawing import Drawing

__all__ = ["Model", "symbolic_shape"]

# Sessions that Model.run() keeps: enough for two devices at two batch sizes.
_KEPT_SESSIONS = 4


class Model(Handle):
    """A verified network. Never changes; what changes a network makes a new one.

    Made by :func:`mcomp.load`, :func:`mcomp.read_onnx`, :func:`mcomp.models.create` or
    :class:`mcomp.GraphBuilder`. May be shared between threads.

    Examples
    --------
    >>> import mcomp
    >>> model = mcomp.models.create("lenet5")
    >>> small = model.compress("prune.magnitude sparsity=0.8; share.kmeans bits=5; encode.huffman")
    >>> small.stored_nbytes < model.stored_nbytes
    True
    """

    _kind = "model"

    def __init__(self) -> None:
        raise InvalidArgument(
            "make a Model with mcomp.load(), mcomp.read_onnx(), mcomp.models.create() "
            "or mcomp.GraphBuilder"
        )

    @classmethod
    def _adopt(cls, context: Context, root: CData, graph: CData) -> Model:
        """Make the object of a verified graph that is owned already; root is the context's own."""
        model = object.__new__(cls)
        model._context = context
        model._root = root
        model._cdata = graph
        model._sessions = OrderedDict()
        model._sessions_lock = ForkSafeLock()
        model._simplify_info = {}
        model._call_notes = ()
        return model

    @classmethod
    def _adopt_new(cls, context: Context, root: CData, graph: CData) -> Model:
        """Make the object of a verified graph that C just gave."""
        return cls._adopt(context, root, ffi.gc(graph, lib.mcomp_graph_destroy))

    _context: Context
    _root: CData
    _sessions: OrderedDict[tuple[str, int], Session]
    _sessions_lock: ForkSafeLock
    _simplify_info: dict[str, int]
    _call_notes: tuple[str, ...]  # of the call that made it, not of the network: not saved

    def close(self) -> None:
        """Give memory back now, with the sessions that :meth:`run` keeps."""
        with self._sessions_lock:
            self._sessions.clear()
        super().close()

    # What it is

    def _info(self) -> CData:
        info = new_info("mcomp_graph_info")
        check(lib.mcomp_graph_get_info(self._use(), info))
        return info

    @property
    def context(self) -> Context:
        """The context that the network is in."""
        return self._context

    @property
    def name(self) -> str:
        """The network's name, may be ''."""
        return py_text(self._info().name)

    @property
    def parameters(self) -> int:
        """Weights and biases, and BatchNorm's scales and shifts, of the source before folding."""
        return int(self._info().parameters)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of Conv, Gemm and MatMul for one image, padding included."""
        return int(self._info().macs)

    @property
    def float_nbytes(self) -> int:
        """4 bytes an element of all weights, biases and BatchNorm tensors of the source."""
        return int(self._info().float_nbytes)

    @property
    def stored_nbytes(self) -> int:
        """Bytes of all constants as they are encoded now."""
        return int(self._info().stored_nbytes)

    @property
    def recipe(self) -> str:
        """Canonical text of the recipe that made the network, '' if none did."""
        return py_text(lib.mcomp_graph_get_recipe(self._use()))

    @property
    def notes(self) -> list[str]:
        """Notes of the passes, such as a tensor left as it was and why; data that none used."""
        graph = self._use()
        found: list[str] = []
        while note := lib.mcomp_graph_get_note(graph, len(found)):
            found.append(py_text(note))
        return [*found, *self._call_notes]

    @property
    def metadata(self) -> dict[str, str]:
        """A copy of the texts kept with the network: preprocessing, labels, licence."""
        graph = self._use()
        key, text = ffi.new("const char **"), ffi.new("const char **")
        found: dict[str, str] = {}
        index = 0
        while check(lib.mcomp_graph_get_metadata(graph, index, key, text)) == lib.MCOMP_OK:
            found[py_text(key[0])] = py_text(text[0])
            index += 1
        return found

    @cached_property
    def values(self) -> tuple[ValueInfo, ...]:
        """All values in the order in which they were added."""
        return read_values(self._use())

    @cached_property
    def inputs(self) -> tuple[ValueInfo, ...]:
        """Inputs in their order."""
        graph, count = self._use(), self._info().input_count
        return tuple(self.values[lib.mcomp_graph_get_input(graph, item)] for item in range(count))

    @cached_property
    def outputs(self) -> tuple[ValueInfo, ...]:
        """Outputs in their order."""
        graph, count = self._use(), self._info().output_count
        return tuple(self.values[lib.mcomp_graph_get_output(graph, item)] for item in range(count))

    @cached_property
    def nodes(self) -> tuple[NodeInfo, ...]:
        """Nodes in an order in which they can run."""
        return read_nodes(self._use(), self.values)

    @property
    def constants(self) -> Constants:
        """Constants by name."""
        return read_constants(self._use(), self.values)

    @property
    def report(self) -> Report:
        """What became of each constant."""
        return read_report(self._use())

    @property
    def simplify_info(self) -> dict[str, int]:
        """What :meth:`simplify` did to make the network; {} where it was made otherwise."""
        return dict(self._simplify_info)

    # What makes a new one

    def simplify(self) -> Model:
        """Make a network that computes the same with fewer nodes.

        Constants and no-ops are folded, Transposes moved to where they cancel, BatchNorm and other
        scales and shifts of channels folded into the Conv or Gemm next to them, padding merged,
        Q/DQ pairs made integer nodes, activations and residual additions fused;
        ``libmcomp/docs/rewrites.md`` lists all of it.

        Returns
        -------
        Model
            With :attr:`simplify_info`.
        """
        info = new_info("mcomp_simplify_info")
        out = ffi.new("mcomp_graph **")
        check(lib.mcomp_graph_simplify(self._use(), info, out))
        made = Model._adopt_new(self._context, self._root, out[0])
        made._simplify_info = {
            key: int(getattr(info, key))
            for key in (
                "nodes_before",
                "nodes_after",
                "batchnorms_folded",
                "constants_folded",
                "no_ops_removed",
                "activations_fused",
                "residuals_fused",
                "quantized_nodes",
                "transposes_removed",
                "affines_folded",
                "paddings_merged",
                "reshapes_joined",
                "operators_recognised",
            )
        }
        return made

    def compress(
        self,
        recipe: Recipe | str | Path,
        data: Iterable[FloatArray] | Any = None,
        *,
        samples: int = 128,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> Model:
        """Apply a recipe.

        Parameters
        ----------
        recipe
            A recipe, its text, or a TOML file.
        data
            For passes that calibrate: float32 arrays [C, H, W] or a data set. A sequence or a data
            set is sampled evenly; of another iterable the first are taken. Where no pass of the
            recipe calibrates, :attr:`notes` of the result say so.
        samples
            Of ``data`` at most, 1 to 1,000,000.
        seed
            For passes that draw random numbers, 0 to 2**64 - 1.
        progress
            Called with (stage, done, total); raising in it stops, and is raised again.

        Returns
        -------
        Model
            The compressed network, with :attr:`recipe`, :attr:`notes` and :attr:`report`. This one
            stays as it is.

        Raises
        ------
        InvalidArgument
            The recipe is wrong.
        Unsupported
            The passes ask for an encoding that does not exist; names tensor and parts.
        ShapeError
            A sample has another shape or dtype.
        """
        if not isinstance(recipe, Recipe):
            recipe = Recipe._in(recipe, self._root)
        count = integer("samples", samples, 1, 1_000_000)
        options = ffi.new("mcomp_compress_options *")
        lib.mcomp_compress_options_init(options)
        options.seed = integer("seed", seed, 0, 2**64 - 1)
        source = None if data is None else Samples(self, data, count)
        call = Call(progress, None if source is None else source.fill)
        user = call.handle()
        options.progress, options.progress_user = progress_function(), user
        if source is not None:
            options.batch, options.batch_user = batch_function(), user
            options.sample_count = source.count
        passes = new_recipe(self._root, recipe.text)
        out = ffi.new("mcomp_graph **")
        status = lib.mcomp_compress(self._use(), passes, options, out)
        made = ffi.gc(out[0], lib.mcomp_graph_destroy)
        call.finish(status)
        small = Model._adopt(self._context, self._root, made)
        if source is not None and not source.used:
            small._call_notes = ("the data was not used: no pass of this recipe calibrates",)
        return small

    def with_outputs(self, names: Sequence[str]) -> Model:
        """Make the same network with these values as its outputs; nodes that none needs are left.

        A quantised value comes out as the real numbers that it stands for, float32, under its name
        with ``_dequantized`` behind.

        Parameters
        ----------
        names
            Names of values that nodes make.

        Raises
        ------
        NotFound
            No node makes such a value.
        """
        from .rebuild import with_outputs

        return with_outputs(self, texts("names", names))

    # Files

    def save(self, path: str | os.PathLike[str]) -> int:
        """Write a ``.mcomp`` file; it appears whole or not at all.

        Returns
        -------
        int
            Bytes written.

        Raises
        ------
        InvalidArgument
            The name ends in ``.onnx``: :meth:`write_onnx` writes that.
        IoError
            Names the path and the system's reason.
        """
        c_text("path", path)
        if ends_in(path, ".onnx"):
            raise InvalidArgument(f"{path}: save() writes .mcomp files, write_onnx() writes ONNX")
        nbytes = ffi.new("uint64_t *")
        options = ffi.new("mcomp_save_options *")
        lib.mcomp_save_options_init(options)
        call = Call(None)
        user = call.handle()
        options.progress, options.progress_user = progress_function(), user
        call.finish_file(lib.mcomp_save(self._use(), c_text("path", path), options, nbytes))
        return int(nbytes[0])

    def write_onnx(self, path: str | os.PathLike[str]) -> int:
        """Write an ONNX file; it appears whole or not at all.

        Weights keep their values: encoded ones are decoded.

        Returns
        -------
        int
            Bytes written.

        Raises
        ------
        InvalidArgument
            The name ends in ``.mcomp``: :meth:`save` writes that.
        LimitError
            The file would be larger than ONNX allows, 2 GiB.
        IoError
            Names the path and the system's reason.
        """
        from .onnx_io.writer import write_onnx

        self._use()
        c_text("path", path)
        if ends_in(path, ".mcomp"):
            raise InvalidArgument(f"{path}: write_onnx() writes ONNX files, save() writes .mcomp")
        return write_onnx(self, path)

    # Running

    def plan(
        self,
        devices: str | Sequence[str] = "cpu",
        *,
        batch: int = 1,
        objective: str = "latency",
        memory_limit: int = 0,
    ) -> Plan:
        """Choose device and kernel for every node. Never measures.

        Parameters
        ----------
        devices
            Ids by priority: text with commas, or several texts.
        batch
            Images a run, 1 to 65,536.
        objective
            ``latency``, ``throughput``, ``energy`` or ``memory``.
        memory_limit
            Bytes of weights and activations, 0: none.

        Returns
        -------
        Plan
            Its steps, memory, and a rough prediction of time (see :attr:`mcomp.Plan.predicted_ns`).

        Raises
        ------
        NotFound
            Unknown device; the message lists the known ones.
        Unsupported
            No listed device can run some node; names node and each reason.
        LimitError
            ``memory_limit`` is below what is needed; gives both.
        """
        return Plan(self, devices, batch, objective, memory_limit)

    def session(
        self,
        devices: str | Sequence[str] = "cpu",
        *,
        batch: int = 1,
        objective: str = "latency",
        memory_limit: int = 0,
    ) -> Session:
        """Plan, pack the weights and reserve all memory.

        Parameters
        ----------
        devices, batch, objective, memory_limit
            As for :meth:`plan`.

        Returns
        -------
        Session
            Ready to run.

        Raises
        ------
        NotFound, Unsupported, LimitError
            As for :meth:`plan`.
        OutOfMemory
            The weights or activations do not fit into memory.
        """
        return Session(Plan(self, devices, batch, objective, memory_limit))

    def run(
        self,
        array: FloatArray | Mapping[str, FloatArray],
        devices: str | Sequence[str] = "cpu",
    ) -> FloatArray | list[FloatArray]:
        """Run once, keeping the session for the next call.

        Parameters
        ----------
        array
            The input, float32 [batch, ...], C-contiguous, without NaN; by name where there are
            several.
        devices
            Ids by priority.

        Returns
        -------
        ndarray or list of ndarray
            The output, or all of them where the network has several.

        Raises
        ------
        ShapeError
            A shape or dtype does not fit.
        InvalidArgument
            A NaN, or an array that is not contiguous.
        """
        arrays = self._ordered(array)
        for value, given in zip(self.inputs, arrays, strict=False):
            found = getattr(given, "shape", None)
            if found is not None and len(found) != len(value.shape):
                # How many images were meant cannot be told, so no batch is named.
                wanted = ", ".join("N" if extent is None else str(extent) for extent in value.shape)
                raise ShapeError(
                    f"input {value.name}: shape {found} given, ({wanted}) is wanted, N images"
                )
        shape = getattr(arrays[0], "shape", ())
        batch = shape[0] if shape else 1
        if shape and batch < 1:
            raise ShapeError(f"input {self.inputs[0].name}: shape {shape} holds no image")
        return self._kept_session(join_devices(devices), batch).run(*arrays)

    def measure(
        self,
        devices: str | Sequence[str] = "cpu",
        *,
        batch: int = 1,
        min_runs: int = 10,
        min_seconds: float = 1.0,
        warmup_runs: int = 2,
        array: FloatArray | Mapping[str, FloatArray] | None = None,
        progress: Progress | None = None,
    ) -> Measurement:
        """Run again and again in a session of its own, timing each run.

        Parameters
        ----------
        devices, batch
            As for :meth:`plan`.
        min_runs, min_seconds, warmup_runs, progress
            As for :meth:`mcomp.Session.measure`.
        array
            The input; None: random numbers in [0, 1) of a fixed seed.

        Returns
        -------
        Measurement
            All samples in nanoseconds, their statistics, and energy where it can be read.

        Raises
        ------
        NotFound, Unsupported, OutOfMemory
            As for :meth:`session`.
        InvalidArgument, ShapeError
            A minimum is out of bounds, or the input does not fit; as for :meth:`run`.
        """
        with self.session(devices, batch=batch) as session:
            return session.measure(
                *(() if array is None else self._ordered(array)),
                min_runs=min_runs,
                min_seconds=min_seconds,
                warmup_runs=warmup_runs,
                progress=progress,
            )

    def _ordered(self, array: FloatArray | Mapping[str, FloatArray]) -> list[FloatArray]:
        """Put inputs given by name into the network's order."""
        if not isinstance(array, Mapping):
            return [array]
        names = [value.name for value in self.inputs]
        for name in array:
            if name not in names:
                raise NotFound(f"no input {name!r}; the network has: {', '.join(names)}")
        missing = [name for name in names if name not in array]
        if missing:
            raise InvalidArgument(f"input {missing[0]} is not given")
        return [array[name] for name in names]

    def _kept_session(self, devices: str, batch: int) -> Session:
        with self._sessions_lock:
            self._use()
            session = self._sessions.pop((devices, batch), None)
            if session is None:
                session = self.session(devices, batch=batch)
            self._sessions[devices, batch] = session
            while len(self._sessions) > _KEPT_SESSIONS:
                self._sessions.popitem(last=False)
            return session

    # How it looks

    def _caption(self) -> str:
        info = self._info()
        return (
            f"{printable(self.name) or 'network'}: {info.node_count} nodes, "
            f"{info.parameters:,} parameters, {info.macs:,} MACs, "
            f"{format_nbytes(info.stored_nbytes)} of weights"
        )

    def layers(self) -> LayerTable:
        """List the layers: shape, parameters, MACs, bytes moved, MACs a byte; exports to CSV."""
        return read_layer_table(self, self._caption())

    def drawing(self) -> Drawing:
        """Draw the network as SVG text, layers from the top down with their shapes and costs.

        A notebook shows the drawing itself.

        Raises
        ------
        LimitError
            The boxes, and the places of lines that pass by boxes, are more than 50,000.
        """
        from .drawing import draw

        return draw(self, self._caption())

    def __repr__(self) -> str:
        if self.closed:
            return "<mcomp.Model, closed>"
        made = f" ({format_nbytes(self.float_nbytes)} as float32) by {printable(self.recipe)}"
        return f"<mcomp.Model {self._caption()}{made if self.recipe else ''}>"

    def __str__(self) -> str:
        return f"{self._caption()}\n{self.layers()}"

    def _repr_html_(self) -> str:
        from .drawing import framed

        return framed(self, self._caption()) + self.layers()._repr_html_()
