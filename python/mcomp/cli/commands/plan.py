"""``mcomp plan``: where and how each node would run."""

from __future__ import annotations

import argparse

from ...display import format_nbytes, format_ns, text_table
from .. import options, output
from ..command import Command, Values

OBJECTIVES = ("latency", "throughput", "energy", "memory")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    options.add_model(parser)
    parser.add_argument("--batch", type=int, default=1, help="images a run (default 1)")
    parser.add_argument(
        "--objective", choices=OBJECTIVES, default="latency", help="what to be good at (latency)"
    )
    parser.add_argument(
        "--memory-limit",
        type=int,
        default=0,
        metavar="B",
        help="bytes of weights and activations at most (default 0: no limit)",
    )
    options.add_machine(parser)


def run(arguments: argparse.Namespace) -> Values:
    """Plan a network."""
    model = options.open_model(arguments.model, arguments, options.context(arguments))
    plan = model.plan(
        arguments.device,
        batch=arguments.batch,
        objective=arguments.objective,
        memory_limit=arguments.memory_limit,
    )
    return {
        "model": arguments.model,
        "objective": arguments.objective,
        "batch": plan.batch,
        "predicted_ns": plan.predicted_ns,
        "weights_nbytes": plan.weights_nbytes,
        "activations_nbytes": plan.activations_nbytes,
        "workspace_nbytes": plan.workspace_nbytes,
        "live_peak_nbytes": plan.live_peak_nbytes,
        "steps": [
            {
                "node": step.node,
                "op": step.op,
                "device": step.device,
                "split": None,  # a node runs on one device
                "kernel": step.kernel,
                "arithmetic": step.arithmetic,
                "encoding": step.encoding,
                "decoding": step.decoding,
                "layout": step.layout,
                "predicted_ns": step.predicted_ns,
                "transfer_nbytes": step.transfer_nbytes,
                "macs": step.macs,
                "why": step.why,
            }
            for step in plan.steps
        ],
    }


def show(values: Values) -> str:
    """Make a table of the steps, and the memory."""
    head = ["node", "op", "device", "kernel", "encoding", "decoding", "layout", "macs"]
    rows = [
        [*(step[key] for key in head), format_ns(step["predicted_ns"]), step["why"]]
        for step in values["steps"]
    ]
    memory = output.facts(
        [
            (
                "predicted",
                f"{format_ns(values['predicted_ns'])} (by an uncalibrated cost model, to rank "
                "choices; 'mcomp bench' measures)",
            ),
            ("weights", format_nbytes(values["weights_nbytes"])),
            ("activations", format_nbytes(values["activations_nbytes"])),
            ("workspace", format_nbytes(values["workspace_nbytes"])),
        ]
    )
    return f"{text_table([*head, 'predicted', 'why'], rows)}\n\n{memory}"


COMMAND = Command(
    name="plan",
    summary="the plan and why",
    description=(
        "Show which device would run each node with which kernel, layout and decoding, and why.\n"
        "Nothing is run: predicted times come from a cost model that no measurement calibrates.\n"
        "They rank choices; real times may be many times higher: 'mcomp bench', 'mcomp profile'."
    ),
    example="mcomp plan lenet5 -d cpu,ref --objective latency",
    configure=configure,
    run=run,
    show=show,
)
