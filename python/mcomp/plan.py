"""Plans: which device runs each node with which kernel, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ._arguments import texts
from ._errors import check
from ._handles import Handle, c_text, integer, new_info, py_text
from ._native import ffi, lib
from .display import format_nbytes, format_ns, html_table, printable, text_table

if TYPE_CHECKING:
    from ._native import CData
    from .model import Model
    from .session import Session


@dataclass(frozen=True)
class Step:
    """One node, placed.

    Attributes
    ----------
    node, op : str
    device : str
        Id of the device.
    kernel : str
        Symbol of the kernel.
    arithmetic : str
        ``f32`` or ``int8``: a property of the node, never changed by planning.
    encoding : str
        Of the node's weight, '' where it has none.
    decoding : str
        How the kernel gets at it: ``none``, ``at load``.
    layout : str
        Layout in which it writes.
    why : str
        The reason of the choice.
    predicted_ns : float
        By an uncalibrated cost model, see :attr:`Plan.predicted_ns`.
    transfer_nbytes : int
        Bytes moved between devices before the step.
    macs : int
        Multiply-accumulates of the whole batch.
    """

    node: str
    op: str
    device: str
    kernel: str
    arithmetic: str
    encoding: str
    decoding: str
    layout: str
    why: str
    predicted_ns: float
    transfer_nbytes: int
    macs: int


class Plan(Handle):
    """For each node, which device runs it with which kernel, layout and decoding, and why.

    Made by :meth:`mcomp.Model.plan`. May be shared between threads.
    """

    _kind = "plan"

    def __init__(
        self,
        model: Model,
        devices: str | Sequence[str],
        batch: int,
        objective: str,
        memory_limit: int,
    ) -> None:
        self._model = model
        self.devices: str = join_devices(devices)
        options = ffi.new("mcomp_plan_options *")
        lib.mcomp_plan_options_init(options)
        options.batch = integer("batch", batch, 1, 65536)
        options.memory_limit = integer("memory_limit", memory_limit, 0, 2**64 - 1)
        ids = ffi.new("char[]", c_text("devices", self.devices))
        goal = ffi.new("char[]", c_text("objective", objective))
        options.devices, options.objective = ids, goal
        out = ffi.new("mcomp_plan **")
        check(lib.mcomp_plan_create(model._use(), options, out))
        self._own(out[0], lib.mcomp_plan_destroy)

    @cached_property
    def _info(self) -> CData:
        info = new_info("mcomp_plan_info")
        check(lib.mcomp_plan_get_info(self._use(), info))
        return info

    @property
    def model(self) -> Model:
        """The network that is planned."""
        return self._model

    @property
    def batch(self) -> int:
        """Images in a run."""
        return int(self._info.batch)

    @property
    def predicted_ns(self) -> float:
        """Predicted time of a run, the sum over all steps.

        It comes from a cost model that no measurement calibrates: good for ranking choices, while
        real times may be many times higher. :meth:`mcomp.Model.measure` measures them.
        """
        return float(self._info.predicted_ns)

    @property
    def activations_nbytes(self) -> int:
        """Planned memory for activations, reuse counted."""
        return int(self._info.activations_nbytes)

    @property
    def live_peak_nbytes(self) -> int:
        """Largest set of activations alive at once: the least memory possible."""
        return int(self._info.live_peak_nbytes)

    @property
    def workspace_nbytes(self) -> int:
        """Scratch memory shared by all steps."""
        return int(self._info.workspace_nbytes)

    @property
    def weights_nbytes(self) -> int:
        """Packed weights that a session will hold."""
        return int(self._info.weights_nbytes)

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The nodes in the order in which they run."""
        plan = self._use()
        info = new_info("mcomp_step_info")
        found: list[Step] = []
        while check(lib.mcomp_plan_get_step(plan, len(found), info)) == lib.MCOMP_OK:
            found.append(
                Step(
                    node=py_text(info.node),
                    op=py_text(info.op),
                    device=py_text(info.device),
                    kernel=py_text(info.kernel),
                    arithmetic=py_text(info.arithmetic),
                    encoding=py_text(info.encoding),
                    decoding=py_text(info.decoding),
                    layout=py_text(info.layout),
                    why=py_text(info.why),
                    predicted_ns=float(info.predicted_ns),
                    transfer_nbytes=int(info.transfer_nbytes),
                    macs=int(info.macs),
                )
            )
        return tuple(found)

    def session(self) -> Session:
        """Pack the weights and reserve all memory."""
        from .session import Session

        return Session(self)

    def _caption(self) -> str:
        memory = self.activations_nbytes + self.workspace_nbytes + self.weights_nbytes
        return (
            f"plan of {printable(self._model.name) or 'a network'}, batch {self.batch}: "
            f"{len(self.steps)} steps, {format_ns(self.predicted_ns)} predicted (uncalibrated), "
            f"{format_nbytes(memory)}"
        )

    def _table(self) -> tuple[list[str], list[list[str | int | float | None]]]:
        headers = [
            "node",
            "op",
            "device",
            "kernel",
            "encoding",
            "decoding",
            "layout",
            "macs",
            "predicted",
            "why",
        ]
        return headers, [
            [
                step.node,
                step.op,
                step.device,
                step.kernel,
                step.encoding,
                step.decoding,
                step.layout,
                step.macs,
                format_ns(step.predicted_ns),
                step.why,
            ]
            for step in self.steps
        ]

    def __repr__(self) -> str:
        return "<mcomp.Plan, closed>" if self.closed else f"<mcomp.Plan: {self._caption()}>"

    def __str__(self) -> str:
        return f"{self._caption()}\n{text_table(*self._table())}"

    def _repr_html_(self) -> str:
        return html_table(self._caption(), *self._table())


def join_devices(devices: str | Sequence[str]) -> str:
    """Write devices, by priority, with commas."""
    if isinstance(devices, str):
        return devices
    return ",".join(texts("devices", devices))
