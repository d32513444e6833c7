"""``mcomp models``: the study's networks."""

from __future__ import annotations

import argparse

from ... import models
from ..._errors import InvalidArgument, NotFound
from ...display import format_shape, text_table
from .. import files, options
from ..command import Command, Values

WEIGHTED = frozenset({"Conv", "Gemm", "MatMul"})


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="one network; default: all")
    parser.add_argument("-o", "--output", metavar="F.onnx", help="write network NAME")
    parser.add_argument(
        "--seed", type=int, default=0, help="of random weights (default 0); lenet5 brings trained"
    )
    parser.add_argument("--width", type=float, default=1.0, help="factor on channels (default 1.0)")
    options.add_machine(parser, device=False)


def run(arguments: argparse.Namespace) -> Values:
    """List the networks; write one."""
    names = models.names()
    if arguments.name is not None and arguments.name not in names:
        raise NotFound(f"no network {arguments.name!r}; known are: {', '.join(names)}")
    if arguments.output is not None:
        if arguments.name is None:
            raise InvalidArgument(f"--output {arguments.output!r} needs the NAME of a network")
        files.check_output(arguments.output, "output", ".onnx")
    context = options.context(arguments)
    listed: list[Values] = []
    values: Values = {"models": listed}
    for name in names if arguments.name is None else [arguments.name]:
        info = models.info(name)
        # Not simplified: a network is listed and written as its paper draws it.
        model = models.create(
            name, arguments.seed, arguments.width, simplify=False, context=context
        )
        listed.append(
            {
                "name": info.name,
                "family": info.family,
                "input": [1, *info.input[1:]],
                "classes": info.classes,
                "parameters": model.parameters,
                "macs": model.macs,
                "layers": sum(node.op in WEIGHTED for node in model.nodes),
                "year": info.year,
                "trained": info.trained,
                "source": info.source,
            }
        )
        if arguments.output is not None:
            values["output"] = arguments.output
            values["output_nbytes"] = model.write_onnx(arguments.output)
    return values


def show(values: Values) -> str:
    """Make a table of the networks."""
    head = ["name", "family", "year", "input", "classes", "layers", "parameters", "macs", "weights"]
    rows = [
        [
            entry["name"],
            entry["family"],
            str(entry["year"]),
            format_shape(entry["input"]),
            entry["classes"],
            entry["layers"],
            entry["parameters"],
            entry["macs"],
            "trained" if entry["trained"] else "random",
        ]
        for entry in values["models"]
    ]
    text = text_table(head, rows)
    if "output" in values:
        text += f"\n\nwrote {values['output']}: {values['output_nbytes']:,} bytes"
    return text


COMMAND = Command(
    name="models",
    summary="the study's networks; writes one with seeded weights",
    description="List the study's networks, or one of them; -o writes it as ONNX.",
    example="mcomp models lenet5 -o lenet5.onnx",
    configure=configure,
    run=run,
    show=show,
)
