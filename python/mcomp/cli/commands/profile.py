"""``mcomp profile``: time per node."""

from __future__ import annotations

import argparse
from typing import Any

from ...display import format_ns, text_table
from .. import files, options
from ..command import Command, Values


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    options.add_model(parser)
    parser.add_argument("--batch", type=int, default=1, help="images a run (default 1)")
    parser.add_argument("--runs", type=int, default=10, help="runs (default 10)")
    parser.add_argument(
        "--trace", metavar="T.json", help="write the last run as a Chrome trace (chrome://tracing)"
    )
    options.add_machine(parser)


def run(arguments: argparse.Namespace) -> Values:
    """Profile a network on random input."""
    if arguments.trace is not None:
        files.check_output(arguments.trace, "trace")
    model = options.open_model(arguments.model, arguments, options.context(arguments))
    session = model.session(arguments.device, batch=arguments.batch)
    session.profile(1)  # the first run warms the caches and does not count
    found = session.profile(arguments.runs)
    nodes = [
        {
            "name": item.step.node,
            "op": item.step.op,
            "device": item.step.device,
            "kernel": item.step.kernel,
            "arithmetic": item.step.arithmetic,
            "encoding": item.step.encoding,
            "decoding": item.step.decoding,
            "layout": item.step.layout,
            "median_ns": item.median_ns,
            "macs": item.step.macs,
            "gflops": item.gflops,
            "why": item.step.why,
        }
        for item in found
    ]
    if arguments.trace is not None:
        starts = [item.start_ns for item in found]
        durations = [int(item.samples[-1]) for item in found]
        files.write_json(arguments.trace, trace(model.name, nodes, starts, durations))
    return {
        "model": arguments.model,
        "runs": arguments.runs,
        "total_ns": found.total_ns,
        "nodes": nodes,
        "trace": arguments.trace,
    }


def trace(
    name: str, nodes: list[dict[str, Any]], starts_ns: list[int], durations_ns: list[int]
) -> dict[str, Any]:
    """Make a trace in Chrome's format of one run, a row a device."""
    devices = list(dict.fromkeys(node["device"] for node in nodes))
    events: list[dict[str, Any]] = [
        {"name": "process_name", "ph": "M", "pid": 0, "args": {"name": name or "network"}}
    ]
    for row, device in enumerate(devices):
        events.append(
            {"name": "thread_name", "ph": "M", "pid": 0, "tid": row, "args": {"name": device}}
        )
    details = ("op", "kernel", "arithmetic", "encoding", "layout", "macs", "why")
    for node, start, duration in zip(nodes, starts_ns, durations_ns, strict=True):
        events.append(
            {
                "name": node["name"],
                "cat": node["op"],
                "ph": "X",
                "ts": start / 1000,
                "dur": duration / 1000,
                "pid": 0,
                "tid": devices.index(node["device"]),
                "args": {key: node[key] for key in details},
            }
        )
    return {"traceEvents": events, "displayTimeUnit": "ns"}


def show(values: Values) -> str:
    """Make a table of the nodes."""
    head = ["node", "op", "device", "kernel", "encoding", "layout", "time", "%", "GFLOP/s"]
    total = max(1, values["total_ns"])
    rows = [
        [
            node["name"],
            node["op"],
            node["device"],
            node["kernel"],
            node["encoding"],
            node["layout"],
            format_ns(node["median_ns"]),
            round(100 * node["median_ns"] / total, 1),
            round(node["gflops"], 2),
        ]
        for node in values["nodes"]
    ]
    text = f"{text_table(head, rows)}\n\nall nodes: {format_ns(values['total_ns'])}"
    return text if values["trace"] is None else f"{text}\nwrote {values['trace']}"


COMMAND = Command(
    name="profile",
    summary="time per node",
    description=(
        "Time every node of a network on random input: the median over the runs, billions of\n"
        "floating-point operations a second (two a multiply-accumulate), and with --json why this\n"
        "kernel was chosen."
    ),
    example="mcomp profile lenet5 --trace trace.json",
    configure=configure,
    run=run,
    show=show,
)
